#include "compiler/target/cpu/attention/attention_operands.h"

#include "compiler/target/cpu/contract/loop_nest.h"

namespace mlc::cpu {

using mlir::Value;

namespace {

using StridedBuffer = AttentionOperands::StridedBuffer;

// The buffer that a tensor of the kernel is read from, with a stride for each of the tensor's dims.
mlir::FailureOr<StridedBuffer> bufferOf(Value tensor) {
  if (auto transpose = tensor.getDefiningOp<graph::TransposeOp>()) {
    mlir::FailureOr<StridedBuffer> input = bufferOf(transpose.getInput());
    if (mlir::failed(input)) return mlir::failure();
    StridedBuffer result{input->tensor, {}};
    for (int64_t dim : transpose.getPermutation()) result.strides.push_back(input->strides[dim]);
    return result;
  }
  if (!mlir::isa<mlir::BlockArgument>(tensor) && !tensor.getDefiningOp<graph::ConstantOp>()) {
    return mlir::failure();
  }
  return StridedBuffer{tensor, stridesOf(graph::shapeOf(tensor))};
}

// The same for the result: transposes lead from it to the kernel's last value.
mlir::FailureOr<StridedBuffer> resultBufferOf(Value result, Value returned) {
  if (result == returned) return StridedBuffer{returned, stridesOf(graph::shapeOf(returned))};
  if (!result.hasOneUse()) return mlir::failure();
  auto transpose = mlir::dyn_cast<graph::TransposeOp>(*result.user_begin());
  if (!transpose) return mlir::failure();
  mlir::FailureOr<StridedBuffer> after = resultBufferOf(transpose.getResult(), returned);
  if (mlir::failed(after)) return mlir::failure();
  StridedBuffer before{after->tensor, {}};
  before.strides.resize(after->strides.size());
  for (auto [i, dim] : llvm::enumerate(transpose.getPermutation())) {
    before.strides[dim] = after->strides[i];
  }
  return before;
}

}  // namespace

mlir::Type StridedBuffer::element() const {
  return mlir::cast<mlir::RankedTensorType>(tensor.getType()).getElementType();
}

mlir::FailureOr<AttentionOperands> AttentionOperands::of(mlir::func::FuncOp kernel) {
  AttentionOperands operands;
  for (mlir::Operation& op : kernel.front().without_terminator()) {
    if (auto attention = mlir::dyn_cast<graph::AttentionOp>(op)) {
      if (operands.op) return mlir::failure();
      operands.op = attention;
    } else if (!mlir::isa<graph::TransposeOp, graph::ConstantOp>(op)) {
      return mlir::failure();
    }
  }
  auto returned = mlir::cast<mlir::func::ReturnOp>(kernel.front().getTerminator());
  if (!operands.op || returned->getNumOperands() != 1) return mlir::failure();

  graph::AttentionOp op = operands.op;
  auto query = bufferOf(op.getQuery()), key = bufferOf(op.getKey()),
       value = bufferOf(op.getValue()),
       result = resultBufferOf(op.getResult(), returned->getOperand(0));
  if (mlir::failed(query) || mlir::failed(key) || mlir::failed(value) || mlir::failed(result)) {
    return mlir::failure();
  }
  operands.scale = op.getScale().convertToDouble();
  operands.causal = op.getCausal();
  operands.zeroMasked = op.getZeroMasked();
  operands.query = *query;
  operands.key = *key;
  operands.value = *value;
  operands.result = *result;

  const graph::Shape q = graph::shapeOf(op.getQuery()), k = graph::shapeOf(op.getKey());
  operands.batch = q[0];
  operands.kvHeads = k[1];
  operands.group = q[1] == k[1] ? DimExpr(1) : floorDiv(q[1], k[1]);
  operands.queries = q[2];
  operands.keys = k[2];
  operands.depth = q[3];
  operands.valueDepth = graph::shapeOf(op.getValue())[3];
  if (op.getFill()) operands.fill = op.getFill()->convertToDouble();
  const graph::Shape scores = {q[0], q[1], q[2], k[2]};
  for (auto [mask, buffer] : {std::pair(Value(op.getMask()), &operands.mask),
                              std::pair(Value(op.getKeep()), &operands.keep)}) {
    if (!mask) continue;
    if (!mlir::isa<mlir::BlockArgument>(mask) && !mask.getDefiningOp<graph::ConstantOp>()) {
      return mlir::failure();
    }
    *buffer = {mask, broadcastStrides(graph::shapeOf(mask), scores)};
  }
  return operands;
}

}  // namespace mlc::cpu
