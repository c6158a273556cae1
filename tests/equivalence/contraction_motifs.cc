#include <algorithm>

#include "tests/equivalence/motifs.h"

namespace mlc::equivalence {
namespace {

constexpr char kLetters[] = "abcdefgh";

std::string lettersOf(Value x) { return std::string(kLetters, static_cast<size_t>(rankOf(x))); }

int64_t features(Random& random) {
  return random.oneOf<int64_t>({1, 3, 4, 5, 6, 7, 8, 12, 15, 16, 20});
}

// x's last dim times a weight, with or without a bias.
Value project(GraphWriter& w, Value x, int64_t outputs) {
  const std::string letters = lettersOf(x), outer = letters.substr(0, letters.size() - 1);
  const int64_t inputs = sizeOf(x, letters.size() - 1);
  const bool isTransposed = w.random().oneIn(4);
  Value matrix = isTransposed ? w.transpose(w.matrix({outputs, inputs}, inputs), {1, 0})
                              : w.matrix({inputs, outputs}, inputs);
  Value result = w.contract(letters + "," + letters.back() + "z->" + outer + "z", x, matrix);
  return w.random().oneIn(2) ? w.make<graph::AddOp>(result, w.weight({outputs}, 0.5)) : result;
}

bool hasFeatures(Value x) {
  return rankOf(x) >= 2 && sizeOf(x, static_cast<size_t>(rankOf(x) - 1)) > 1;
}

}  // namespace

Value linear(GraphWriter& w, const Surroundings&, Value x) {
  Random& random = w.random();
  const int64_t axis = staticDim(random, x);
  if (axis < 0) return {};
  const int64_t inputs = sizeOf(x, static_cast<size_t>(axis)), outputs = features(random);
  std::string from = lettersOf(x), to = from;
  to[static_cast<size_t>(axis)] = 'z';
  // The new dim elsewhere.
  if (random.oneIn(4))
    std::swap(to[static_cast<size_t>(axis)],
              to[static_cast<size_t>(random.between(0, rankOf(x) - 1))]);
  const std::string k(1, from[static_cast<size_t>(axis)]);
  const bool isTransposed = random.oneIn(3), isSwapped = random.oneIn(5);
  Value matrix =
      isTransposed ? w.matrix({outputs, inputs}, inputs) : w.matrix({inputs, outputs}, inputs);
  const std::string of = isTransposed ? "z" + k : k + "z";
  return isSwapped ? w.contract(of + "," + from + "->" + to, matrix, x)
                   : w.contract(from + "," + of + "->" + to, x, matrix);
}

Value residualMlp(GraphWriter& w, const Surroundings& s, Value x) {
  if (!hasFeatures(x)) return {};
  const int64_t width = sizeOf(x, static_cast<size_t>(rankOf(x) - 1));
  Value inner = activation(w, s, project(w, x, features(w.random())));
  return w.make<graph::AddOp>(x, project(w, inner, width));
}

Value gatedMlp(GraphWriter& w, const Surroundings& s, Value x) {
  if (!hasFeatures(x)) return {};
  const int64_t width = sizeOf(x, static_cast<size_t>(rankOf(x) - 1)), inner = features(w.random());
  // Normalized: the product would grow from layer to layer.
  Value normalized = norm(w, s, x);
  Value gate = activation(w, s, project(w, normalized, inner));
  Value up = project(w, normalized, inner);
  return w.make<graph::AddOp>(x, project(w, w.make<graph::MulOp>(gate, up), width));
}

Value headwise(GraphWriter& w, const Surroundings& s, Value x) {
  if (!hasFeatures(x) || rankOf(x) > 3) return {};
  Random& random = w.random();
  const std::string letters = lettersOf(x), outer = letters.substr(0, letters.size() - 1),
                    k(1, letters.back());
  const int64_t width = sizeOf(x, letters.size() - 1);
  const int64_t heads = random.between(1, 5), depth = random.between(1, 4);
  Value split = w.contract(letters + "," + k + "yz->" + outer + "yz", x,
                           w.matrix({width, heads, depth}, width));
  if (random.oneIn(3)) return split;
  const std::string from = outer + "yz";
  return w.contract(from + ",yz" + k + "->" + letters, unary(w, s, split),
                    w.matrix({heads, depth, width}, heads * depth));
}

Value similarity(GraphWriter& w, const Surroundings&, Value x) {
  if (rankOf(x) != 3 || sizeOf(x, 2) == 0) return {};
  Value scores = w.contract("bsd,btd->bst", x, x);
  Value scaled = w.make<graph::MulOp>(scores, w.scalar(1.0 / static_cast<double>(sizeOf(x, 2))));
  if (w.random().oneIn(4)) return scaled;
  Value weights = w.make<graph::SoftmaxOp>(scaled, uint64_t{2});
  return w.random().oneIn(2) ? w.contract("bst,btd->bsd", weights, x)
                             : w.contract("btd,bst->bsd", x, weights);
}

}  // namespace mlc::equivalence
