// Collectives of host functions: calls through the runtime's table. Each waits for the team before
// and after.
#include "compiler/conversion/host_to_llvm/function_emitter.h"
#include "compiler/dialect/graph/shape.h"
#include "llvm/ADT/StringSwitch.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace mlc::conversion {
namespace {

using mlir::Value;

int64_t axisId(llvm::StringRef axis) {
  return llvm::StringSwitch<int64_t>(axis)
      .Case("dp", MLC_AXIS_DP)
      .Case("pp", MLC_AXIS_PP)
      .Default(MLC_AXIS_TP);
}

int64_t reductionId(graph::ReduceKind kind) {
  switch (kind) {
    case graph::ReduceKind::max:
      return MLC_MAX;
    case graph::ReduceKind::min:
      return MLC_MIN;
    case graph::ReduceKind::prod:
      return MLC_PROD;
    default:
      return MLC_SUM;
  }
}

int64_t dtypeId(mlir::Type type) { return static_cast<int64_t>(graph::dtypeOf(type)); }

// Product of the dims before `dim`, and of those after it.
std::pair<DimExpr, DimExpr> aroundDim(Value tensor, int64_t dim) {
  graph::Shape shape = graph::shapeOf(tensor);
  return {graph::elementCount(llvm::ArrayRef(shape).take_front(dim)),
          graph::elementCount(llvm::ArrayRef(shape).drop_front(dim + 1))};
}

}  // namespace

void FunctionEmitter::emitAllReduce(dist::AllReduceOp op) {
  Value input = op.getInput(), result = op.getResult();
  copyTensor(result, input);
  if (hazards_.pending()) barrier();
  Value count = bytes(graph::elementCount(graph::shapeOf(result)));
  abi_.callRuntime(thread_, offsetof(MlcRuntime, all_reduce),
                   {abi_.i32(axisId(op.getAxis())), pointer(result), count,
                    abi_.i32(dtypeId(result.getType())), abi_.i32(reductionId(op.getKind()))});
}

void FunctionEmitter::emitAllGather(dist::AllGatherOp op) {
  if (hazards_.pending()) barrier();
  auto [outer, inner] = aroundDim(op.getInput(), op.getDim());
  Value sizes = slotsOnStack(static_cast<int64_t>(op.getSizes().size()));
  for (auto [i, size] : llvm::enumerate(op.getSizes())) {
    abi_.storeAt(sizes, i * sizeof(int64_t), bytes(inner * size));
  }
  abi_.callRuntime(thread_, offsetof(MlcRuntime, all_gather),
                   {abi_.i32(axisId(op.getAxis())), pointer(op.getInput()), pointer(op.getResult()),
                    bytes(outer), sizes, abi_.i32(dtypeId(op.getInput().getType()))});
}

void FunctionEmitter::emitReduceScatter(dist::ReduceScatterOp op) {
  if (hazards_.pending()) barrier();
  auto [outer, inner] = aroundDim(op.getInput(), op.getDim());
  Value sizes = slotsOnStack(static_cast<int64_t>(op.getSizes().size()));
  for (auto [i, size] : llvm::enumerate(op.getSizes())) {
    abi_.storeAt(sizes, i * sizeof(int64_t), bytes(inner * size));
  }
  abi_.callRuntime(thread_, offsetof(MlcRuntime, reduce_scatter),
                   {abi_.i32(axisId(op.getAxis())), pointer(op.getInput()), pointer(op.getResult()),
                    bytes(outer), sizes, abi_.i32(dtypeId(op.getInput().getType())),
                    abi_.i32(reductionId(op.getKind()))});
}

}  // namespace mlc::conversion
