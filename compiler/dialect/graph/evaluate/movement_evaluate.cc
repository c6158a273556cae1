#include <algorithm>

#include "compiler/dialect/graph/evaluate/elements.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"

namespace mlc::graph {
namespace {

// The shape that a type states, for these symbols.
mlir::FailureOr<std::vector<int64_t>> statedShape(mlir::Operation* op,
                                                  const EvaluationContext& context) {
  std::vector<int64_t> shape;
  for (const DimExpr& dim : shapeOf(op->getResult(0))) {
    StatusOr<int64_t> value = dim.evaluate(context.symbols);
    if (!value.ok()) return op->emitError(value.status().message());
    shape.push_back(*value);
  }
  return shape;
}

int64_t countOf(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (int64_t dim : shape) count *= dim;
  return count;
}

}  // namespace

#define MLC_EVALUATE(Op)                                                                           \
  llvm::LogicalResult Op::evaluate(llvm::ArrayRef<HostTensor> x, const EvaluationContext& context, \
                                   llvm::SmallVectorImpl<HostTensor>& results)

MLC_EVALUATE(TransposeOp) {
  (void)context;
  const HostTensor& input = x[0];
  const Index strides = stridesOf(input.shape());
  std::vector<int64_t> shape;
  Index permuted;
  for (int64_t dim : getPermutation()) {
    shape.push_back(input.shape()[dim]);
    permuted.push_back(strides[dim]);
  }
  HostTensor result = HostTensor::uninitialized(input.dtype(), shape);
  forEachIndex(shape, [&](llvm::ArrayRef<int64_t> index, int64_t i) {
    copyElement(result, i, input, offsetOf(index, permuted));
  });
  results.push_back(std::move(result));
  return mlir::success();
}

MLC_EVALUATE(ReshapeOp) {
  mlir::FailureOr<std::vector<int64_t>> shape = statedShape(*this, context);
  if (mlir::failed(shape)) return mlir::failure();
  if (countOf(*shape) != x[0].numElements())
    return emitError("reshapes to another number of elements");
  results.push_back(x[0].reshaped(*shape));
  return mlir::success();
}

MLC_EVALUATE(BroadcastOp) {
  mlir::FailureOr<std::vector<int64_t>> shape = statedShape(*this, context);
  if (mlir::failed(shape)) return mlir::failure();
  HostTensor result = HostTensor::uninitialized(x[0].dtype(), *shape);
  forEachIndex(*shape, [&](llvm::ArrayRef<int64_t> index, int64_t i) {
    copyElement(result, i, x[0], broadcastOffset(index, x[0].shape()));
  });
  results.push_back(std::move(result));
  return mlir::success();
}

MLC_EVALUATE(SliceOp) {
  mlir::FailureOr<std::vector<int64_t>> shape = statedShape(*this, context);
  if (mlir::failed(shape)) return mlir::failure();
  const Index strides = stridesOf(x[0].shape());
  Index start;
  for (const DimExpr& expr : exprsOf(getStarts())) {
    StatusOr<int64_t> value = expr.evaluate(context.symbols);
    if (!value.ok()) return emitError(value.status().message());
    start.push_back(*value);
  }
  for (size_t d = 0; d < shape->size(); ++d) {
    if ((*shape)[d] == 0) continue;
    const int64_t last = start[d] + ((*shape)[d] - 1) * getSteps()[d];
    if (start[d] < 0 || last < 0 || start[d] >= x[0].shape()[d] || last >= x[0].shape()[d]) {
      return emitError("slices outside of its input");
    }
  }
  HostTensor result = HostTensor::uninitialized(x[0].dtype(), *shape);
  forEachIndex(*shape, [&](llvm::ArrayRef<int64_t> index, int64_t i) {
    int64_t offset = 0;
    for (size_t d = 0; d < index.size(); ++d) {
      offset += (start[d] + index[d] * getSteps()[d]) * strides[d];
    }
    copyElement(result, i, x[0], offset);
  });
  results.push_back(std::move(result));
  return mlir::success();
}

MLC_EVALUATE(PadOp) {
  (void)context;
  const HostTensor& input = x[0];
  std::vector<int64_t> shape = input.shape();
  for (size_t d = 0; d < shape.size(); ++d) shape[d] += getLow()[d] + getHigh()[d];
  const Index strides = stridesOf(input.shape());
  HostTensor result = HostTensor::uninitialized(input.dtype(), shape);
  forEachIndex(shape, [&](llvm::ArrayRef<int64_t> index, int64_t i) {
    int64_t offset = 0;
    bool inside = true;
    for (size_t d = 0; d < index.size(); ++d) {
      const int64_t size = input.shape()[d];
      int64_t at = index[d] - getLow()[d];
      if (getMode() == PadMode::edge) at = std::clamp<int64_t>(at, 0, size - 1);
      if (getMode() == PadMode::reflect) {
        if (at < 0) at = -at;
        if (at >= size) at = 2 * (size - 1) - at;
      }
      inside &= at >= 0 && at < size;
      offset += at * strides[d];
    }
    copyElement(result, i, inside ? input : x[1], inside ? offset : 0);
  });
  results.push_back(std::move(result));
  return mlir::success();
}

MLC_EVALUATE(ConcatOp) {
  (void)context;
  const auto axis = static_cast<size_t>(getAxis());
  std::vector<int64_t> shape = x[0].shape();
  shape[axis] = 0;
  for (const HostTensor& input : x) shape[axis] += input.shape()[axis];
  HostTensor result = HostTensor::uninitialized(x[0].dtype(), shape);
  const Index strides = stridesOf(shape);
  int64_t begin = 0;
  for (const HostTensor& input : x) {
    forEachIndex(input.shape(), [&](llvm::ArrayRef<int64_t> index, int64_t i) {
      copyElement(result, offsetOf(index, strides) + begin * strides[axis], input, i);
    });
    begin += input.shape()[axis];
  }
  results.push_back(std::move(result));
  return mlir::success();
}

MLC_EVALUATE(GatherOp) {
  (void)context;
  const HostTensor &input = x[0], &indices = x[1];
  const int64_t axis = getAxis(), size = input.shape()[axis];
  std::vector<int64_t> shape(input.shape().begin(), input.shape().begin() + axis);
  shape.insert(shape.end(), indices.shape().begin(), indices.shape().end());
  shape.insert(shape.end(), input.shape().begin() + axis + 1, input.shape().end());
  HostTensor result = HostTensor::uninitialized(input.dtype(), shape);
  int64_t outer = 1, inner = 1;
  for (int64_t d = 0; d < axis; ++d) outer *= input.shape()[d];
  for (size_t d = axis + 1; d < input.shape().size(); ++d) inner *= input.shape()[d];
  const int64_t count = indices.numElements();
  for (int64_t k = 0; k < count; ++k) {
    int64_t at = loadInteger(indices, k);
    if (at < 0) at += size;
    if (at < 0 || at >= size) {
      return emitError("index ") << loadInteger(indices, k) << " is outside of a dim of " << size;
    }
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t i = 0; i < inner; ++i) {
        copyElement(result, (o * count + k) * inner + i, input, (o * size + at) * inner + i);
      }
    }
  }
  results.push_back(std::move(result));
  return mlir::success();
}

MLC_EVALUATE(GatherElementsOp) {
  (void)context;
  const HostTensor &input = x[0], &indices = x[1];
  const int64_t axis = getAxis(), size = input.shape()[axis];
  const Index strides = stridesOf(input.shape());
  HostTensor result = HostTensor::uninitialized(input.dtype(), indices.shape());
  bool outside = false;
  forEachIndex(indices.shape(), [&](llvm::ArrayRef<int64_t> index, int64_t i) {
    int64_t at = loadInteger(indices, i);
    if (at < 0) at += size;
    if (at < 0 || at >= size) {
      outside = true;
      return;
    }
    Index source(index);
    source[axis] = at;
    copyElement(result, i, input, offsetOf(source, strides));
  });
  if (outside) return emitError("has an index outside of its dim");
  results.push_back(std::move(result));
  return mlir::success();
}

MLC_EVALUATE(IotaOp) {
  mlir::FailureOr<std::vector<int64_t>> shape = statedShape(*this, context);
  if (mlir::failed(shape)) return mlir::failure();
  HostTensor result = HostTensor::uninitialized(resultType(getResult()), *shape);
  forEachIndex(*shape, [&](llvm::ArrayRef<int64_t> index, int64_t i) {
    const int64_t value = index[getAxis()];
    if (isFloat(result.dtype())) {
      storeFloat(result, i, static_cast<double>(value));
    } else {
      storeInteger(result, i, value);
    }
  });
  results.push_back(std::move(result));
  return mlir::success();
}

}  // namespace mlc::graph
