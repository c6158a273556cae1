#include "compiler/target/cpu/contract/epilogue.h"

#include "compiler/conversion/elementwise_to_arith/elementwise_to_arith.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "llvm/ADT/DenseMap.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace mlc::cpu {

using mlir::Operation;
using mlir::Value;

namespace {

mlir::Type elementOf(Value tensor) {
  return mlir::cast<mlir::RankedTensorType>(tensor.getType()).getElementType();
}

bool isSplat(graph::ConstantOp op) {
  auto dense = mlir::dyn_cast<mlir::DenseElementsAttr>(op.getValue());
  return dense && dense.isSplat();
}

mlir::func::ReturnOp returnOf(mlir::func::FuncOp kernel) {
  return mlir::cast<mlir::func::ReturnOp>(kernel.front().getTerminator());
}

// A number or truth value as a constant in its compute type.
Value splatConstant(KernelBuilder& k, graph::ConstantOp op, int64_t width) {
  mlir::Type element = elementOf(op.getResult());
  mlir::Type type = conversion::computeType(element);
  mlir::TypedAttr value;
  auto dense = mlir::cast<mlir::DenseElementsAttr>(op.getValue());
  if (mlir::isa<mlir::FloatType>(element)) {
    value = k.builder().getFloatAttr(type, dense.getSplatValue<llvm::APFloat>().convertToDouble());
  } else {
    const auto bits = dense.getSplatValue<llvm::APInt>();
    const unsigned width = type.getIntOrFloatBitWidth();
    value = k.builder().getIntegerAttr(
        type, element.isUnsignedInteger() ? bits.zextOrTrunc(width) : bits.sextOrTrunc(width));
  }
  return k.broadcast(mlir::arith::ConstantOp::create(k.builder(), k.loc(), value), width);
}

}  // namespace

Operation* kernelRoot(mlir::func::FuncOp kernel) {
  Operation* root = nullptr;
  for (Operation& op : kernel.front().without_terminator()) {
    // A dequantize in the kernel of a contraction is how its operand lies in memory.
    if (op.hasTrait<graph::Elementwise>() || op.hasTrait<graph::ClonedLeaf>() ||
        mlir::isa<graph::DequantizeOp>(op))
      continue;
    if (root) return nullptr;
    root = &op;
  }
  return root;
}

mlir::FailureOr<Epilogue> Epilogue::of(mlir::func::FuncOp kernel, Operation* root) {
  Epilogue epilogue;
  mlir::func::ReturnOp returned = returnOf(kernel);
  if (returned->getNumOperands() != 1 || root->getNumResults() != 1) return mlir::failure();
  epilogue.root_ = root->getResult(0);
  epilogue.result_ = returned->getOperand(0);
  if (graph::shapeOf(epilogue.root_).size() != graph::shapeOf(epilogue.result_).size()) {
    return mlir::failure();
  }
  llvm::SmallVector<Value> pending{epilogue.result_};
  llvm::DenseSet<Value> seen;
  while (!pending.empty()) {
    Value value = pending.pop_back_val();
    if (value == epilogue.root_ || !seen.insert(value).second) continue;
    Operation* op = value.getDefiningOp();
    if (op && op->hasTrait<graph::Elementwise>()) {
      pending.append(op->operand_begin(), op->operand_end());
      continue;
    }
    auto constant = mlir::dyn_cast_or_null<graph::ConstantOp>(op);
    if (mlir::isa_and_nonnull<graph::SizeOp>(op) || (constant && isSplat(constant))) continue;
    if (op && !constant) return mlir::failure();
    epilogue.operands_.push_back(value);
  }
  if (auto conv = mlir::dyn_cast<graph::ConvOp>(root); conv && conv.getBias()) {
    epilogue.bias_ = static_cast<int>(epilogue.operands_.size());
    epilogue.operands_.push_back(conv.getBias());
  }
  return epilogue;
}

llvm::SmallVector<graph::Shape> Epilogue::operandShapes() const {
  llvm::SmallVector<graph::Shape> shapes;
  for (auto [i, operand] : llvm::enumerate(operands_)) {
    graph::Shape shape = graph::shapeOf(operand);
    if (bias_ == static_cast<int>(i)) shape.resize(graph::shapeOf(result_).size() - 1, DimExpr(1));
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

Value Epilogue::emit(KernelBuilder& k, Value accumulated, int64_t width,
                     llvm::function_ref<Value(int)> load) const {
  llvm::DenseMap<Value, Value> values;
  auto loaded = [&](int operand) {
    mlir::Type element = elementOf(operands_[operand]);
    return conversion::fromStorage(k.builder(), k.loc(), load(operand), element);
  };
  if (bias_) {
    accumulated = mlir::arith::AddFOp::create(k.builder(), k.loc(), accumulated, loaded(*bias_));
  }
  values[root_] = conversion::roundTo(k.builder(), k.loc(), accumulated, elementOf(root_));
  auto evaluate = [&](auto&& self, Value value) -> Value {
    if (Value known = values.lookup(value)) return known;
    Value result;
    Operation* op = value.getDefiningOp();
    auto at = llvm::find(operands_, value);
    if (at != operands_.end()) {
      result = loaded(static_cast<int>(at - operands_.begin()));
    } else if (auto constant = mlir::dyn_cast<graph::ConstantOp>(op)) {
      result = splatConstant(k, constant, width);
    } else if (auto size = mlir::dyn_cast<graph::SizeOp>(op)) {
      Value scalar = mlir::arith::IndexCastOp::create(
          k.builder(), k.loc(), k.builder().getI64Type(), k.dim(graph::exprsOf(size.getExpr())[0]));
      result = k.broadcast(scalar, width);
    } else {
      llvm::SmallVector<Value> inputs;
      for (Value operand : op->getOperands()) inputs.push_back(self(self, operand));
      result = conversion::emitElementwise(k.builder(), k.loc(), op, inputs);
    }
    values[value] = result;
    return result;
  };
  Value computed = evaluate(evaluate, result_);
  return conversion::toStorage(k.builder(), k.loc(), computed, elementOf(result_));
}

}  // namespace mlc::cpu
