#include "compiler/conversion/plan_memory/print_memory_plan.h"

#include "compiler/conversion/plan_memory/plan_memory.h"
#include "compiler/dialect/mlc/mlc_dialect.h"

namespace mlc::conversion {
namespace {

using mlir::func::FuncOp;

struct PrintMemoryPlan : mlir::PassWrapper<PrintMemoryPlan, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PrintMemoryPlan)

  explicit PrintMemoryPlan(llvm::raw_ostream& out) : out(out) {}

  llvm::StringRef getArgument() const override { return "print-memory-plan"; }
  llvm::StringRef getDescription() const override {
    return "Print where the tensors of host functions are";
  }

  void runOnOperation() override {
    for (FuncOp function : getOperation().getOps<FuncOp>()) {
      if (!attr::isKernel(function) && !function.isExternal()) print(function);
    }
    markAllAnalysesPreserved();
  }

  void print(FuncOp function) {
    const FramePlan plan = planMemory(function, [](mlir::Operation*) { return DimExpr(0); });
    out << "@" << function.getName() << ": " << plan.bytes.str() << " bytes\n";
    function.walk<mlir::WalkOrder::PreOrder>([&](mlir::Operation* op) {
      for (mlir::Value result : op->getResults()) {
        const auto place = plan.places.find(storageOf(result));
        if (place == plan.places.end()) continue;
        out << "  " << op->getName().getStringRef();
        if (auto call = mlir::dyn_cast<mlir::func::CallOp>(op)) out << " @" << call.getCallee();
        out << ": " << text(place->second) << "\n";
      }
    });
  }

  static std::string text(const Place& place) {
    switch (place.kind) {
      case Place::Kind::kArgument:
        return "argument " + std::to_string(place.index);
      case Place::Kind::kResult:
        return "result " + std::to_string(place.index);
      case Place::Kind::kArena:
        return "arena at " + place.offset.str();
      case Place::Kind::kSegment:
        return "segment " + std::to_string(place.segment) + " at " + place.offset.str();
      case Place::Kind::kOwn:
        return "own segment " + std::to_string(place.index);
      case Place::Kind::kState:
        return "state " + std::to_string(place.index);
    }
    llvm_unreachable("all kinds are handled");
  }

  llvm::raw_ostream& out;
};

}  // namespace

std::unique_ptr<mlir::Pass> createPrintMemoryPlanPass(llvm::raw_ostream& out) {
  return std::make_unique<PrintMemoryPlan>(out);
}

}  // namespace mlc::conversion
