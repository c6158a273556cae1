// Softmax and normalizations.
#include "compiler/import/onnx/node.h"
#include "compiler/import/onnx/op_table.h"

using mlir::Value;

namespace mlc::onnx_import {
namespace {

// An operand in f32 at least: statistics of narrow floats need it.
Value wideOperand(Node& node, size_t input) {
  const DType type = node.dtype(input);
  return node.emitter.cast(node.value(input), type == DType::kF64 ? type : DType::kF32);
}

// Up to opset 12 everything from the axis on is one row (and the axis is 1 if not given); then it
// is one dim.
template <bool logarithm>
void softmax(Node& node) {
  Emitter& e = node.emitter;
  Value x = node.value(0);
  if (node.opset() >= 13) {
    node.set(
        e.emit<graph::SoftmaxOp>(x, node.axis(node.integer("axis", -1), node.rank(0)), logarithm));
    return;
  }
  const int64_t axis = node.axis(node.integer("axis", 1), node.rank(0));
  const graph::Shape shape = node.shape(0);
  if (axis == node.rank(0) - 1) {
    node.set(e.emit<graph::SoftmaxOp>(x, axis, logarithm));
    return;
  }
  const llvm::ArrayRef<DimExpr> dims = shape;
  Value rows = e.reshape(
      x, {graph::elementCount(dims.take_front(axis)), graph::elementCount(dims.drop_front(axis))});
  node.set(e.reshape(e.emit<graph::SoftmaxOp>(rows, int64_t{1}, logarithm), shape));
}

// The mean of each row and the reciprocal of its standard deviation, in f32.
void layerStatistics(Node& node, int64_t axis) {
  Emitter& e = node.emitter;
  std::vector<int64_t> axes;
  for (int64_t i = axis; i < node.rank(0); ++i) axes.push_back(i);
  Value x = e.cast(node.value(0), DType::kF32);
  Value mean = e.emit<graph::ReduceOp>(x, graph::ReduceKind::mean, axes, true);
  Value centred = e.binary<graph::SubOp>(x, mean);
  Value variance = e.emit<graph::ReduceOp>(e.binary<graph::MulOp>(centred, centred),
                                           graph::ReduceKind::mean, axes, true);
  if (node.wants(1)) node.set(1, mean);
  Value shifted =
      e.binary<graph::AddOp>(variance, e.scalarLike(node.number("epsilon", 1e-5), variance));
  if (node.wants(2)) node.set(2, Value(e.emit<graph::RsqrtOp>(shifted)));
}

void layerNormalization(Node& node) {
  const int64_t axis = node.axis(node.integer("axis", -1), node.rank(0));
  if (node.wants(1) || node.wants(2)) layerStatistics(node, axis);
  const llvm::ArrayRef<DimExpr> row = llvm::ArrayRef<DimExpr>(node.shape(0)).drop_front(axis);
  Value scale = node.emitter.stretchedTo(node.value(1), row, "its scale");
  Value bias = node.has(2) ? node.emitter.stretchedTo(node.value(2), row, "its bias") : Value();
  node.set(node.emitter.emit<graph::LayerNormOp>(node.value(0), scale, bias, axis,
                                                 llvm::APFloat(node.number("epsilon", 1e-5))));
}

void rmsNormalization(Node& node) {
  const int64_t axis = node.axis(node.integer("axis", -1), node.rank(0));
  const llvm::ArrayRef<DimExpr> row = llvm::ArrayRef<DimExpr>(node.shape(0)).drop_front(axis);
  Value scale = node.emitter.stretchedTo(node.value(1), row, "its scale");
  node.set(node.emitter.emit<graph::RmsNormOp>(node.value(0), scale, axis,
                                               llvm::APFloat(node.number("epsilon", 1e-5))));
}

// A vector over the channels (dim 1), made to broadcast over the spatial dims.
Value perChannel(Emitter& e, Value vector, int64_t rank) {
  graph::Shape shape(rank - 1, DimExpr(1));
  shape[0] = graph::shapeOf(vector)[0];
  return e.reshape(vector, shape);
}

// In inference: x * factor + offset, with factor = scale / sqrt(variance + epsilon), offset = bias
// - mean * factor.
void batchNormalization(Node& node) {
  Emitter& e = node.emitter;
  if (node.integer("training_mode", 0) != 0) node.unsupported("is in training mode");
  if (node.integer("spatial", 1) == 0) node.unsupported("has statistics per element (spatial = 0)");
  if (node.rank(0) < 2) node.invalid("needs a dim of channels");
  for (size_t i = 1; i < 5; ++i) {
    if (node.rank(i) != 1) node.invalid("its scale, bias, mean and variance must be vectors");
    e.equal(node.shape(0)[1], node.shape(i)[0], "channels and input " + std::to_string(i));
  }
  Value variance = wideOperand(node, 4);
  const DType type = graph::dtypeOf(variance.getType());
  Value deviation = e.emit<graph::SqrtOp>(
      e.binary<graph::AddOp>(variance, e.scalarLike(node.number("epsilon", 1e-5), variance)));
  Value factor = e.binary<graph::DivOp>(e.cast(node.value(1), type), deviation);
  Value offset = e.binary<graph::SubOp>(
      e.cast(node.value(2), type), e.binary<graph::MulOp>(e.cast(node.value(3), type), factor));
  Value x = wideOperand(node, 0);
  auto spread = [&](Value vector) {
    return perChannel(e, e.cast(vector, graph::dtypeOf(x.getType())), node.rank(0));
  };
  Value scaled = e.binary<graph::MulOp>(x, spread(factor));
  node.set(e.cast(e.binary<graph::AddOp>(scaled, spread(offset)), node.dtype(0)));
}

// Mean and variance over the spatial dims of each instance and channel.
void instanceNormalization(Node& node) {
  Emitter& e = node.emitter;
  if (node.rank(0) < 3) node.invalid("needs spatial dims");
  Value x = wideOperand(node, 0);
  for (size_t i : {1, 2}) {
    if (node.rank(i) != 1) node.invalid("its scale and bias must be vectors");
    e.equal(node.shape(0)[1], node.shape(i)[0], "channels and input " + std::to_string(i));
  }
  std::vector<int64_t> spatial;
  for (int64_t axis = 2; axis < node.rank(0); ++axis) spatial.push_back(axis);
  Value centred =
      e.binary<graph::SubOp>(x, e.emit<graph::ReduceOp>(x, graph::ReduceKind::mean, spatial, true));
  Value variance = e.emit<graph::ReduceOp>(e.binary<graph::MulOp>(centred, centred),
                                           graph::ReduceKind::mean, spatial, true);
  Value factor = e.emit<graph::RsqrtOp>(
      e.binary<graph::AddOp>(variance, e.scalarLike(node.number("epsilon", 1e-5), x)));
  Value scaled = e.binary<graph::MulOp>(e.binary<graph::MulOp>(centred, factor),
                                        perChannel(e, wideOperand(node, 1), node.rank(0)));
  Value shifted = e.binary<graph::AddOp>(scaled, perChannel(e, wideOperand(node, 2), node.rank(0)));
  node.set(e.cast(shifted, node.dtype(0)));
}

// x divided by its norm along an axis.
void lpNormalization(Node& node) {
  Emitter& e = node.emitter;
  const int64_t p = node.integer("p", 2), axis = node.axis(node.integer("axis", -1), node.rank(0));
  Value x = wideOperand(node, 0);
  if (p != 1 && p != 2) node.invalid("p must be 1 or 2");
  Value terms = p == 1 ? e.emit<graph::AbsOp>(x) : e.binary<graph::MulOp>(x, x);
  Value norm =
      e.emit<graph::ReduceOp>(terms, graph::ReduceKind::sum, llvm::ArrayRef<int64_t>(axis), true);
  if (p == 2) norm = e.emit<graph::SqrtOp>(norm);
  // A row whose norm is zero becomes zero.
  Value zero = e.scalarLike(0, norm);
  Value isZero = e.binary<graph::CompareOp>(norm, zero, graph::Predicate::eq);
  Value normal = e.emit<graph::SelectOp>(isZero, zero, e.binary<graph::DivOp>(x, norm));
  node.set(e.cast(normal, node.dtype(0)));
}

}  // namespace

std::vector<OpEntry> normalizationOps() {
  constexpr int kLast = kLastOpset;
  // stash_type: statistics are always in f32. momentum only concerns training.
  return {
      {"BatchNormalization", 7, kLast, 5, 5, "epsilon momentum training_mode spatial",
       batchNormalization},
      {"InstanceNormalization", 7, kLast, 3, 3, "epsilon", instanceNormalization},
      {"LayerNormalization", 17, kLast, 2, 3, "axis epsilon stash_type", layerNormalization},
      {"LogSoftmax", 7, kLast, 1, 1, "axis", softmax<true>},
      {"LpNormalization", 7, kLast, 1, 1, "axis p", lpNormalization},
      {"RMSNormalization", 23, kLast, 2, 2, "axis epsilon stash_type", rmsNormalization},
      {"Softmax", 7, kLast, 1, 1, "axis", softmax<false>},
      // Contributed ops that ONNX Runtime puts into the default domain.
      {"LayerNormalization", 7, 16, 2, 3, "axis epsilon stash_type", layerNormalization},
      {"SimplifiedLayerNormalization", 7, kLast, 2, 2, "axis epsilon stash_type", rmsNormalization},
      {"SimplifiedLayerNormalization", 1, 1, 2, 2, "axis epsilon stash_type", rmsNormalization,
       "com.microsoft"},
  };
}

}  // namespace mlc::onnx_import
