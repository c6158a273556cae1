#include "compiler/import/onnx/ops/contraction.h"

#include <algorithm>

using mlir::Value;

namespace mlc::onnx_import {
namespace {

// Sums over the dims whose letters are in neither of the others.
Value sumLonely(Emitter& e, Value value, std::string& letters, const std::string& other,
                const std::string& result) {
  std::vector<int64_t> axes;
  std::string kept;
  for (size_t i = 0; i < letters.size(); ++i) {
    const bool used =
        other.find(letters[i]) != std::string::npos || result.find(letters[i]) != std::string::npos;
    if (used) {
      kept += letters[i];
    } else {
      axes.push_back(static_cast<int64_t>(i));
    }
  }
  letters = kept;
  return axes.empty() ? value : e.emit<graph::ReduceOp>(value, graph::ReduceKind::sum, axes, false);
}

}  // namespace

Value contract(Node& node, Value a, Value b, std::string aLetters, std::string bLetters,
               const std::string& result) {
  Emitter& e = node.emitter;
  const DType type = graph::dtypeOf(a.getType());
  if (type == DType::kI32 || type == DType::kI64 || type == DType::kU32 || type == DType::kU64) {
    node.unsupported("multiplies matrices of " + std::string(dtypeName(type)));
  }
  a = sumLonely(e, a, aLetters, bLetters, result);
  b = sumLonely(e, b, bLetters, aLetters, result);
  graph::Shape aShape = graph::shapeOf(a), bShape = graph::shapeOf(b);
  for (size_t i = 0; i < aLetters.size(); ++i) {
    const size_t j = bLetters.find(aLetters[i]);
    if (j == std::string::npos) continue;
    aShape[i] = e.equal(aShape[i], bShape[j], "sizes of dims that are multiplied");
    bShape[j] = aShape[i];
  }
  a = e.reshape(a, aShape);
  b = e.reshape(b, bShape);
  return e.emit<graph::ContractOp>(a, b, aLetters + "," + bLetters + "->" + result);
}

Value matmul(Node& node, Value a, Value b) {
  Emitter& e = node.emitter;
  graph::Shape aShape = graph::shapeOf(a), bShape = graph::shapeOf(b);
  if (aShape.empty() || bShape.empty()) node.invalid("multiplies a scalar as a matrix");
  const size_t aBatch = aShape.size() > 2 ? aShape.size() - 2 : 0,
               bBatch = bShape.size() > 2 ? bShape.size() - 2 : 0;
  const size_t batch = std::max(aBatch, bBatch);
  // Batch dims that may be 1 are broadcast before; static ones of 1 need not be.
  const graph::Shape batchShape = e.meet(llvm::ArrayRef<DimExpr>(aShape).take_front(aBatch),
                                         llvm::ArrayRef<DimExpr>(bShape).take_front(bBatch));
  auto spread = [&](Value& value, graph::Shape& shape, size_t own) {
    graph::Shape whole = batchShape;
    whole.append(shape.begin() + static_cast<int64_t>(own), shape.end());
    value = e.stretched(value, whole);
    shape = graph::shapeOf(value);
  };
  spread(a, aShape, aBatch);
  spread(b, bShape, bBatch);
  // One letter per batch dim, from 'a' on; rows, columns and the summed dim have fixed ones after
  // them.
  constexpr char kRow = 'x', kColumn = 'y', kSummed = 'z';
  if (batch > 20) node.unsupported("has a rank above 22");
  graph::Shape aKept, bKept;
  std::string aLetters, bLetters, result;
  for (size_t i = 0; i < batch; ++i) {
    const char letter = static_cast<char>('a' + i);
    const bool inA = i + aBatch >= batch, inB = i + bBatch >= batch;
    const DimExpr aDim = inA ? aShape[i + aBatch - batch] : DimExpr(1);
    const DimExpr bDim = inB ? bShape[i + bBatch - batch] : DimExpr(1);
    // A dim of 1 that stretches is dropped; if both are 1, the first operand keeps it.
    const bool keepB = inB && !(bDim.constant() == 1 && inA);
    const bool keepA = inA && !(aDim.constant() == 1 && keepB && !(bDim == aDim));
    if (keepA) {
      aKept.push_back(aDim);
      aLetters += letter;
    }
    if (keepB) {
      bKept.push_back(bDim);
      bLetters += letter;
    }
    result += letter;
  }
  if (aShape.size() > 1) {
    aKept.push_back(aShape[aShape.size() - 2]);
    aLetters += kRow;
    result += kRow;
  }
  aKept.push_back(aShape.back());
  aLetters += kSummed;
  bKept.push_back(bShape.size() > 1 ? bShape[bShape.size() - 2] : bShape.back());
  bLetters += kSummed;
  if (bShape.size() > 1) {
    bKept.push_back(bShape.back());
    bLetters += kColumn;
    result += kColumn;
  }
  return contract(node, e.reshape(a, aKept), e.reshape(b, bKept), aLetters, bLetters, result);
}

}  // namespace mlc::onnx_import
