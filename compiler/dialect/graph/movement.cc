// The factors of reshape are in reshape_factors.cc.
#include "compiler/dialect/graph/factor_builder.h"
#include "compiler/dialect/graph/infer.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;

namespace mlc::graph {

MLC_INFER(TransposeOp) {
  Shape input = shapeOf(op.getInput()), result;
  ArrayRef<int64_t> permutation = op.getPermutation();
  if (permutation.size() != input.size() || !isPermutationVector(permutation)) {
    return emitOptionalError(location, "not a permutation of ", input.size(), " dims");
  }
  for (int64_t dim : permutation) result.push_back(input[dim]);
  return inferred(location, result, elementTypeOf(op.getInput()), types);
}

LogicalResult ReshapeOp::verify() {
  if (getInput().getType().getElementType() != getType().getElementType()) {
    return emitOpError("changes the element type");
  }
  DimExpr before = elementCount(shapeOf(getInput())), after = elementCount(shapeOf(getResult()));
  if (before.isConstant() && after.isConstant() && !(before == after)) {
    return emitOpError("reshapes ") << before.str() << " elements to " << after.str();
  }
  return success();
}

LogicalResult BroadcastOp::verify() {
  if (getInput().getType().getElementType() != getType().getElementType()) {
    return emitOpError("changes the element type");
  }
  Shape input = shapeOf(getInput()), result = shapeOf(getResult());
  if (input.size() > result.size()) return emitOpError("cannot lower the rank");
  for (auto [from, to] : llvm::zip(input, ArrayRef(result).take_back(input.size()))) {
    // What may be 1 stretches if it is; two static dims are decided.
    if (mayStretch(from, to) && from.isConstant() && to.isConstant()) {
      return emitOpError("cannot broadcast a dim of ") << from.str() << " to " << to.str();
    }
  }
  return success();
}

LogicalResult SliceOp::verify() {
  if (getInput().getType().getElementType() != getType().getElementType()) {
    return emitOpError("changes the element type");
  }
  Shape input = shapeOf(getInput()), result = shapeOf(getResult()), starts = exprsOf(getStarts());
  if (result.size() != input.size() || starts.size() != input.size() ||
      getSteps().size() != input.size()) {
    return emitOpError("needs a start, a step and a result dim for each of ")
           << input.size() << " dims";
  }
  for (size_t i = 0; i < input.size(); ++i) {
    int64_t step = getSteps()[i];
    if (step == 0) return emitOpError("has a step of 0");
    if (result[i].constant() == 0) continue;
    DimExpr last = starts[i] + (result[i] - 1) * step;
    for (const DimExpr& end : {starts[i], last}) {
      std::optional<int64_t> index = end.constant(), size = input[i].constant();
      if (index && (*index < 0 || (size && *index >= *size))) {
        return emitOpError("reads index ")
               << *index << " of dim " << i << ", of size " << input[i].str();
      }
    }
  }
  return success();
}

MLC_INFER(PadOp) {
  Shape shape = shapeOf(op.getInput());
  if (op.getLow().size() != shape.size() || op.getHigh().size() != shape.size()) {
    return emitOptionalError(location, "needs low and high padding for each of ", shape.size(),
                             " dims");
  }
  if (rankOf(op.getValue()) != 0)
    return emitOptionalError(location, "the padding value must be a scalar");
  if (failed(checkSameElementType(location, op.getInput(), op.getValue()))) return failure();
  for (size_t i = 0; i < shape.size(); ++i) {
    if (op.getLow()[i] < 0 || op.getHigh()[i] < 0)
      return emitOptionalError(location, "padding must not be negative");
    shape[i] = shape[i] + op.getLow()[i] + op.getHigh()[i];
  }
  return inferred(location, shape, elementTypeOf(op.getInput()), types);
}

MLC_INFER(ConcatOp) {
  if (op.getInputs().empty()) return emitOptionalError(location, "nothing to concatenate");
  Value first = op.getInputs().front();
  Shape shape = shapeOf(first);
  size_t axis = op.getAxis();
  if (failed(checkAxis(location, op.getAxis(), shape.size()))) return failure();
  for (Value input : op.getInputs().drop_front()) {
    if (failed(checkSameElementType(location, first, input))) return failure();
    Shape other = shapeOf(input);
    if (other.size() != shape.size()) {
      return emitOptionalError(location, "concatenates tensors of rank ", shape.size(), " and ",
                               other.size());
    }
    for (size_t i = 0; i < shape.size(); ++i) {
      if (i == axis) {
        shape[i] = shape[i] + other[i];
      } else if (failed(checkEqual(location, "dim " + std::to_string(i), shape[i], other[i]))) {
        return failure();
      }
    }
  }
  return inferred(location, shape, elementTypeOf(first), types);
}

static LogicalResult checkIndices(std::optional<Location> location, Value indices) {
  Type type = elementTypeOf(indices);
  if (isa<IntegerType>(type) && !type.isInteger(1)) return success();
  return emitOptionalError(location, "indices must be integers, are ", type);
}

MLC_INFER(GatherOp) {
  Shape input = shapeOf(op.getInput()), indices = shapeOf(op.getIndices());
  if (failed(checkAxis(location, op.getAxis(), input.size())) ||
      failed(checkIndices(location, op.getIndices()))) {
    return failure();
  }
  Shape result(input.begin(), input.begin() + op.getAxis());
  result.append(indices);
  result.append(input.begin() + op.getAxis() + 1, input.end());
  return inferred(location, result, elementTypeOf(op.getInput()), types);
}

MLC_INFER(GatherElementsOp) {
  Shape indices = shapeOf(op.getIndices());
  if (indices.size() != shapeOf(op.getInput()).size()) {
    return emitOptionalError(location, "input and indices must have the same rank");
  }
  if (failed(checkAxis(location, op.getAxis(), indices.size())) ||
      failed(checkIndices(location, op.getIndices()))) {
    return failure();
  }
  return inferred(location, indices, elementTypeOf(op.getInput()), types);
}

LogicalResult IotaOp::verify() { return checkAxis(getLoc(), getAxis(), getType().getRank()); }

OpFactors TransposeOp::getFactors() {
  FactorBuilder builder(*this);
  for (auto [i, dim] : llvm::enumerate(getPermutation())) {
    int factor = builder.add(builder.resultShape()[i], FactorKind::kParallel);
    builder.indexOperand(0, dim, factor);
    builder.indexResult(i, factor);
  }
  return builder.take();
}

OpFactors BroadcastOp::getFactors() { return elementwiseFactors(*this); }

OpFactors SliceOp::getFactors() {
  FactorBuilder builder(*this);
  Shape input = shapeOf(getInput()), result = shapeOf(getResult()), starts = exprsOf(getStarts());
  for (size_t i = 0; i < input.size(); ++i) {
    if (input[i] == result[i] && starts[i].constant() == 0 && getSteps()[i] == 1) {
      builder.addSame(i, FactorKind::kParallel);
    } else {
      builder.wholeOperandDim(0, i);
      builder.wholeResultDim(i);
    }
  }
  return builder.take();
}

OpFactors PadOp::getFactors() {
  FactorBuilder builder(*this);
  for (int64_t i = 0; i < getType().getRank(); ++i) {
    if (getLow()[i] == 0 && getHigh()[i] == 0) {
      builder.addSame(i, FactorKind::kParallel);
    } else {
      builder.wholeOperandDim(0, i);
      builder.wholeResultDim(i);
    }
  }
  return builder.take();
}

OpFactors ConcatOp::getFactors() {
  FactorBuilder builder(*this);
  int64_t axis = getAxis();
  Shape shape = builder.resultShape();
  for (int64_t i = 0; i < static_cast<int64_t>(shape.size()); ++i) {
    if (i == axis) {
      builder.wholeResultDim(i);
      for (size_t input = 0; input < getInputs().size(); ++input) builder.wholeOperandDim(input, i);
      continue;
    }
    int factor = builder.add(shape[i], FactorKind::kParallel);
    builder.indexResult(i, factor);
    for (size_t input = 0; input < getInputs().size(); ++input)
      builder.indexOperand(input, i, factor);
  }
  return builder.take();
}

OpFactors GatherOp::getFactors() {
  FactorBuilder builder(*this);
  Shape input = shapeOf(getInput()), indices = shapeOf(getIndices());
  int64_t axis = getAxis(), resultDim = 0;
  for (int64_t i = 0; i < static_cast<int64_t>(input.size()); ++i) {
    if (i == axis) {
      builder.wholeOperandDim(0, i);
      for (auto [j, size] : llvm::enumerate(indices)) {
        int factor = builder.add(size, FactorKind::kParallel);
        builder.indexOperand(1, j, factor);
        builder.indexResult(resultDim++, factor);
      }
      continue;
    }
    int factor = builder.add(input[i], FactorKind::kParallel);
    builder.indexOperand(0, i, factor);
    builder.indexResult(resultDim++, factor);
  }
  return builder.take();
}

OpFactors GatherElementsOp::getFactors() {
  FactorBuilder builder(*this);
  Shape input = shapeOf(getInput()), indices = shapeOf(getIndices());
  int64_t axis = getAxis();
  for (int64_t i = 0; i < static_cast<int64_t>(input.size()); ++i) {
    // Where indices are fewer than the input's elements they still read the same positions, so both
    // stay whole.
    bool isSame = i != axis && input[i] == indices[i];
    int factor =
        builder.add(indices[i], isSame || i == axis ? FactorKind::kParallel : FactorKind::kWhole);
    builder.indexOperand(1, i, factor);
    builder.indexResult(i, factor);
    if (isSame) {
      builder.indexOperand(0, i, factor);
    } else {
      builder.wholeOperandDim(0, i);
    }
  }
  return builder.take();
}

OpFactors IotaOp::getFactors() {
  FactorBuilder builder(*this);
  for (auto [i, size] : llvm::enumerate(builder.resultShape())) {
    bool isAxis = static_cast<int64_t>(i) == static_cast<int64_t>(getAxis());
    builder.indexResult(i, builder.add(size, isAxis ? FactorKind::kWhole : FactorKind::kParallel));
  }
  return builder.take();
}

}  // namespace mlc::graph
