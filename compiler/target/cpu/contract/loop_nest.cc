#include "compiler/target/cpu/contract/loop_nest.h"

namespace mlc::cpu {

using mlir::Value;

namespace {

bool joinable(const LoopDim& outer, const LoopDim& inner) {
  for (size_t i = 0; i < outer.strides.size(); ++i) {
    if (!(outer.strides[i] == inner.strides[i] * inner.size)) return false;
  }
  return true;
}

void collapseDims(LoopDims& dims) {
  LoopDims result;
  for (LoopDim& dim : dims) {
    if (dim.size == DimExpr(1)) continue;
    if (!result.empty() && joinable(result.back(), dim)) {
      dim.size = result.back().size * dim.size;
      result.back() = dim;
    } else {
      result.push_back(dim);
    }
  }
  dims = std::move(result);
}

// The static one of two sizes that must be equal, if there is one.
DimExpr preferred(const DimExpr& a, const DimExpr& b) { return b.isConstant() ? b : a; }

}  // namespace

void LoopNest::collapse() {
  for (LoopDims* dims : {&batch, &m, &n, &k}) collapseDims(*dims);
}

void LoopNest::swapSides() {
  std::swap(m, n);
  for (LoopDims* dims : {&batch, &m, &n, &k}) {
    for (LoopDim& dim : *dims) std::swap(dim.strides[kLhs], dim.strides[kRhs]);
  }
}

DimExpr sizeOf(const LoopDims& dims) {
  DimExpr size(1);
  for (const LoopDim& dim : dims) size = size * dim.size;
  return size;
}

Value offsetOf(KernelBuilder& k, const LoopDims& dims, Value index, int buffer) {
  Value offset = k.index(0);
  Value rest = index;
  for (size_t i = dims.size(); i-- > 0;) {
    Value position = rest;
    if (i > 0) {
      Value size = k.max(k.dim(dims[i].size), k.index(1));
      position = k.rem(rest, size);
      rest = k.div(rest, size);
    }
    if (dims[i].isBroadcast(buffer)) continue;
    offset = k.add(offset, k.mul(position, k.dim(dims[i].strides[buffer])));
  }
  return offset;
}

llvm::SmallVector<DimExpr, 4> stridesOf(llvm::ArrayRef<DimExpr> shape) {
  llvm::SmallVector<DimExpr, 4> strides(shape.size(), DimExpr(1));
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

llvm::SmallVector<DimExpr, 4> broadcastStrides(llvm::ArrayRef<DimExpr> operand,
                                               llvm::ArrayRef<DimExpr> shape) {
  llvm::SmallVector<DimExpr, 4> strides(shape.size(), DimExpr(0));
  const llvm::SmallVector<DimExpr, 4> own = stridesOf(operand);
  const size_t missing = shape.size() - operand.size();
  for (size_t i = 0; i < operand.size(); ++i) {
    if (!(operand[i] == DimExpr(1))) strides[missing + i] = own[i];
  }
  return strides;
}

LoopNest contractLoops(const graph::ContractEquation& equation, const graph::Shape& lhs,
                       const graph::Shape& rhs, llvm::ArrayRef<graph::Shape> epilogue,
                       bool rhsOrder) {
  const std::string order = rhsOrder ? equation.rhs + equation.result + equation.lhs
                                     : equation.result + equation.lhs + equation.rhs;
  auto dimOf = [](const std::string& letters, const graph::Shape& shape, char letter,
                  DimExpr otherwise) {
    const size_t at = letters.find(letter);
    return at == std::string::npos ? otherwise : shape[at];
  };
  auto sizeOfLetter = [&](char letter) {
    return preferred(dimOf(equation.lhs, lhs, letter, dimOf(equation.rhs, rhs, letter, 1)),
                     dimOf(equation.rhs, rhs, letter, dimOf(equation.lhs, lhs, letter, 1)));
  };
  // Strides from the sizes that all tensors agree on.
  auto stridesFor = [&](const std::string& letters) {
    graph::Shape shape;
    for (char letter : letters) shape.push_back(sizeOfLetter(letter));
    return stridesOf(shape);
  };
  graph::Shape result;
  for (char letter : equation.result) result.push_back(sizeOfLetter(letter));

  const auto lhsStrides = stridesFor(equation.lhs);
  const auto rhsStrides = stridesFor(equation.rhs);
  const auto outStrides = stridesFor(equation.result);
  llvm::SmallVector<llvm::SmallVector<DimExpr, 4>> epilogueStrides;
  for (const graph::Shape& shape : epilogue)
    epilogueStrides.push_back(broadcastStrides(shape, result));

  LoopNest nest;
  std::string seen;
  for (char letter : order) {
    if (seen.find(letter) != std::string::npos) continue;
    seen += letter;
    LoopDim dim{sizeOfLetter(letter), {}};
    auto stride = [&](const std::string& letters, llvm::ArrayRef<DimExpr> strides) {
      const size_t at = letters.find(letter);
      return at == std::string::npos ? DimExpr(0) : strides[at];
    };
    dim.strides = {stride(equation.lhs, lhsStrides), stride(equation.rhs, rhsStrides),
                   stride(equation.result, outStrides)};
    for (const auto& strides : epilogueStrides) {
      dim.strides.push_back(stride(equation.result, strides));
    }
    const bool inLhs = equation.inLhs(letter), inRhs = equation.inRhs(letter);
    LoopDims& group = !equation.inResult(letter) ? nest.k
                      : inLhs && inRhs           ? nest.batch
                      : inLhs                    ? nest.m
                                                 : nest.n;
    group.push_back(std::move(dim));
  }
  return nest;
}

}  // namespace mlc::cpu
