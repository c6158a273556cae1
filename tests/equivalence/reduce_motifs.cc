#include "tests/equivalence/motifs.h"

namespace mlc::equivalence {
namespace {

// Large: what is normalized may be nearly constant, and its rounding errors grow by 1 /
// sqrt(epsilon).
constexpr double kEpsilon = 1e-2;

graph::ReduceKind randomKind(Random& random) {
  return random.oneOf<graph::ReduceKind>({graph::ReduceKind::sum, graph::ReduceKind::mean,
                                          graph::ReduceKind::mean, graph::ReduceKind::max,
                                          graph::ReduceKind::min});
}

std::vector<int64_t> randomAxes(Random& random, Value x) {
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < rankOf(x); ++i) {
    if (random.oneIn(3)) axes.push_back(i);
  }
  if (axes.empty()) axes.push_back(random.between(0, rankOf(x) - 1));
  return axes;
}

Value layerNormSpelledOut(GraphWriter& w, Value x, int64_t axis, Value scale, Value bias) {
  auto mean = [&](Value of) {
    return w.make<graph::ReduceOp>(of, graph::ReduceKind::mean, llvm::ArrayRef<int64_t>(axis),
                                   true);
  };
  Value difference = w.make<graph::SubOp>(x, mean(x));
  Value variance = mean(w.make<graph::PowOp>(difference, w.scalar(2)));
  Value deviation = w.make<graph::SqrtOp>(w.make<graph::AddOp>(variance, w.scalar(kEpsilon)));
  Value scaled = w.make<graph::MulOp>(w.make<graph::DivOp>(difference, deviation), scale);
  return bias ? w.make<graph::AddOp>(scaled, bias) : scaled;
}

Value rmsNormSpelledOut(GraphWriter& w, Value x, int64_t axis, Value scale) {
  Value squares = w.make<graph::ReduceOp>(w.make<graph::MulOp>(x, x), graph::ReduceKind::mean,
                                          llvm::ArrayRef<int64_t>(axis), true);
  Value factor = w.make<graph::RsqrtOp>(w.make<graph::AddOp>(squares, w.scalar(kEpsilon)));
  return w.make<graph::MulOp>(scale, w.make<graph::MulOp>(x, factor));
}

}  // namespace

Value softmax(GraphWriter& w, const Surroundings&, Value x) {
  if (rankOf(x) == 0) return {};
  const auto axis = static_cast<uint64_t>(w.random().between(0, rankOf(x) - 1));
  return w.make<graph::SoftmaxOp>(x, axis, w.random().oneIn(4));
}

Value norm(GraphWriter& w, const Surroundings&, Value x) {
  Random& random = w.random();
  const int64_t last = rankOf(x) - 1;
  if (last < 0 || sizeOf(x, static_cast<size_t>(last)) <= 1) return {};
  int64_t axis = last;
  std::vector<int64_t> shape = {sizeOf(x, static_cast<size_t>(last))};
  const bool isLayerNorm = random.oneIn(2), hasBias = isLayerNorm && random.oneIn(2),
             isSpelledOut = random.oneIn(3);
  if (!isSpelledOut && last > 0 && sizeOf(x, static_cast<size_t>(last - 1)) > 0 &&
      random.oneIn(4)) {
    axis = last - 1;
    shape.insert(shape.begin(), sizeOf(x, static_cast<size_t>(axis)));
  }
  Value scale = w.weight(shape, 1.5), bias = hasBias ? w.weight(shape, 0.5) : Value();
  if (isSpelledOut)
    return isLayerNorm ? layerNormSpelledOut(w, x, axis, scale, bias)
                       : rmsNormSpelledOut(w, x, axis, scale);
  const llvm::APFloat epsilon(kEpsilon);
  if (isLayerNorm)
    return w.make<graph::LayerNormOp>(x, scale, bias, static_cast<uint64_t>(axis), epsilon);
  return w.make<graph::RmsNormOp>(x, scale, static_cast<uint64_t>(axis), epsilon);
}

Value reduce(GraphWriter& w, const Surroundings&, Value x) {
  if (rankOf(x) < 2) return {};
  const std::vector<int64_t> axes = randomAxes(w.random(), x);
  if (static_cast<int64_t>(axes.size()) == rankOf(x)) return {};
  if (axes.size() == 1 && w.random().oneIn(6)) {
    return w.make<graph::CumSumOp>(x, static_cast<uint64_t>(axes[0]), w.random().oneIn(2),
                                   w.random().oneIn(2));
  }
  return w.make<graph::ReduceOp>(x, randomKind(w.random()), llvm::ArrayRef<int64_t>(axes),
                                 w.random().oneIn(2));
}

Value centered(GraphWriter& w, const Surroundings&, Value x) {
  if (rankOf(x) == 0) return {};
  const std::vector<int64_t> axes = randomAxes(w.random(), x);
  Value reduced =
      w.make<graph::ReduceOp>(x, randomKind(w.random()), llvm::ArrayRef<int64_t>(axes), true);
  return w.random().oneIn(2) ? w.make<graph::SubOp>(x, reduced)
                             : w.make<graph::MulOp>(x, w.make<graph::SigmoidOp>(reduced));
}

}  // namespace mlc::equivalence
