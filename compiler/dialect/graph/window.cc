#include "compiler/dialect/graph/factor_builder.h"
#include "compiler/dialect/graph/infer.h"

using namespace mlir;

namespace mlc::graph {
namespace {

// Positions of a window of `kernel` elements, `dilation` apart, that moves by `stride` over `size`
// padded elements.
DimExpr windowPositions(const DimExpr& size, int64_t padding, int64_t kernel, int64_t stride,
                        int64_t dilation) {
  return floorDiv(size + padding - dilation * (kernel - 1) - 1, stride) + 1;
}

struct Window {
  ArrayRef<int64_t> kernel, strides, padsLow, padsHigh, dilations;
};

// Appends the result's spatial dims.
LogicalResult appendSpatial(std::optional<Location> location, const Shape& input,
                            const Window& window, Shape& result) {
  size_t rank = input.size() - 2;
  for (ArrayRef<int64_t> list :
       {window.kernel, window.strides, window.padsLow, window.padsHigh, window.dilations}) {
    if (list.size() != rank) {
      return emitOptionalError(location, "kernel, strides, pads and dilations must have ", rank,
                               " entries, one per spatial dim");
    }
  }
  for (size_t i = 0; i < rank; ++i) {
    if (window.kernel[i] < 1 || window.strides[i] < 1 || window.dilations[i] < 1) {
      return emitOptionalError(location, "kernel, strides and dilations must be positive");
    }
    if (window.padsLow[i] < 0 || window.padsHigh[i] < 0) {
      return emitOptionalError(location, "pads must not be negative");
    }
    DimExpr size = windowPositions(input[i + 2], window.padsLow[i] + window.padsHigh[i],
                                   window.kernel[i], window.strides[i], window.dilations[i]);
    if (size.constant().value_or(0) < 0) {
      return emitOptionalError(location, "the window does not fit into spatial dim ", i,
                               " of size ", input[i + 2].str());
    }
    result.push_back(size);
  }
  return success();
}

template <typename Op>
LogicalResult pooledShape(std::optional<Location> location, Op op, Shape& result) {
  Shape input = shapeOf(op.getInput());
  if (input.size() < 3) return emitOptionalError(location, "input must have a rank of at least 3");
  result = {input[0], input[1]};
  Window window = {op.getKernel(), op.getStrides(), op.getPadsLow(), op.getPadsHigh(),
                   op.getDilations()};
  return appendSpatial(location, input, window, result);
}

}  // namespace

MLC_INFER(ConvOp) {
  Shape input = shapeOf(op.getInput()), filter = shapeOf(op.getFilter());
  if (input.size() < 3 || filter.size() != input.size()) {
    return emitOptionalError(location,
                             "input and filter must have the same rank of at least 3, have ",
                             input.size(), " and ", filter.size());
  }
  Type elementType =
      contractElementType(elementTypeOf(op.getInput()), elementTypeOf(op.getFilter()));
  if (!elementType) {
    return emitOptionalError(location, "cannot convolve ", elementTypeOf(op.getInput()), " with ",
                             elementTypeOf(op.getFilter()));
  }
  int64_t groups = op.getGroups();
  if (groups < 1) return emitOptionalError(location, "groups must be positive");
  DimExpr channels = filter[1] * groups;
  if (failed(checkEqual(location, "input channels and filter channels times groups", channels,
                        input[1]))) {
    return failure();
  }
  if (filter[0].constant().value_or(0) % groups != 0) {
    return emitOptionalError(location, filter[0].str(), " output channels for ", groups, " groups");
  }
  if (op.getBias()) {
    if (elementTypeOf(op.getBias()) != elementType || !isa<FloatType>(elementType))
      return emitOptionalError(location, "the bias has the element type ",
                               elementTypeOf(op.getBias()));
    Shape bias = shapeOf(op.getBias());
    if (bias.size() != 1) return emitOptionalError(location, "the bias must have one dim");
    if (failed(checkEqual(location, "bias and output channels", bias[0], filter[0])))
      return failure();
  }
  SmallVector<int64_t> kernel;
  for (const DimExpr& dim : ArrayRef(filter).drop_front(2)) {
    if (!dim.isConstant()) return emitOptionalError(location, "the kernel's size must be known");
    kernel.push_back(*dim.constant());
  }
  Shape result = {input[0], filter[0]};
  Window window = {kernel, op.getStrides(), op.getPadsLow(), op.getPadsHigh(), op.getDilations()};
  if (failed(appendSpatial(location, input, window, result))) return failure();
  return inferred(location, result, elementType, types);
}

MLC_INFER(BlockedConvOp) {
  Shape input = shapeOf(op.getInput()), filter = shapeOf(op.getFilter());
  const bool depthwise = op.getDepthwise();
  if (input.size() != 5 || filter.size() != (depthwise ? 4 : 6)) {
    return emitOptionalError(location, "input must have 5 dims and filter ", depthwise ? 4 : 6,
                             ", have ", input.size(), " and ", filter.size());
  }
  Type elementType = elementTypeOf(op.getInput());
  if (!isa<FloatType>(elementType) || elementTypeOf(op.getFilter()) != elementType) {
    return emitOptionalError(location, "cannot convolve ", elementType, " with ",
                             elementTypeOf(op.getFilter()));
  }
  for (const DimExpr& dim : filter) {
    if (!dim.isConstant()) return emitOptionalError(location, "the filter's size must be known");
  }
  const int64_t channels = op.getChannels(), block = op.getBlock();
  if (channels < 1 || block < 1 || channels % block != 0) {
    return emitOptionalError(location, channels, " channels in blocks of ", block);
  }
  const size_t first = depthwise ? 0 : 1;  // the filter's dim of input blocks
  if (failed(checkEqual(location, "blocks of input and filter", input[1], filter[first])) ||
      failed(checkEqual(location, "block of input and filter", input[4], filter[first + 3]))) {
    return failure();
  }
  if (depthwise) {
    if (!(filter[0] * filter[3] == DimExpr(channels)) || !(filter[3] == DimExpr(block)))
      return emitOptionalError(location, "a depthwise filter of other channels than the result");
  } else if (*filter[0].constant() * *filter[5].constant() < channels) {
    return emitOptionalError(location, "the filter has too few output channels");
  }
  const SmallVector<int64_t> kernel = {*filter[first + 1].constant(),
                                       *filter[first + 2].constant()};
  Shape result = {input[0], DimExpr(channels / block)};
  Window window = {kernel, op.getStrides(), op.getPadsLow(), op.getPadsHigh(), op.getDilations()};
  Shape image(input.begin(), input.end() - 1);
  if (failed(appendSpatial(location, image, window, result))) return failure();
  result.push_back(DimExpr(block));
  return inferred(location, result, elementType, types);
}

MLC_INFER(PoolOp) {
  Shape result;
  if (failed(pooledShape(location, op, result))) return failure();
  return inferred(location, result, elementTypeOf(op.getInput()), types);
}

MLC_INFER(MaxPoolWithIndicesOp) {
  Shape result;
  if (failed(pooledShape(location, op, result))) return failure();
  if (failed(inferred(location, result, elementTypeOf(op.getInput()), types))) return failure();
  return inferred(location, result, IntegerType::get(op.getInput().getContext(), 64), types);
}

MLC_INFER(LrnOp) {
  if (rankOf(op.getInput()) < 2)
    return emitOptionalError(location, "input must have a rank of at least 2");
  types.push_back(op.getInput().getType());
  return success();
}

// Splitting the input channels of an ungrouped convolution makes partial sums, so a bias must not
// be there: it would be added once per part.
OpFactors ConvOp::getFactors() {
  FactorBuilder builder(*this);
  Shape input = shapeOf(getInput()), filter = shapeOf(getFilter());
  int batch = builder.add(input[0], FactorKind::kParallel);
  builder.indexOperand(0, 0, batch);
  builder.indexResult(0, batch);

  int64_t groups = getGroups();
  auto indexOutputChannels = [&](int factor) {
    builder.indexOperand(1, 0, factor);
    if (getBias()) builder.indexOperand(2, 0, factor);
    builder.indexResult(1, factor);
  };
  FactorKind inputChannelKind = getBias() ? FactorKind::kWhole : FactorKind::kReduceSum;
  FactorKind outputChannelKind = FactorKind::kParallel;
  if (groups > 1) {
    int group = builder.add(groups, FactorKind::kParallel);
    builder.indexOperand(0, 1, group);
    indexOutputChannels(group);
    inputChannelKind = outputChannelKind = FactorKind::kWhole;
  }
  indexOutputChannels(builder.add(floorDiv(filter[0], groups), outputChannelKind));
  int inputChannels = builder.add(filter[1], inputChannelKind);
  builder.indexOperand(0, 1, inputChannels);
  builder.indexOperand(1, 1, inputChannels);

  for (size_t i = 2; i < input.size(); ++i) {
    builder.wholeOperandDim(0, i);
    builder.wholeOperandDim(1, i);
    builder.wholeResultDim(i);
  }
  return builder.take();
}

// The layout is chosen after the work was split, so only the batch need be divisible.
OpFactors BlockedConvOp::getFactors() {
  FactorBuilder builder(*this);
  int batch = builder.add(shapeOf(getInput())[0], FactorKind::kParallel);
  builder.indexOperand(0, 0, batch);
  builder.indexResult(0, batch);
  for (int64_t i = 1; i < 5; ++i) {
    builder.wholeOperandDim(0, i);
    builder.wholeResultDim(i);
  }
  for (size_t i = 0; i < shapeOf(getFilter()).size(); ++i) builder.wholeOperandDim(1, i);
  return builder.take();
}

OpFactors PoolOp::getFactors() {
  FactorBuilder builder(*this);
  builder.addSame(0, FactorKind::kParallel);
  builder.addSame(1, FactorKind::kParallel);
  for (int64_t i = 2; i < getType().getRank(); ++i) {
    builder.wholeOperandDim(0, i);
    builder.wholeResultDim(i);
  }
  return builder.take();
}

OpFactors LrnOp::getFactors() {
  FactorBuilder builder(*this);
  for (int64_t i = 0; i < getType().getRank(); ++i) {
    builder.addSame(i, i == 1 ? FactorKind::kWhole : FactorKind::kParallel);
  }
  return builder.take();
}

OpWork ConvOp::getWork() {
  Shape filter = shapeOf(getFilter());
  DimExpr perElement = elementCount(ArrayRef(filter).drop_front());
  return {elementCount(shapeOf(getResult())) * perElement * 2, bytesMoved(*this)};
}

OpWork BlockedConvOp::getWork() {
  Shape filter = shapeOf(getFilter());
  ArrayRef<DimExpr> perElement =
      getDepthwise() ? ArrayRef(filter).slice(1, 2) : ArrayRef(filter).slice(1, 4);
  return {elementCount(shapeOf(getResult())) * elementCount(perElement) * 2, bytesMoved(*this)};
}

OpWork PoolOp::getWork() {
  DimExpr operations = elementCount(shapeOf(getResult()));
  for (int64_t size : getKernel()) operations = operations * size;
  return {operations, bytesMoved(*this)};
}

}  // namespace mlc::graph
