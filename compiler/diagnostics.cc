#include "compiler/diagnostics.h"

#include "compiler/dialect/graph/node_name.h"
#include "llvm/Support/raw_ostream.h"

namespace mlc {
DiagnosticCollector::DiagnosticCollector(mlir::MLIRContext* context)
    : handler_(context, [this](mlir::Diagnostic& diagnostic) {
        if (diagnostic.getSeverity() != mlir::DiagnosticSeverity::Error) return mlir::success();
        std::string text;
        llvm::raw_string_ostream stream(text);
        const std::string node = graph::nodeNameOf(diagnostic.getLocation());
        if (!node.empty()) stream << "node '" << node << "': ";
        stream << diagnostic;
        std::lock_guard lock(mutex_);
        if (!messages_.empty()) messages_ += "\n";
        messages_ += text;
        return mlir::success();
      }) {}

Status DiagnosticCollector::status(StatusCode code, const std::string& otherwise) const {
  std::lock_guard lock(mutex_);
  if (messages_.empty()) return Status(code, otherwise);
  return Status(code, otherwise.empty() ? messages_ : otherwise + ":\n" + messages_);
}

}  // namespace mlc
