#include <cmath>

#include "tests/equivalence/motifs.h"

namespace mlc::equivalence {
namespace {

constexpr int64_t kMostElements = 8000;

Value combined(GraphWriter& w, Value a, Value b) {
  switch (w.random().between(0, 6)) {
    case 0:
      return w.make<graph::SubOp>(a, b);
    case 1:
      return w.make<graph::MulOp>(a, w.make<graph::TanhOp>(b));
    case 2:
      return w.make<graph::MaxOp>(a, b);
    case 3:
      return w.make<graph::MinOp>(b, a);
    case 4:
      return w.make<graph::DivOp>(a,
                                  w.make<graph::AddOp>(w.make<graph::SigmoidOp>(b), w.scalar(0.5)));
    default:
      return w.make<graph::AddOp>(a, b);
  }
}

// x * Phi(x), by erf.
Value geluOfErf(GraphWriter& w, Value x) {
  Value erf = w.make<graph::ErfOp>(w.make<graph::DivOp>(x, w.scalar(std::sqrt(2.0))));
  Value sum = w.make<graph::AddOp>(erf, w.scalar(1));
  return w.make<graph::MulOp>(w.make<graph::MulOp>(x, sum), w.scalar(0.5));
}

Value geluOfTanh(GraphWriter& w, Value x) {
  Value cube = w.make<graph::MulOp>(w.make<graph::PowOp>(x, w.scalar(3)), w.scalar(0.044715));
  Value inner = w.make<graph::MulOp>(w.make<graph::AddOp>(x, cube), w.scalar(std::sqrt(2 / M_PI)));
  Value sum = w.make<graph::AddOp>(w.make<graph::TanhOp>(inner), w.scalar(1));
  return w.make<graph::MulOp>(w.make<graph::MulOp>(x, w.scalar(0.5)), sum);
}

}  // namespace

Value unary(GraphWriter& w, const Surroundings&, Value x) {
  switch (w.random().between(0, 9)) {
    case 0:
      return w.make<graph::AbsOp>(x);
    case 1:
      return w.make<graph::NegOp>(x);
    case 2:
      return w.make<graph::TanhOp>(x);
    case 3:
      return w.make<graph::SigmoidOp>(x);
    case 4:
      return w.make<graph::ExpOp>(w.make<graph::TanhOp>(x));
    case 5:
      return w.make<graph::SqrtOp>(w.make<graph::AddOp>(w.make<graph::AbsOp>(x), w.scalar(1)));
    case 6:
      return w.make<graph::LogOp>(w.make<graph::AddOp>(w.make<graph::MulOp>(x, x), w.scalar(0.5)));
    case 7:
      return w.make<graph::SinOp>(x);
    case 8:
      return w.make<graph::SiluOp>(x);
    default:
      return w.make<graph::ReluOp>(x);
  }
}

Value activation(GraphWriter& w, const Surroundings&, Value x) {
  switch (w.random().between(0, 5)) {
    case 0:
      return geluOfErf(w, x);
    case 1:
      return geluOfTanh(w, x);
    case 2:
      return w.make<graph::MulOp>(x, w.make<graph::SigmoidOp>(x));
    case 3:
      return w.make<graph::GeluOp>(x, w.random().oneIn(2));
    case 4:
      return w.make<graph::MaxOp>(x, w.scalar(0));
    default:
      return w.make<graph::ReluOp>(x);
  }
}

Value withWeight(GraphWriter& w, const Surroundings&, Value x) {
  std::vector<int64_t> shape;
  const size_t rank = static_cast<size_t>(rankOf(x)),
               first = static_cast<size_t>(w.random().between(0, rankOf(x)));
  for (size_t i = first; i < rank; ++i) {
    const int64_t size = sizeOf(x, i);
    shape.push_back(size == 0 || w.random().oneIn(4) ? 1 : size);
  }
  Value other = w.weight(shape, 1.0);
  return w.random().oneIn(2) ? combined(w, x, other) : combined(w, other, x);
}

Value withValue(GraphWriter& w, const Surroundings& s, Value x) {
  std::vector<Value> others;
  for (Value other : s.values) {
    if (other == x) continue;
    const StatusOr<graph::Shape> shape = graph::broadcastShapes(shapeOf(x), shapeOf(other));
    if (!shape.ok() || shape->size() > 5 || elementsOf(*shape, s.sizes) > kMostElements) continue;
    others.push_back(other);
  }
  return others.empty() ? Value() : combined(w, x, w.random().oneOfList(others));
}

Value masked(GraphWriter& w, const Surroundings& s, Value x) {
  if (!s.mask || rankOf(x) < 2) return {};
  const graph::Shape shape = shapeOf(x), mask = shapeOf(s.mask);
  if (!(shape[0] == mask[0]) || !(shape[1] == mask[1])) return {};
  graph::Shape aligned = mask;
  aligned.resize(shape.size(), DimExpr(1));
  Value fits = w.reshape(s.mask, aligned);
  if (w.random().oneIn(2)) return w.make<graph::MulOp>(x, fits);
  Value isSet = w.make<graph::CompareOp>(fits, w.scalar(0.5), graph::Predicate::gt);
  return w.make<graph::SelectOp>(isSet, x,
                                 w.random().oneIn(2) ? w.scalar(-1) : w.make<graph::NegOp>(x));
}

}  // namespace mlc::equivalence
