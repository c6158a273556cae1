#include "compiler/conversion/graph_to_kernels/form_kernels.h"

#include <string>

#include "compiler/conversion/graph_to_kernels/group_ops.h"
#include "compiler/conversion/graph_to_kernels/packed_weights.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace mlc::conversion {
namespace {

using mlir::Operation;
using mlir::Value;
using mlir::func::FuncOp;

// The kernel functions of a module, one per distinct text.
class KernelLibrary {
 public:
  explicit KernelLibrary(mlir::ModuleOp module) : module_(module) {}

  // The function with this body, which was built under the name "kernel"; adds it to the module if
  // it is new.
  FuncOp intern(FuncOp kernel, llvm::StringRef root) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    kernel->print(stream, mlir::OpPrintingFlags().useLocalScope().enableDebugInfo(false));
    auto [it, inserted] = byText_.try_emplace(text);
    if (inserted) {
      const uint64_t hash = llvm::xxh3_64bits(text);
      kernel.setName((root + "_" + llvm::utohexstr(hash, /*LowerCase=*/true)).str());
      module_.push_back(kernel);
      it->second = kernel;
    } else {
      kernel->destroy();
    }
    return it->second;
  }

 private:
  mlir::ModuleOp module_;
  llvm::StringMap<FuncOp> byText_;
};

// What leaves a group: the results of its last op, and others that are used outside of it.
llvm::SmallVector<Value> resultsOf(const KernelGroup& group) {
  llvm::SmallVector<Value> results;
  for (Operation* op : group.ops) {
    for (Value result : op->getResults()) {
      const bool leaves = llvm::any_of(
          result.getUsers(), [&](Operation* user) { return !llvm::is_contained(group.ops, user); });
      if (op == group.ops.back() || leaves) results.push_back(result);
    }
  }
  return results;
}

// Outlines one group: a kernel function and a call of it in place of the ops.
void outline(const KernelGroup& group, KernelLibrary& library, const PackedWeights& packed) {
  Operation* last = group.ops.back();
  mlir::MLIRContext* context = last->getContext();

  llvm::SetVector<Value> operands;
  llvm::SetVector<Operation*> leaves;
  for (Operation* op : group.ops) {
    for (Value operand : op->getOperands()) {
      Operation* producer = operand.getDefiningOp();
      if (producer && llvm::is_contained(group.ops, producer)) continue;
      if (producer && producer->hasTrait<graph::ClonedLeaf>()) {
        leaves.insert(producer);
      } else {
        operands.insert(operand);
      }
    }
  }

  mlir::OpBuilder builder(context);
  llvm::SmallVector<mlir::Type> inputTypes;
  for (Value operand : operands) inputTypes.push_back(operand.getType());
  llvm::SmallVector<Value> results = resultsOf(group);
  auto type = builder.getFunctionType(inputTypes, mlir::ValueRange(results).getTypes());
  FuncOp kernel = FuncOp::create(builder.getUnknownLoc(), "kernel", type);
  kernel.setPrivate();
  attr::setKernel(kernel);
  mlir::Block* body = kernel.addEntryBlock();
  builder.setInsertionPointToStart(body);
  mlir::IRMapping mapping;
  for (auto [i, operand] : llvm::enumerate(operands)) {
    mapping.map(operand, body->getArgument(i));
    if (const attr::PanelsAttr panels = packed.layoutOf(operand))
      attr::setPanels(kernel, i, panels);
  }
  for (Operation* leaf : leaves) builder.clone(*leaf, mapping);
  for (Operation* op : group.ops) builder.clone(*op, mapping);
  llvm::SmallVector<Value> returned;
  for (Value result : results) returned.push_back(mapping.lookup(result));
  mlir::func::ReturnOp::create(builder, last->getLoc(), returned);

  Operation* root = group.root ? group.root : last;
  FuncOp function = library.intern(kernel, root->getName().stripDialect());
  builder.setInsertionPoint(last);
  auto call = mlir::func::CallOp::create(builder, last->getLoc(), function, operands.getArrayRef());
  for (auto [result, made] : llvm::zip(results, call->getResults()))
    result.replaceAllUsesWith(made);
  for (Operation* op : llvm::reverse(group.ops)) op->erase();
}

// Host ops that use a constant or size get it from a kernel that writes it to a buffer.
void outlineHostLeaves(mlir::Block& block, KernelLibrary& library, const PackedWeights& packed) {
  llvm::SmallVector<Operation*> leaves;
  for (Operation& op : block) {
    if (op.hasTrait<graph::ClonedLeaf>()) leaves.push_back(&op);
  }
  for (Operation* leaf : leaves) {
    if (leaf->use_empty()) {
      leaf->erase();
    } else {
      outline({{leaf}, leaf}, library, packed);
    }
  }
}

void formKernelsInBlock(mlir::Block& block, KernelLibrary& library, const PackedWeights& packed) {
  for (Operation& op : block) {
    for (mlir::Region& region : op.getRegions()) {
      for (mlir::Block& nested : region) formKernelsInBlock(nested, library, packed);
    }
  }
  auto isStorage = [&](graph::DequantizeOp op) {
    return packed.layoutOf(op.getInput()) != nullptr;
  };
  for (const KernelGroup& group : groupOps(block, isStorage)) {
    outline(group, library, packed);
  }
  outlineHostLeaves(block, library, packed);
}

struct FormKernels : mlir::PassWrapper<FormKernels, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FormKernels)

  explicit FormKernels(KernelPolicy policy) : policy(std::move(policy)) {}

  llvm::StringRef getArgument() const override { return "form-kernels"; }
  llvm::StringRef getDescription() const override {
    return "Fuse graph ops into kernels and outline each as a private function";
  }
  void getDependentDialects(mlir::DialectRegistry& registry) const override {
    registry.insert<attr::MlcDialect>();
  }

  void runOnOperation() override {
    mlir::ModuleOp module = getOperation();
    PackedWeights packed(module, policy);
    KernelLibrary library(module);
    llvm::SmallVector<FuncOp> functions(module.getOps<FuncOp>());
    for (FuncOp function : functions) {
      for (mlir::Block& block : function.getBody()) formKernelsInBlock(block, library, packed);
    }
    packed.annotate();
  }

  KernelPolicy policy;
};

}  // namespace

std::unique_ptr<mlir::Pass> createFormKernelsPass(KernelPolicy policy) {
  return std::make_unique<FormKernels>(std::move(policy));
}

}  // namespace mlc::conversion
