// Attention and rotary position embedding.
#include <cmath>
#include <limits>

#include "compiler/import/onnx/computed_sizes.h"
#include "compiler/import/onnx/node.h"
#include "compiler/import/onnx/op_table.h"
#include "compiler/import/onnx/ops/movement.h"

using mlir::Value;

namespace mlc::onnx_import {
namespace {

// [batch, length, heads * depth] to [batch, heads, length, depth].
Value splitHeads(Node& node, Value x, int64_t heads) {
  const graph::Shape s = graph::shapeOf(x);
  if (heads < 1) node.invalid("an input of rank 3 needs the number of heads as an attribute");
  node.emitter.assume(sizes::Relation::kDivisible, s[2], heads, "its last dim is cut into heads");
  Value split =
      node.emitter.reshape(x, {DimExpr(s[0]), s[1], DimExpr(heads), floorDiv(s[2], heads)});
  return node.emitter.transpose(split, {0, 2, 1, 3});
}

Value mergeHeads(Node& node, Value x) {
  const graph::Shape s = graph::shapeOf(x);
  return node.emitter.reshape(node.emitter.transpose(x, {0, 2, 1, 3}),
                              {DimExpr(s[0]), s[2], s[1] * s[3]});
}

// 0 where the bool condition holds, else -inf.
Value additiveMask(Node& node, Value keep, DType dtype) {
  Emitter& e = node.emitter;
  return e.emit<graph::SelectOp>(keep, e.scalar(0, dtype),
                                 e.scalar(-std::numeric_limits<double>::infinity(), dtype));
}

// Query i sees keys up to `past` + i, counted from the first.
Value causalMask(Node& node, const DimExpr& past, const DimExpr& queries, const DimExpr& keys,
                 DType dtype) {
  Emitter& e = node.emitter;
  Value row = e.emitStated<graph::IotaOp>(e.type({queries, DimExpr(1)}, DType::kI64), int64_t{0});
  if (!(past == DimExpr(0))) row = e.binary<graph::AddOp>(row, sizeValue(e, past));
  Value column = e.emitStated<graph::IotaOp>(e.type({DimExpr(1), keys}, DType::kI64), int64_t{1});
  return additiveMask(node, e.emit<graph::CompareOp>(column, row, graph::Predicate::le), dtype);
}

// Keys behind the end of a mask are not seen.
Value paddedMask(Node& node, Value mask, const DimExpr& keys, DType dtype) {
  Emitter& e = node.emitter;
  graph::Shape shape = graph::shapeOf(mask);
  if (shape.empty() || shape.back() == keys) return mask;
  e.assume(sizes::Relation::kAtLeast, keys, shape.back(), "its mask is longer than the keys");
  shape.back() = keys - shape.back();
  Value rest = e.broadcast(e.scalar(-std::numeric_limits<double>::infinity(), dtype), shape);
  const llvm::SmallVector<Value> parts = {mask, rest};
  return e.emit<graph::ConcatOp>(mlir::ValueRange(parts), static_cast<int64_t>(shape.size()) - 1);
}

Value withPast(Node& node, size_t input, Value present) {
  if (!node.has(input)) return present;
  Value past = node.value(input);
  if (node.rank(input) != 4)
    node.invalid("the past must have the dims [batch, heads, length, depth]");
  graph::Shape a = graph::shapeOf(past), b = graph::shapeOf(present);
  for (size_t dim : {0, 1, 3})
    a[dim] = b[dim] = node.emitter.equal(a[dim], b[dim], "past and present");
  const llvm::SmallVector<Value> parts = {node.emitter.reshape(past, a),
                                          node.emitter.reshape(present, b)};
  return node.emitter.emit<graph::ConcatOp>(mlir::ValueRange(parts), int64_t{2});
}

void attention(Node& node) {
  Emitter& e = node.emitter;
  if (node.number("softcap", 0) != 0) node.unsupported("has a softcap");
  if (node.has(6)) node.unsupported("has lengths of keys per batch (nonpad_kv_seqlen)");
  const bool flat = node.rank(0) == 3;
  const int64_t heads = node.integer("q_num_heads", 0), kvHeads = node.integer("kv_num_heads", 0);
  for (size_t i = 0; i < 3; ++i) {
    if (node.rank(i) != (flat ? 3 : 4))
      node.invalid("query, key and value must all have rank 3 or all rank 4");
  }
  Value query = flat ? splitHeads(node, node.value(0), heads) : node.value(0);
  Value key = flat ? splitHeads(node, node.value(1), kvHeads) : node.value(1);
  Value value = flat ? splitHeads(node, node.value(2), kvHeads) : node.value(2);
  key = withPast(node, 4, key);
  value = withPast(node, 5, value);
  graph::Shape q = graph::shapeOf(query), k = graph::shapeOf(key), v = graph::shapeOf(value);
  q[0] = e.equal(q[0], k[0], "batch of query and key");
  q[0] = k[0] = v[0] = e.equal(q[0], v[0], "batch of query and value");
  k[1] = v[1] = e.equal(k[1], v[1], "heads of key and value");
  k[2] = v[2] = e.equal(k[2], v[2], "length of key and value");
  q[3] = k[3] = e.equal(q[3], k[3], "depth of query and key");
  query = e.reshape(query, q);
  key = e.reshape(key, k);
  value = e.reshape(value, v);
  if (!q[3].isConstant()) node.unsupported("has a depth that is not constant");

  const DType dtype = node.dtype(0);
  Value mask;
  if (node.has(3)) {
    mask = node.value(3);
    mask = node.dtype(3) == DType::kBool ? additiveMask(node, mask, dtype) : e.cast(mask, dtype);
    if (node.opset() >= 24) mask = paddedMask(node, mask, k[2], dtype);
    mask = e.stretchedTo(mask, {DimExpr(q[0]), q[1], q[2], k[2]}, "its mask");
  }
  bool causal = node.integer("is_causal", 0) != 0;
  // The attention op counts from the last key: that is the same where the past and the queries are
  // all keys.
  const DimExpr past = node.has(4) ? node.shape(4)[2] : DimExpr(0);
  if (causal && !(past + q[2] == k[2])) {
    Value triangle = causalMask(node, past, q[2], k[2], dtype);
    mask = mask ? e.binary<graph::AddOp>(mask, triangle) : triangle;
    causal = false;
  }
  const double scale = node.hasAttribute("scale")
                           ? node.number("scale", 0)
                           : 1 / std::sqrt(static_cast<double>(*q[3].constant()));
  Value result = e.emit<graph::AttentionOp>(query, key, value, mask, Value(), llvm::APFloat(scale),
                                            mlir::FloatAttr(), causal,
                                            /*zero_masked=*/static_cast<bool>(mask));
  node.set(flat ? mergeHeads(node, result) : result);
  node.set(1, key);
  node.set(2, value);
}

void rotaryEmbedding(Node& node) {
  Emitter& e = node.emitter;
  const bool flat = node.rank(0) == 3;
  if (!flat && node.rank(0) != 4) node.invalid("needs an input of rank 3 or 4");
  Value x = flat ? splitHeads(node, node.value(0), node.integer("num_heads", 0)) : node.value(0);
  Value cos = node.value(1), sin = node.value(2);
  if (node.has(3)) {
    cos = e.emit<graph::GatherOp>(cos, node.value(3), int64_t{0});
    sin = e.emit<graph::GatherOp>(sin, node.value(3), int64_t{0});
  }
  // One for all heads.
  graph::Shape angles = graph::shapeOf(cos);
  if (angles.size() != 3) node.invalid("cos and sin must have the dims [batch, length, depth / 2]");
  angles.insert(angles.begin() + 1, DimExpr(1));
  cos = e.reshape(cos, angles);
  graph::Shape others = graph::shapeOf(sin);
  if (others.size() != 3) node.invalid("cos and sin must have the dims [batch, length, depth / 2]");
  others.insert(others.begin() + 1, DimExpr(1));
  sin = e.reshape(sin, others);
  graph::Shape shape = graph::shapeOf(x), half = shape;
  half.back() = angles.back();
  cos = e.stretchedTo(cos, half, "cos");
  sin = e.stretchedTo(sin, half, "sin");

  const int64_t rotated = node.integer("rotary_embedding_dim", 0);
  const bool interleaved = node.integer("interleaved", 0) != 0;
  Value result;
  if (rotated == 0 || shape.back() == DimExpr(rotated)) {
    result = e.emit<graph::RotaryEmbeddingOp>(x, cos, sin, interleaved);
  } else {
    Value head =
        e.emit<graph::RotaryEmbeddingOp>(sliceAxis(e, x, 3, 0, rotated), cos, sin, interleaved);
    const llvm::SmallVector<Value> parts = {head,
                                            sliceAxis(e, x, 3, rotated, shape.back() - rotated)};
    result = e.emit<graph::ConcatOp>(mlir::ValueRange(parts), int64_t{3});
  }
  node.set(flat ? mergeHeads(node, result) : result);
}

}  // namespace

std::vector<OpEntry> attentionOps() {
  constexpr int kLast = kLastOpset;
  // softmax_precision: always at least f32. qk_matmul_output_mode: that output is not taken.
  return {
      {"Attention", 23, kLast, 3, 7,
       "is_causal kv_num_heads q_num_heads qk_matmul_output_mode scale softcap softmax_precision",
       attention},
      {"RotaryEmbedding", 23, kLast, 3, 4, "interleaved num_heads rotary_embedding_dim",
       rotaryEmbedding},
  };
}

}  // namespace mlc::onnx_import
