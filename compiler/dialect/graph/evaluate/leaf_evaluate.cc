#include "compiler/dialect/graph/evaluate/elements.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"
#include "compiler/dialect/graph/weight_table.h"

namespace mlc::graph {

llvm::LogicalResult ConstantOp::evaluate(llvm::ArrayRef<HostTensor>, const EvaluationContext&,
                                         llvm::SmallVectorImpl<HostTensor>& results) {
  auto type = mlir::cast<mlir::RankedTensorType>(getType());
  HostTensor result = HostTensor::uninitialized(resultType(getResult()), type.getShape().vec());
  auto elements = mlir::cast<mlir::DenseElementsAttr>(getValue());
  int64_t i = 0;
  if (isFloat(result.dtype())) {
    for (const llvm::APFloat& value : elements.getValues<llvm::APFloat>()) {
      storeFloat(result, i++, value.convertToDouble());
    }
  } else {
    const bool zeroExtend = isUnsigned(result.dtype());
    for (const llvm::APInt& value : elements.getValues<llvm::APInt>()) {
      storeInteger(result, i++,
                   zeroExtend ? static_cast<int64_t>(value.getZExtValue()) : value.getSExtValue());
    }
  }
  results.push_back(std::move(result));
  return mlir::success();
}

llvm::LogicalResult WeightOp::evaluate(llvm::ArrayRef<HostTensor>, const EvaluationContext& context,
                                       llvm::SmallVectorImpl<HostTensor>& results) {
  if (!context.weights) return emitError("has no weight table to be read from");
  StatusOr<HostTensor> tensor = context.weights->load(getName().str());
  if (!tensor.ok()) return emitError(tensor.status().message());
  results.push_back(*std::move(tensor));
  return mlir::success();
}

llvm::LogicalResult SizeOp::evaluate(llvm::ArrayRef<HostTensor>, const EvaluationContext& context,
                                     llvm::SmallVectorImpl<HostTensor>& results) {
  StatusOr<int64_t> value = exprsOf(getExpr())[0].evaluate(context.symbols);
  if (!value.ok()) return emitError(value.status().message());
  HostTensor result = HostTensor::uninitialized(DType::kI64, {});
  storeInteger(result, 0, *value);
  results.push_back(std::move(result));
  return mlir::success();
}

}  // namespace mlc::graph
