// Reads the kernels of a test file and makes inputs for them.
#pragma once

#include <cmath>
#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "compiler/dialect/graph/evaluate/elements.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "compiler/target/cpu/lower_kernel.h"
#include "compiler/target/gpu/lower_device_kernels.h"
#include "mlir/Parser/Parser.h"
#include "runtime/base/host_tensor.h"

namespace mlc::gpu {

// The functions of a file under the repository's root; diagnostics are kept as text.
class KernelFile {
 public:
  explicit KernelFile(const std::string& path)
      : context_(registry()), handler_(&context_, [this](mlir::Diagnostic& diagnostic) {
          messages += diagnostic.str() + "\n";
          return mlir::success();
        }) {
    context_.loadAllAvailableDialects();
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    parse(text.str());
  }

  // Replaces the functions by those of a text.
  void parse(const std::string& text) {
    module_ = mlir::parseSourceString<mlir::ModuleOp>(text, &context_);
    kernels.clear();
    if (!module_) return;
    for (auto function : module_->getOps<mlir::func::FuncOp>()) kernels.push_back(function);
  }

  std::vector<mlir::func::FuncOp> kernels;
  std::string messages;

 private:
  static mlir::DialectRegistry registry() {
    mlir::DialectRegistry registry;
    cpu::registerLoweringDialects(registry);
    registerLoweringDialects(registry);
    registry.insert<graph::GraphDialect>();
    return registry;
  }

  mlir::MLIRContext context_;
  mlir::ScopedDiagnosticHandler handler_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
};

inline std::vector<int64_t> shapeUnder(mlir::Type type, SymbolValues& symbols) {
  std::vector<int64_t> shape;
  for (const DimExpr& dim : graph::shapeOf(type)) {
    std::set<std::string> names;
    dim.collectSymbols(names);
    // Every symbol its own small number.
    for (const std::string& name : names) {
      symbols.try_emplace(name, static_cast<int64_t>(symbols.size()) * 4 + 3);
    }
    shape.push_back(*dim.evaluate(symbols));
  }
  return shape;
}

// Where functions have edges.
inline constexpr double kSpecial[] = {
    0.0,   -0.0,   1e-310, 5e-324, 1e-5, -0.0999, 0.1001, 6.5,      -5.9,      709.7,
    710.5, -745.1, -745.3, -708.5, 30,   1e4,     -99.25, HUGE_VAL, -HUGE_VAL, __builtin_nan("")};

// Numbers between -2 and 2, integers between -3 and 3; in double precision kSpecial first.
inline HostTensor randomTensor(mlir::Type type, SymbolValues& symbols, std::mt19937& random) {
  HostTensor tensor = HostTensor::zeros(graph::dtypeOf(type), shapeUnder(type, symbols));
  std::uniform_real_distribution<double> real(-2, 2);
  for (int64_t i = 0; i < tensor.numElements(); ++i) {
    if (isFloat(tensor.dtype())) {
      const bool special =
          tensor.dtype() == DType::kF64 && i < static_cast<int64_t>(std::size(kSpecial));
      storeFloat(tensor, i, special ? kSpecial[i] : real(random));
    } else {
      storeInteger(tensor, i, static_cast<int64_t>(random() % 7) - 3);
    }
  }
  return tensor;
}

}  // namespace mlc::gpu
