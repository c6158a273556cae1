#include "compiler/target/kernel_report.h"

#include <algorithm>
#include <set>

#include "compiler/dialect/graph/factors.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "compiler/dialect/mlc/mlc_dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlc::target {
namespace {

using mlir::func::CallOp;
using mlir::func::FuncOp;

class Reporter {
 public:
  Reporter(mlir::ModuleOp program, const SymbolValues& sizes) : program_(program), sizes_(sizes) {}

  std::vector<KernelReport> run(const llvm::StringMap<KernelLowering>& lowerings) {
    countCalls(program_.lookupSymbol<FuncOp>("main"));
    std::vector<KernelReport> reports;
    for (FuncOp function : program_.getOps<FuncOp>()) {
      if (!attr::isKernel(function)) continue;
      const KernelLowering lowering = lowerings.lookup(function.getName());
      KernelReport report;
      report.kernel = function.getName().str();
      report.lowering = lowering.name;
      report.reason = lowering.reason;
      report.calls = calls_.lookup(function.getName());
      addWork(function, report);
      const std::string unpacked = unpackedWeights_.lookup(function.getName());
      if (report.reason.empty()) report.reason = unpacked;
      reports.push_back(std::move(report));
    }
    return reports;
  }

 private:
  void countCalls(FuncOp function) {
    function.walk([&](CallOp call) {
      auto callee = program_.lookupSymbol<FuncOp>(call.getCallee());
      if (attr::isKernel(callee)) {
        ++calls_[call.getCallee()];
        noteUnpacked(call, callee);
      } else {
        countCalls(callee);
      }
    });
  }

  // A weight that is no argument of the contraction in its layout is packed in every call.
  void noteUnpacked(CallOp call, FuncOp kernel) {
    for (auto [i, operand] : llvm::enumerate(call.getOperands())) {
      const llvm::StringRef reason = attr::unpackedReasonOf(operand);
      if (reason.empty()) continue;
      const bool isFactor = llvm::any_of(kernel.getArgument(i).getUses(), [](mlir::OpOperand& use) {
        return mlir::isa<graph::ContractOp>(use.getOwner()) && use.getOperandNumber() == 1;
      });
      if (isFactor)
        unpackedWeights_[kernel.getName()] = "packs a weight in every call: " + reason.str();
    }
  }

  void addWork(FuncOp kernel, KernelReport& report) const {
    double most = -1;
    kernel.walk([&](graph::Work op) {
      const double operations = value(op.getWork().operations);
      report.operations += operations;
      if (operations <= most) return;
      most = operations;
      // Channels are blocked after the plan.
      const bool isBlocked = mlir::isa<graph::BlockedConvOp>(op.getOperation());
      report.kind =
          isBlocked ? graph::ConvOp::getOperationName().str() : op->getName().getStringRef().str();
    });
    for (mlir::BlockArgument argument : kernel.getArguments()) report.bytes += bytesRead(argument);
    for (mlir::Type type : kernel.getResultTypes()) report.bytes += bytes(type);
  }

  double bytesRead(mlir::BlockArgument argument) const {
    double read = 0;
    for (mlir::OpOperand& use : argument.getUses()) {
      mlir::Operation* user = use.getOwner();
      const bool takesPart = user->hasTrait<graph::TakesPart>() && use.getOperandNumber() == 0;
      read += bytes((takesPart ? user->getResult(0) : use.get()).getType());
    }
    return std::min(read, bytes(argument.getType()));
  }

  double bytes(mlir::Type type) const {
    return value(graph::bytesOf(graph::shapeOf(type), graph::dtypeOf(type)));
  }

  double value(const DimExpr& expression) const {
    std::set<std::string> symbols;
    expression.collectSymbols(symbols);
    SymbolValues sizes = sizes_;
    for (const std::string& symbol : symbols) sizes.try_emplace(symbol, 1);
    const StatusOr<int64_t> result = expression.evaluate(sizes);
    return result.ok() ? static_cast<double>(*result) : 0;
  }

  mlir::ModuleOp program_;
  const SymbolValues& sizes_;
  llvm::StringMap<int64_t> calls_;
  llvm::StringMap<std::string> unpackedWeights_;
};

}  // namespace

std::vector<KernelReport> reportKernels(mlir::ModuleOp program,
                                        const llvm::StringMap<KernelLowering>& lowerings,
                                        const SymbolValues& sizes) {
  return Reporter(program, sizes).run(lowerings);
}

}  // namespace mlc::target
