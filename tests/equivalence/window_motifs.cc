#include "tests/equivalence/motifs.h"

namespace mlc::equivalence {
namespace {

using Sizes = llvm::SmallVector<int64_t, 2>;

struct Window {
  Sizes kernel, strides, padsLow, padsHigh;
};

bool isImage(Value x) {
  return rankOf(x) == 4 && sizeOf(x, 1) > 0 && sizeOf(x, 2) > 0 && sizeOf(x, 3) > 0;
}

// Each of its windows has an element of x.
Window randomWindow(Random& random, Value x) {
  Window window;
  for (size_t i = 2; i < 4; ++i) {
    const int64_t kernel = random.between(1, std::min<int64_t>(3, sizeOf(x, i)));
    window.kernel.push_back(kernel);
    window.strides.push_back(random.between(1, 2));
    window.padsLow.push_back(kernel > 1 ? random.between(0, 1) : 0);
    window.padsHigh.push_back(kernel > 1 ? random.between(0, 1) : 0);
  }
  return window;
}

}  // namespace

Value convolution(GraphWriter& w, const Surroundings&, Value x) {
  if (!isImage(x)) return {};
  Random& random = w.random();
  const int64_t channels = sizeOf(x, 1);
  std::vector<int64_t> divisors;
  for (int64_t i = 1; i <= channels; ++i) {
    if (channels % i == 0) divisors.push_back(i);
  }
  const int64_t groups = random.oneIn(2) ? 1 : random.oneOfList(divisors);
  const int64_t outputs = groups * random.between(1, groups > 2 ? 2 : 7);
  const Window window = randomWindow(random, x);
  Value filter = w.matrix({outputs, channels / groups, window.kernel[0], window.kernel[1]},
                          channels / groups * window.kernel[0] * window.kernel[1]);
  Value bias = random.oneIn(2) ? w.weight({outputs}, 0.5) : Value();
  Value result = w.make<graph::ConvOp>(x, filter, bias, window.strides, window.padsLow,
                                       window.padsHigh, Sizes{1, 1}, static_cast<uint64_t>(groups));
  return random.oneIn(2) ? w.make<graph::ReluOp>(result) : result;
}

Value pooling(GraphWriter& w, const Surroundings&, Value x) {
  if (!isImage(x)) return {};
  if (w.random().oneIn(4)) {
    return w.make<graph::ReduceOp>(x, graph::ReduceKind::mean, Sizes{2, 3}, w.random().oneIn(2));
  }
  const Window window = randomWindow(w.random(), x);
  const auto kind = w.random().oneIn(2) ? graph::PoolKind::max : graph::PoolKind::average;
  return w.make<graph::PoolOp>(x, kind, window.kernel, window.strides, window.padsLow,
                               window.padsHigh, Sizes{1, 1}, w.random().oneIn(2));
}

}  // namespace mlc::equivalence
