#include <cmath>

#include "tests/equivalence/motifs.h"

namespace mlc::equivalence {
namespace {

struct Heads {
  DimExpr batch, seq;
  int64_t width, queryHeads, keyHeads, depth;
};

Value product(GraphWriter& w, Value x, int64_t inputs, int64_t outputs) {
  return w.contract("bsd,de->bse", x, w.matrix({inputs, outputs}, inputs));
}

// Query, key and value, [batch, seq, heads * depth] each: of a weight each, or of one that is cut.
std::vector<Value> projections(GraphWriter& w, const Heads& heads, Value x) {
  const int64_t sizes[] = {heads.queryHeads * heads.depth, heads.keyHeads * heads.depth,
                           heads.keyHeads * heads.depth};
  std::vector<Value> results;
  if (!w.random().oneIn(3)) {
    for (int64_t size : sizes) results.push_back(product(w, x, heads.width, size));
    return results;
  }
  Value all = product(w, x, heads.width, sizes[0] + 2 * sizes[1]);
  int64_t start = 0;
  for (int64_t size : sizes) {
    results.push_back(w.slice(all, 2, start, size, 1));
    start += size;
  }
  return results;
}

// 0 where the mask is 1, much less where it is 0, for [batch, heads, queries, keys].
Value addend(GraphWriter& w, const Heads& heads, Value mask) {
  Value inverse =
      w.make<graph::SubOp>(w.reshape(mask, {heads.batch, 1, 1, heads.seq}), w.scalar(1));
  return w.make<graph::MulOp>(inverse, w.scalar(20));
}

Value oneOp(GraphWriter& w, const Heads& heads, const std::vector<Value>& qkv, Value mask) {
  std::vector<Value> parts;
  for (int i = 0; i < 3; ++i) {
    const int64_t count = i == 0 ? heads.queryHeads : heads.keyHeads;
    parts.push_back(w.transpose(
        w.reshape(qkv[static_cast<size_t>(i)], {heads.batch, heads.seq, count, heads.depth}),
        {0, 2, 1, 3}));
  }
  const double scale = 1 / std::sqrt(static_cast<double>(heads.depth));
  Value mixed =
      w.make<graph::AttentionOp>(parts[0], parts[1], parts[2], mask, Value(), llvm::APFloat(scale),
                                 mlir::FloatAttr(), w.random().oneIn(3));
  return w.transpose(mixed, {0, 2, 1, 3});
}

Value spelledOut(GraphWriter& w, const Heads& heads, const std::vector<Value>& qkv, Value mask) {
  std::vector<Value> parts;
  for (Value part : qkv)
    parts.push_back(w.reshape(part, {heads.batch, heads.seq, heads.queryHeads, heads.depth}));
  const bool isTransposed = w.random().oneIn(2);
  Value scores;
  if (isTransposed) {
    scores = w.contract("bhsd,bhdt->bhst", w.transpose(parts[0], {0, 2, 1, 3}),
                        w.transpose(parts[1], {0, 2, 3, 1}));
  } else {
    scores = w.contract("bshd,bthd->bhst", parts[0], parts[1]);
  }
  Value scale = w.scalar(std::sqrt(static_cast<double>(heads.depth)));
  scores = w.make<graph::DivOp>(scores, scale);
  if (mask) scores = w.make<graph::AddOp>(scores, mask);
  Value weights = w.make<graph::SoftmaxOp>(scores, uint64_t{3});
  if (!isTransposed) return w.contract("bhst,bthd->bshd", weights, parts[2]);
  return w.transpose(w.contract("bhst,bhtd->bhsd", weights, w.transpose(parts[2], {0, 2, 1, 3})),
                     {0, 2, 1, 3});
}

}  // namespace

Value attention(GraphWriter& w, const Surroundings& s, Value x) {
  if (rankOf(x) != 3 || sizeOf(x, 2) == 0) return {};
  Random& random = w.random();
  const graph::Shape shape = shapeOf(x);
  Heads heads{shape[0], shape[1], sizeOf(x, 2), random.between(1, 7), 0, random.between(1, 4)};
  const bool isOneOp = random.oneIn(3);
  heads.keyHeads = heads.queryHeads;
  if (isOneOp && heads.queryHeads % 2 == 0 && random.oneIn(2)) heads.keyHeads /= 2;
  const bool hasMask =
      s.mask && shapeOf(s.mask)[0] == shape[0] && shapeOf(s.mask)[1] == shape[1] && random.oneIn(2);
  Value mask = hasMask ? addend(w, heads, s.mask) : Value();
  const std::vector<Value> qkv = projections(w, heads, x);
  Value mixed = isOneOp ? oneOp(w, heads, qkv, mask) : spelledOut(w, heads, qkv, mask);
  const int64_t inner = heads.queryHeads * heads.depth;
  Value merged = w.reshape(mixed, {heads.batch, heads.seq, inner});
  return w.make<graph::AddOp>(product(w, merged, inner, heads.width), x);
}

}  // namespace mlc::equivalence
