#include <cstring>

#include "compiler/dialect/graph/evaluate/elements.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/graph/shape.h"

namespace mlc::graph {

llvm::LogicalResult StateOp::evaluate(llvm::ArrayRef<HostTensor>, const EvaluationContext& context,
                                      llvm::SmallVectorImpl<HostTensor>& results) {
  if (context.states) {
    const auto found = context.states->find(getName().str());
    if (found == context.states->end()) return emitError("has no value to begin with");
    results.push_back(found->second);
    return mlir::success();
  }
  std::vector<int64_t> shape;
  for (const DimExpr& dim : shapeOf(getResult())) {
    StatusOr<int64_t> size = dim.evaluate(context.symbols);
    if (!size.ok()) return emitError(size.status().message());
    shape.push_back(*size);
  }
  if (shape[0] != 0) return emitError("has no value to begin with");
  results.push_back(HostTensor::uninitialized(resultType(getResult()), shape));
  return mlir::success();
}

llvm::LogicalResult AppendOp::evaluate(llvm::ArrayRef<HostTensor> x, const EvaluationContext&,
                                       llvm::SmallVectorImpl<HostTensor>& results) {
  std::vector<int64_t> shape = x[0].shape();
  shape[0] += x[1].shape()[0];
  HostTensor result = HostTensor::uninitialized(x[0].dtype(), shape);
  char* to = static_cast<char*>(result.raw());
  if (x[0].bytes() > 0) std::memcpy(to, x[0].raw(), x[0].bytes());
  if (x[1].bytes() > 0) std::memcpy(to + x[0].bytes(), x[1].raw(), x[1].bytes());
  results.push_back(std::move(result));
  return mlir::success();
}

}  // namespace mlc::graph
