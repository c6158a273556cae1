#include "tests/equivalence/motifs.h"

namespace mlc::equivalence {
namespace {

Value integer(GraphWriter& w, int64_t value) {
  HostTensor tensor = HostTensor::uninitialized(DType::kI64, {});
  *tensor.data<int64_t>() = value;
  return w.constant(tensor);
}

mlir::Type i64(GraphWriter& w) { return w.builder().getI64Type(); }

Value toFloat(GraphWriter& w, Value x) {
  return w.make<graph::CastOp>(graph::tensorType(shapeOf(x), w.f32()), x);
}

// Row i of a table for each index i of x's dim before the last.
Value rowsByPosition(GraphWriter& w, const Surroundings& s, Value x, int64_t columns) {
  const DimExpr positions = shapeOf(x)[static_cast<size_t>(rankOf(x) - 2)];
  Value iota = w.make<graph::IotaOp>(graph::tensorType({positions}, i64(w)), uint64_t{0});
  const int64_t rows = elementsOf({positions}, s.sizes) + w.random().between(0, 2);
  return w.make<graph::GatherOp>(w.weight({rows, columns}, 1.0), iota, uint64_t{0});
}

}  // namespace

Value withPositions(GraphWriter& w, const Surroundings& s, Value x) {
  const int64_t last = rankOf(x) < 2 ? 0 : sizeOf(x, static_cast<size_t>(rankOf(x) - 1));
  if (last < 2) return {};
  if (last % 2 != 0 || w.random().oneIn(2))
    return w.make<graph::AddOp>(x, rowsByPosition(w, s, x, last));
  Value cosines = w.make<graph::CosOp>(rowsByPosition(w, s, x, last / 2));
  Value sines = w.make<graph::SinOp>(rowsByPosition(w, s, x, last / 2));
  return w.make<graph::RotaryEmbeddingOp>(x, cosines, sines, w.random().oneIn(2));
}

Value withSize(GraphWriter& w, const Surroundings&, Value x) {
  if (rankOf(x) == 0) return {};
  const DimExpr size = w.random().oneOfList(shapeOf(x));
  Value number = w.make<graph::SizeOp>(graph::dimsAttr(w.builder().getContext(), {size}));
  return w.make<graph::DivOp>(x, toFloat(w, number));
}

Value withIndices(GraphWriter& w, const Surroundings& s, Value x) {
  if (!s.indices || rankOf(x) < 2) return {};
  const graph::Shape shape = shapeOf(x), own = shapeOf(s.indices);
  if (!(shape[0] == own[0]) || !(shape[1] == own[1])) return {};
  graph::Shape aligned = own;
  aligned.resize(shape.size(), DimExpr(1));
  Value indices = w.reshape(s.indices, aligned);
  if (w.random().oneIn(2)) {
    Value isSame = w.make<graph::CompareOp>(indices, integer(w, w.random().between(0, 2)),
                                            graph::Predicate::ne);
    return w.make<graph::MulOp>(x, toFloat(w, isSame));
  }
  Value other = w.make<graph::ModOp>(
      w.make<graph::AddOp>(w.make<graph::MulOp>(indices, integer(w, 2)), integer(w, 1)),
      integer(w, 3));
  return w.make<graph::AddOp>(x, toFloat(w, other));
}

Value pickedElements(GraphWriter& w, const Surroundings&, Value x) {
  const int64_t axis = staticDim(w.random(), x);
  if (axis < 0) return {};
  std::vector<int64_t> shape;
  int64_t elements = 1;
  for (int64_t i = 0; i < rankOf(x); ++i) {
    const int64_t size = i == axis ? w.random().between(1, 4) : sizeOf(x, static_cast<size_t>(i));
    if (size == 0) return {};
    elements *= size;
    shape.push_back(size);
  }
  if (elements > 100) return {};
  HostTensor indices = HostTensor::uninitialized(DType::kI64, shape);
  const int64_t size = sizeOf(x, static_cast<size_t>(axis));
  for (int64_t i = 0; i < elements; ++i)
    indices.data<int64_t>()[i] = w.random().between(-size, size - 1);
  return w.make<graph::GatherElementsOp>(x, w.constant(indices), static_cast<uint64_t>(axis));
}

}  // namespace mlc::equivalence
