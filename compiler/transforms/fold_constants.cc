#include "compiler/transforms/fold_constants.h"

#include <algorithm>

#include "compiler/dialect/graph/dense_elements.h"
#include "compiler/dialect/graph/evaluate/evaluator.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "runtime/base/element.h"

namespace mlc::transforms {
namespace {

using mlir::Operation;
using mlir::Value;

constexpr size_t kConstantBytes = 1024;
constexpr int64_t kBroadcastGrowth = 4;
// What the pass may make in all, and read for one op: ops on more weights are left to be computed
// at run time, from weights that stay in their files.
constexpr int64_t kFoldedBytes = int64_t{1} << 30;

bool isParameter(Value value) {
  Operation* op = value.getDefiningOp();
  return op && op->hasTrait<graph::Parameter>();
}

// The bytes of the one element that fills a tensor; empty if it has several values.
std::string fillOf(const HostTensor& tensor) {
  if (tensor.numElements() == 0) return {};
  const HostTensor whole = filledTensor(tensor.dtype(), tensor.shape(), tensor);
  for (int64_t i = 0; i < tensor.numElements(); ++i) {
    if (!sameElement(tensor, i, tensor, 0)) return {};
  }
  return std::string(whole.data<char>(), static_cast<size_t>(dtypeBytes(tensor.dtype(), 1)));
}

struct FoldConstants : mlir::PassWrapper<FoldConstants, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FoldConstants)

  explicit FoldConstants(graph::WeightTable* weights) : weights(weights) {}

  llvm::StringRef getArgument() const override { return "fold-constants"; }
  llvm::StringRef getDescription() const override {
    return "Evaluate ops on constants and weights";
  }

  void runOnOperation() override {
    llvm::SmallVector<Operation*> candidates;
    getOperation().walk([&](Operation* op) {
      if (mlir::isa<graph::ReferenceEvaluation>(op) && op->getNumRegions() == 0 &&
          op->getNumOperands() > 0 && op->getNumResults() == 1) {
        candidates.push_back(op);
      }
    });
    int64_t folded = 0;
    for (Operation* op : candidates) {
      if (!llvm::all_of(op->getOperands(), isParameter) || !hasStaticShape(op) ||
          isReference(graph::dtypeOf(op->getResult(0).getType())) || growsTooMuch(op)) {
        continue;
      }
      if (moveFill(op)) continue;
      const int64_t bytes = bytesOf(op->getResult(0));
      if (readsTooMuch(op)) continue;
      if (bytes > static_cast<int64_t>(kConstantBytes)) {
        if (bytes > kFoldedBytes - folded) continue;
        folded += bytes;
      }
      if (mlir::failed(fold(op))) return signalPassFailure();
    }
  }

  static bool hasStaticShape(Operation* op) {
    return mlir::cast<mlir::RankedTensorType>(op->getResult(0).getType()).hasStaticShape();
  }

  static int64_t bytesOf(Value value) {
    auto type = mlir::cast<mlir::RankedTensorType>(value.getType());
    return dtypeBytes(graph::dtypeOf(type), type.getNumElements());
  }

  static bool readsTooMuch(Operation* op) {
    int64_t left = kFoldedBytes;
    for (Value operand : op->getOperands()) {
      if (bytesOf(operand) > left) return true;
      left -= bytesOf(operand);
    }
    return false;
  }

  bool growsTooMuch(Operation* op) const {
    if (mlir::isa<graph::DequantizeOp>(op))
      return bytesOf(op->getResult(0)) >
             std::max(bytesOf(op->getOperand(0)), static_cast<int64_t>(kConstantBytes));
    if (bytesOf(op->getResult(0)) <= static_cast<int64_t>(kConstantBytes)) return false;
    int64_t operands = 0;
    bool fills = true;
    for (Value operand : op->getOperands()) {
      operands += bytesOf(operand);
      fills &= isFill(operand);
    }
    return !fills && bytesOf(op->getResult(0)) > kBroadcastGrowth * operands;
  }

  bool isFill(Value value) const {
    if (auto constant = value.getDefiningOp<graph::ConstantOp>()) {
      return mlir::cast<mlir::DenseElementsAttr>(constant.getValue()).isSplat();
    }
    const graph::Weight* weight = find(value);
    return weight && weight->kind == graph::Weight::Kind::kFill;
  }

  const graph::Weight* find(Value value) const {
    auto op = value.getDefiningOp<graph::WeightOp>();
    return op ? weights->find(op.getName().str()) : nullptr;
  }

  // A fill under another shape.
  bool moveFill(Operation* op) {
    const bool isMoved = op->hasTrait<graph::Movement>() || op->hasTrait<graph::View>();
    if (!isMoved || op->getNumOperands() != 1) return false;
    const graph::Weight* input = find(op->getOperand(0));
    if (!input || input->kind != graph::Weight::Kind::kFill) return false;
    graph::Weight moved = *input;
    auto type = mlir::cast<mlir::RankedTensorType>(op->getResult(0).getType());
    moved.shape = type.getShape().vec();
    replaceByWeight(op, std::move(moved));
    return true;
  }

  llvm::LogicalResult fold(Operation* op) {
    graph::EvaluationContext context;
    context.weights = weights;
    llvm::SmallVector<HostTensor> operands;
    for (Value operand : op->getOperands()) {
      auto made = graph::evaluateOp(operand.getDefiningOp(), {}, context);
      if (mlir::failed(made)) return mlir::failure();
      operands.push_back((*made)[0]);
    }
    auto results = graph::evaluateOp(op, operands, context);
    if (mlir::failed(results)) return mlir::failure();
    const HostTensor& result = (*results)[0];
    // What is made of parameters stays one, however small: repeated blocks then differ in names
    // only.
    const bool parameter = result.rank() > 0 && llvm::any_of(op->getOperands(), [](Value operand) {
                             return mlir::isa<graph::WeightOp>(operand.getDefiningOp());
                           });
    if (result.bytes() <= kConstantBytes && !parameter) {
      replaceByConstant(op, result);
      return mlir::success();
    }
    graph::Weight weight;
    weight.dtype = result.dtype();
    weight.shape = result.shape();
    weight.fill = fillOf(result);
    if (!weight.fill.empty()) {
      weight.kind = graph::Weight::Kind::kFill;
      replaceByWeight(op, std::move(weight));
    } else {
      replace(op, weights->addBytes(nameOf(op), result));
    }
    return mlir::success();
  }

  // After the first weight among the operands, or the op.
  std::string nameOf(Operation* op) const {
    for (Value operand : op->getOperands()) {
      if (auto weight = operand.getDefiningOp<graph::WeightOp>()) {
        return weight.getName().str() + ".folded";
      }
    }
    return op->getName().stripDialect().str() + ".folded";
  }

  void replaceByConstant(Operation* op, const HostTensor& tensor) {
    auto type = mlir::cast<mlir::RankedTensorType>(op->getResult(0).getType());
    mlir::OpBuilder builder(op);
    Value constant = graph::ConstantOp::create(
        builder, op->getLoc(), mlir::cast<mlir::ElementsAttr>(graph::denseElements(type, tensor)));
    op->getResult(0).replaceAllUsesWith(constant);
    op->erase();
  }

  void replaceByWeight(Operation* op, graph::Weight weight) {
    std::string name = nameOf(op);
    for (int i = 1; weights->find(name); ++i) name = nameOf(op) + "." + std::to_string(i);
    weights->set(name, std::move(weight));
    replace(op, name);
  }

  void replace(Operation* op, const std::string& name) {
    mlir::OpBuilder builder(op);
    Value weight = graph::WeightOp::create(builder, op->getLoc(), op->getResult(0).getType(),
                                           builder.getStringAttr(name));
    op->getResult(0).replaceAllUsesWith(weight);
    op->erase();
  }

  graph::WeightTable* weights;
};

}  // namespace

std::unique_ptr<mlir::Pass> createFoldConstantsPass(graph::WeightTable* weights) {
  return std::make_unique<FoldConstants>(weights);
}

}  // namespace mlc::transforms
