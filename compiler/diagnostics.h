// Collects MLIR's diagnostics, so that a failed pass becomes a Status in the model's terms.
#pragma once

#include <mutex>
#include <string>

#include "mlir/IR/Diagnostics.h"
#include "runtime/base/status.h"

namespace mlc {

// While it lives, errors of the context are kept instead of printed. The location of an op is its
// node's name.
class DiagnosticCollector {
 public:
  explicit DiagnosticCollector(mlir::MLIRContext* context);

  // The collected messages, or `otherwise` if there are none.
  Status status(StatusCode code, const std::string& otherwise) const;

 private:
  mutable std::mutex mutex_;
  std::string messages_;
  mlir::ScopedDiagnosticHandler handler_;
};

}  // namespace mlc
