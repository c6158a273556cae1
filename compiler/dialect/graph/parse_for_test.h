// Parses graph IR in tests.
#pragma once

#include <string>

#include "compiler/dialect/graph/graph_dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

namespace mlc::graph {

// A module with one function @main, and what was wrong with it if it could not be parsed or
// verified.
class ParsedModule {
 public:
  // `arguments`: "%x: tensor<4xf32>, ..."; `body`: ops without a terminator.
  ParsedModule(const std::string& arguments, const std::string& body) {
    context_.loadDialect<GraphDialect, mlir::func::FuncDialect>();
    mlir::ScopedDiagnosticHandler handler(&context_, [&](mlir::Diagnostic& diagnostic) {
      error_ += diagnostic.str() + "\n";
      return mlir::success();
    });
    module_ = mlir::parseSourceString<mlir::ModuleOp>(
        "func.func @main(" + arguments + ") {\n" + body + "\nreturn }", &context_);
  }

  bool ok() const { return static_cast<bool>(module_); }
  const std::string& error() const { return error_; }
  mlir::ModuleOp module() { return *module_; }

  // The last op of the function before the return.
  mlir::Operation* last() {
    mlir::Block& block = mlir::cast<mlir::func::FuncOp>(*module_->begin()).front();
    return &*std::prev(block.end(), 2);
  }

 private:
  mlir::MLIRContext context_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
  std::string error_;
};

}  // namespace mlc::graph
