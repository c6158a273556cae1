// Quantization, and products of quantized matrices.
#include <algorithm>

#include "compiler/import/onnx/op_table.h"
#include "compiler/import/onnx/ops/contraction.h"
#include "compiler/import/onnx/ops/convolution.h"
#include "compiler/import/onnx/ops/weight_bytes.h"
#include "compiler/import/onnx/tensor_reader.h"

using mlir::Value;

namespace mlc::onnx_import {
namespace {

// Scale and zero point of one shape: a scalar, a vector, or one element per block.
struct Parameters {
  Value scale, zeroPoint;
  int64_t blockSize = 0;
};

// One scale per block: every other dim is that of `shape`, the axis has as many as there are
// blocks.
graph::Shape alongBlocks(Node& node, Parameters& parameters, graph::Shape shape, int64_t axis) {
  graph::Shape blocks = shape;
  blocks[axis] = ceilDiv(shape[axis], parameters.blockSize);
  const graph::Shape scales = graph::shapeOf(parameters.scale);
  if (scales.size() != blocks.size()) node.invalid("has a scale of another rank than its blocks");
  for (size_t i = 0; i < blocks.size(); ++i)
    node.emitter.equal(blocks[i], scales[i], "scale and blocks");
  parameters.scale = node.emitter.reshape(parameters.scale, blocks);
  if (!graph::shapeOf(parameters.zeroPoint).empty())
    parameters.zeroPoint = node.emitter.reshape(parameters.zeroPoint, blocks);
  return shape;
}

// Per index of an axis of `shape`: the scale has as many elements as the axis. Returns the shape
// with the size that both have.
graph::Shape alongAxis(Node& node, Parameters& parameters, graph::Shape shape, int64_t axis) {
  const graph::Shape scales = graph::shapeOf(parameters.scale);
  if (scales.empty()) return shape;
  if (parameters.blockSize > 0) return alongBlocks(node, parameters, shape, axis);
  shape[axis] = node.emitter.equal(shape[axis], scales[0], "scale and axis");
  parameters.scale = node.emitter.reshape(parameters.scale, shape[axis]);
  parameters.zeroPoint = node.emitter.reshape(parameters.zeroPoint, shape[axis]);
  return shape;
}

// An input of one element per block: a weight, however small, where it is constant.
Value parameter(Node& node, size_t input) {
  std::vector<int64_t> shape;
  for (const DimExpr& dim : node.shape(input)) {
    if (!dim.isConstant()) return node.value(input);
    shape.push_back(*dim.constant());
  }
  Value weight = weightAs(node, input, node.dtype(input), shape);
  return weight ? weight : node.value(input);
}

// One element is one, in whatever shape.
void checkZeroPoint(Node& node, size_t scaleInput, size_t zeroInput) {
  const graph::Shape scale = node.shape(scaleInput), zero = node.shape(zeroInput);
  if (constantCount(scale) == 1 && constantCount(zero) == 1) return;
  if (scale.size() != zero.size()) node.invalid("its scale and zero point have unlike shapes");
  for (size_t i = 0; i < scale.size(); ++i)
    node.emitter.equal(scale[i], zero[i], "scale and zero point");
}

Parameters readParameters(Node& node, size_t scaleInput, size_t zeroInput, DType stored) {
  Emitter& e = node.emitter;
  Parameters result;
  graph::Shape shape = node.shape(scaleInput);
  // The scale is behind what it scales.
  if (!shape.empty() && static_cast<int64_t>(shape.size()) == node.rank(scaleInput - 1))
    result.blockSize = std::max<int64_t>(node.integer("block_size", 0), 0);
  if (shape.size() > 1 && result.blockSize == 0)
    node.unsupported("has a scale of " + std::to_string(shape.size()) + " dims without blocks");
  if (result.blockSize == 0 && constantCount(shape) == 1) shape.clear();
  if (node.has(zeroInput)) checkZeroPoint(node, scaleInput, zeroInput);
  if (result.blockSize > 0) {
    result.scale = parameter(node, scaleInput);
    result.zeroPoint = node.has(zeroInput) ? parameter(node, zeroInput) : e.scalar(0, stored);
    return result;
  }
  result.scale = e.reshape(node.value(scaleInput), shape);
  result.zeroPoint = node.has(zeroInput) ? e.reshape(node.value(zeroInput), shape)
                                         : e.broadcast(e.scalar(0, stored), shape);
  return result;
}

// A scalar scale has no axis; then the attribute need not fit.
int64_t axisFor(Node& node, const Parameters& parameters, size_t input) {
  if (graph::shapeOf(parameters.scale).empty()) return 0;
  return node.axis(node.integer("axis", 1), node.rank(input));
}

DType declaredType(Node& node, DType otherwise) {
  const auto type = static_cast<int>(node.integer("output_dtype", 0));
  if (type == 0) return otherwise;
  const std::optional<DType> dtype = dtypeFromOnnx(type);
  if (!dtype || isReference(*dtype)) node.unsupported("gives " + dataTypeName(type));
  return *dtype;
}

void quantizeLinear(Node& node) {
  Emitter& e = node.emitter;
  const DType stored = node.has(2) ? node.dtype(2) : declaredType(node, DType::kU8);
  Parameters p = readParameters(node, 1, 2, stored);
  const int64_t axis = axisFor(node, p, 0);
  const graph::Shape shape = alongAxis(node, p, node.shape(0), axis);
  Value x = e.reshape(e.cast(node.value(0), node.dtype(1)), shape);
  node.set(e.emitStated<graph::QuantizeOp>(e.type(shape, stored), x, p.scale, p.zeroPoint, axis,
                                           p.blockSize, node.integer("saturate", 1) != 0));
}

Value dequantized(Node& node, size_t x, size_t scale, size_t zero,
                  std::optional<int64_t> axis = {}) {
  Emitter& e = node.emitter;
  Parameters p = readParameters(node, scale, zero, node.dtype(x));
  if (!axis) axis = axisFor(node, p, x);
  const graph::Shape shape = alongAxis(node, p, node.shape(x), *axis);
  return e.emitStated<graph::DequantizeOp>(e.type(shape, node.dtype(scale)),
                                           e.reshape(node.value(x), shape), p.scale, p.zeroPoint,
                                           *axis, p.blockSize);
}

// The node's result: a real tensor, quantized with one scale.
void setQuantized(Node& node, Value real, size_t scale, size_t zero) {
  const Parameters p = readParameters(node, scale, zero, node.dtype(zero));
  if (!graph::shapeOf(p.scale).empty()) node.unsupported("has a result quantized per row");
  const mlir::Type type = node.emitter.type(graph::shapeOf(real), node.dtype(zero));
  node.set(
      node.emitter.emitStated<graph::QuantizeOp>(type, real, p.scale, p.zeroPoint, int64_t{0}));
}

void dequantizeLinear(Node& node) {
  node.set(node.emitter.cast(dequantized(node, 0, 1, 2), declaredType(node, node.dtype(1))));
}

// u8 over the range of the values, which always holds 0.
void dynamicQuantizeLinear(Node& node) {
  Emitter& e = node.emitter;
  Value x = node.value(0);
  std::vector<int64_t> axes;
  for (int64_t axis = 0; axis < node.rank(0); ++axis) axes.push_back(axis);
  auto extreme = [&](graph::ReduceKind kind) {
    return axes.empty() ? x : e.emit<graph::ReduceOp>(x, kind, axes, false);
  };
  Value zero = e.scalarLike(0, x), most = e.scalarLike(255, x);
  Value high = e.binary<graph::MaxOp>(extreme(graph::ReduceKind::max), zero);
  Value low = e.binary<graph::MinOp>(extreme(graph::ReduceKind::min), zero);
  Value scale = e.binary<graph::DivOp>(e.binary<graph::SubOp>(high, low), most);
  // Of zeros alone any scale is right but 0, of which zero points and values are NaN.
  Value none = e.binary<graph::CompareOp>(high, low, graph::Predicate::eq);
  scale = e.emit<graph::SelectOp>(none, e.scalarLike(1, x), scale);
  Value point = e.binary<graph::DivOp>(e.emit<graph::NegOp>(low), scale);
  point = e.binary<graph::MinOp>(e.binary<graph::MaxOp>(point, zero), most);
  Value zeroPoint = e.cast(e.emit<graph::RoundOp>(point), DType::kU8);
  node.set(0, e.emitStated<graph::QuantizeOp>(e.type(node.shape(0), DType::kU8), x, scale,
                                              zeroPoint, int64_t{0}));
  node.set(1, scale);
  node.set(2, zeroPoint);
}

Value sumI32(Emitter& e, Value x, int64_t axis, bool keepDims) {
  return e.emit<graph::ReduceOp>(e.cast(x, DType::kI32), graph::ReduceKind::sum,
                                 llvm::ArrayRef<int64_t>(axis), keepDims);
}

// A zero point as i32, one or one for each of `channels`; null where it is absent or constantly 0.
// Per row: [m] becomes [m, 1].
Value zeroPointOf(Node& node, size_t input, const DimExpr& channels, bool perRow) {
  if (!node.has(input)) return {};
  const Tensor& tensor = node.input(input);
  if (tensor.elements &&
      llvm::all_of(*tensor.elements, [](const DimExpr& x) { return x.constant() == 0; }))
    return {};
  Emitter& e = node.emitter;
  Value point = e.cast(node.value(input), DType::kI32);
  if (constantCount(tensor.shape) == 1) return e.reshape(point, {});
  if (tensor.rank() != 1)
    node.unsupported("has zero points of " + std::to_string(tensor.rank()) + " dims");
  point = e.stretchedTo(point, channels, "its zero points");
  return perRow ? e.reshape(point, {channels, DimExpr(1)}) : point;
}

// (a - a0) (b - b0) = a b - a0 sum(b) - sum(a) b0 + k a0 b0, with sums over k.
void matMulInteger(Node& node) {
  Emitter& e = node.emitter;
  if (node.rank(0) < 2 || node.rank(1) < 2) node.unsupported("multiplies vectors");
  Value a = node.value(0), b = node.value(1);
  Value result = matmul(node, a, b);
  const int64_t aRank = node.rank(0), bRank = node.rank(1);
  Value aZero = zeroPointOf(node, 2, node.shape(0)[aRank - 2], true);
  Value bZero = zeroPointOf(node, 3, node.shape(1)[bRank - 1], false);
  if (aZero)
    result = e.binary<graph::SubOp>(result,
                                    e.binary<graph::MulOp>(sumI32(e, b, bRank - 2, true), aZero));
  if (bZero)
    result = e.binary<graph::SubOp>(result,
                                    e.binary<graph::MulOp>(sumI32(e, a, aRank - 1, true), bZero));
  if (aZero && bZero) {
    Tensor depth;
    depth.dtype = DType::kI32;
    depth.elements = Elements{node.shape(0).back()};
    depth.constant = constantOf(*depth.elements, DType::kI32, {});
    Value both = e.binary<graph::MulOp>(e.binary<graph::MulOp>(aZero, bZero), e.materialize(depth));
    result = e.binary<graph::AddOp>(result, both);
  }
  node.set(result);
}

// Scales are per row of a and per column of b.
void qLinearMatMul(Node& node) {
  Value a = dequantized(node, 0, 1, 2, std::max<int64_t>(node.rank(0) - 2, 0));
  Value b = dequantized(node, 3, 4, 5, std::max<int64_t>(node.rank(3) - 1, 0));
  setQuantized(node, matmul(node, a, b), 6, 7);
}

// A tensor per output channel as it broadcasts to a convolution's result.
Value perChannel(Node& node, Value value) {
  graph::Shape shape = graph::shapeOf(value);
  if (shape.empty()) return value;
  shape.resize(node.rank(0) - 1, DimExpr(1));
  return node.emitter.reshape(value, shape);
}

// The bias is in units of the input's scale times the weights'.
void qLinearConv(Node& node) {
  Emitter& e = node.emitter;
  Value real = convolve(node, dequantized(node, 0, 1, 2), 3, dequantized(node, 3, 4, 5, 0), {});
  if (node.has(8)) {
    Value unit = e.binary<graph::MulOp>(readParameters(node, 1, 2, node.dtype(0)).scale,
                                        readParameters(node, 4, 5, node.dtype(3)).scale);
    if (node.rank(8) != 1) node.invalid("its bias must be a vector");
    e.equal(node.shape(3)[0], node.shape(8)[0], "output channels and its bias");
    Value bias = e.binary<graph::MulOp>(e.cast(node.value(8), node.dtype(1)), unit);
    real = e.binary<graph::AddOp>(real, perChannel(node, bias));
  }
  setQuantized(node, real, 6, 7);
}

// As for matrices, with what stands for 0 around the image.
void convInteger(Node& node) {
  Emitter& e = node.emitter;
  if (node.rank(0) < 3 || node.rank(1) != node.rank(0)) node.invalid("needs spatial dims");
  Value imageZero = zeroPointOf(node, 2, node.shape(0)[1], false);
  Value filterZero = zeroPointOf(node, 3, node.shape(1)[0], false);
  if (imageZero && !graph::shapeOf(imageZero).empty())
    node.unsupported("has an input quantized per channel");
  if (filterZero) filterZero = perChannel(node, filterZero);
  Value padding = imageZero ? e.reshape(node.value(2), {}) : Value();
  auto convolved = [&](Value filter) {
    return convolve(node, node.value(0), 1, filter, {}, padding);
  };
  Value result = convolved(node.value(1));
  std::vector<int64_t> summed;
  DimExpr count = 1;
  for (int64_t axis = 1; axis < node.rank(1); ++axis) {
    summed.push_back(axis);
    count = count * node.shape(1)[axis];
  }
  if (imageZero) {
    Value sums = e.emit<graph::ReduceOp>(e.cast(node.value(1), DType::kI32), graph::ReduceKind::sum,
                                         summed, false);
    result =
        e.binary<graph::SubOp>(result, e.binary<graph::MulOp>(perChannel(node, sums), imageZero));
  }
  if (filterZero) {
    Value windows = convolved(e.broadcast(e.scalar(1, node.dtype(1)), node.shape(1)));
    result = e.binary<graph::SubOp>(result, e.binary<graph::MulOp>(windows, filterZero));
  }
  if (imageZero && filterZero) {
    if (!count.isConstant()) node.unsupported("has weights of an unknown size");
    Value zeros = e.binary<graph::MulOp>(imageZero, filterZero);
    Value all = e.binary<graph::MulOp>(
        zeros, e.scalar(static_cast<double>(*count.constant()), DType::kI32));
    result = e.binary<graph::AddOp>(result, all);
  }
  node.set(result);
}

}  // namespace

std::vector<OpEntry> quantizeOps() {
  constexpr int kLast = kLastOpset;
  // saturate only concerns 8-bit floats; precision: the division is in the scale's type.
  return {
      {"ConvInteger", 10, kLast, 2, 4, "auto_pad dilations group kernel_shape pads strides",
       convInteger},
      {"DequantizeLinear", 10, kLast, 2, 3, "axis block_size output_dtype", dequantizeLinear},
      {"DynamicQuantizeLinear", 11, kLast, 1, 1, "", dynamicQuantizeLinear},
      {"MatMulInteger", 10, kLast, 2, 4, "", matMulInteger},
      {"QLinearConv", 10, kLast, 8, 9, "auto_pad dilations group kernel_shape pads strides",
       qLinearConv},
      {"QLinearMatMul", 10, kLast, 8, 8, "", qLinearMatMul},
      {"QuantizeLinear", 10, kLast, 2, 3, "axis saturate block_size output_dtype precision",
       quantizeLinear},
  };
}

}  // namespace mlc::onnx_import
