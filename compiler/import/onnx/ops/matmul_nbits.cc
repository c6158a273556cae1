// com.microsoft's MatMulNBits: a product with a constant matrix whose columns are quantized in
// blocks (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md).
#include "compiler/import/onnx/op_table.h"
#include "compiler/import/onnx/ops/contraction.h"
#include "compiler/import/onnx/ops/weight_bytes.h"

using mlir::Value;

namespace mlc::onnx_import {
namespace {

// The unsigned type of that many bits.
DType storedType(Node& node, int64_t bits) {
  if (bits == 2) return DType::kU2;
  if (bits == 4) return DType::kU4;
  if (bits == 8) return DType::kU8;
  node.unsupported("has weights of " + std::to_string(bits) + " bits");
}

// The first `columns` columns of a matrix.
Value firstColumns(Emitter& e, Value matrix, int64_t rows, int64_t columns) {
  if (graph::shapeOf(matrix)[1] == DimExpr(columns)) return matrix;
  return e.emitStated<graph::SliceOp>(
      e.type({DimExpr(rows), DimExpr(columns)}, graph::dtypeOf(matrix.getType())), matrix,
      graph::dimsAttr(matrix.getContext(), {DimExpr(0), DimExpr(0)}),
      llvm::ArrayRef<int64_t>{1, 1});
}

// Input 1 is [N, blocks, bytes of a block], scales are [N, blocks], and the zero points of a column
// fill whole bytes.
void matMulNBits(Node& node) {
  Emitter& e = node.emitter;
  const int64_t k = node.integer("K", 0), n = node.integer("N", 0);
  const int64_t block = node.integer("block_size", 0);
  const DType stored = storedType(node, node.integer("bits", 4));
  if (k <= 0 || n <= 0 || block < elementsPerByte(stored) || block % elementsPerByte(stored) != 0)
    node.invalid("has a bad K, N or block_size");
  if (node.has(4)) node.unsupported("reorders its rows (g_idx)");
  if (node.has(3) && node.dtype(3) != DType::kU8)
    node.unsupported("has zero points of type " + std::string(dtypeName(node.dtype(3))));
  const int64_t blocks = (k + block - 1) / block;
  const int64_t perByte = elementsPerByte(stored);
  const int64_t zeros = (blocks + perByte - 1) / perByte * perByte;

  Value weight = weightAs(node, 1, stored, {n, blocks * block});
  Value scales = weightAs(node, 2, node.dtype(2), {n, blocks});
  Value zero = node.has(3) ? weightAs(node, 3, stored, {n, zeros})
                           : e.scalar(1 << (dtypeBits(stored) - 1), stored);
  if (!weight || !scales || !zero) node.unsupported("has a weight that is not constant");
  if (node.has(3)) zero = firstColumns(e, zero, n, blocks);
  weight = firstColumns(e, weight, n, k);
  Value matrix = e.emitStated<graph::DequantizeOp>(e.type({DimExpr(n), DimExpr(k)}, node.dtype(0)),
                                                   weight, scales, zero, int64_t{1}, block);

  std::string rows;
  for (int64_t i = 0; i + 1 < node.rank(0); ++i) rows += static_cast<char>('a' + i);
  if (rows.size() > 20) node.unsupported("has a rank above 21");
  Value result = contract(node, node.value(0), matrix, rows + "z", "yz", rows + "y");
  if (node.has(5)) result = e.binary<graph::AddOp>(result, node.value(5));
  node.set(result);
}

}  // namespace

std::vector<OpEntry> matmulNBitsOps() {
  // accuracy_level allows less precision than f32, which is not used; prepacked weights of 0 are in
  // the op's own layout.
  return {{"MatMulNBits", 1, 1, 3, 6, "K N bits block_size accuracy_level", matMulNBits,
           "com.microsoft"}};
}

}  // namespace mlc::onnx_import
