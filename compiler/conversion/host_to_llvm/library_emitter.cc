// Calls of the runtime's library. Each waits for the team before and after.
#include "compiler/conversion/dim_to_arith/dim_to_arith.h"
#include "compiler/conversion/host_to_llvm/function_emitter.h"
#include "compiler/dialect/graph/node_name.h"
#include "compiler/dialect/graph/shape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace mlc::conversion {

using mlir::Value;

static_assert(sizeof(MlcTensor) == 24);

// The dims as an array of i64.
Value FunctionEmitter::dimsOnStack(llvm::ArrayRef<DimExpr> dims) {
  Value slots = slotsOnStack(std::max<int64_t>(static_cast<int64_t>(dims.size()), 1));
  for (auto [i, dim] : llvm::enumerate(dims)) abi_.storeAt(slots, i * sizeof(int64_t), bytes(dim));
  return slots;
}

// An array of MlcTensor.
Value FunctionEmitter::describeTensors(mlir::ValueRange tensors) {
  const auto words = static_cast<int64_t>(tensors.size() * sizeof(MlcTensor) / sizeof(int64_t));
  Value array = slotsOnStack(std::max<int64_t>(words, 1));
  for (auto [i, tensor] : llvm::enumerate(tensors)) {
    const size_t at = i * sizeof(MlcTensor);
    const graph::Shape shape = graph::shapeOf(tensor);
    abi_.storeAt(array, at + offsetof(MlcTensor, data), pointer(tensor));
    abi_.storeAt(array, at + offsetof(MlcTensor, dims), dimsOnStack(shape));
    abi_.storeAt(array, at + offsetof(MlcTensor, rank),
                 abi_.i32(static_cast<int64_t>(shape.size())));
    abi_.storeAt(array, at + offsetof(MlcTensor, type),
                 abi_.i32(static_cast<int64_t>(graph::dtypeOf(tensor.getType()))));
  }
  return array;
}

namespace {

// What library function strings takes: each text behind its size.
std::string packedTexts(graph::StringsOp op) {
  std::string bytes;
  for (auto text : op.getTexts().getAsRange<mlir::StringAttr>()) {
    const auto size = static_cast<int64_t>(text.size());
    bytes.append(reinterpret_cast<const char*>(&size), sizeof(size));
    bytes += text.getValue();
  }
  return bytes;
}

}  // namespace

Value FunctionEmitter::libraryAttributes(graph::LibraryCall op) {
  if (auto strings = mlir::dyn_cast<graph::StringsOp>(op.getOperation())) {
    Value slot = slotsOnStack(1);
    abi_.storeAt(slot, 0, message(packedTexts(strings)));
    return slot;
  }
  const llvm::SmallVector<int64_t> attributes = op.libraryAttributes();
  return dimsOnStack(llvm::SmallVector<DimExpr>(attributes.begin(), attributes.end()));
}

void FunctionEmitter::emitLibraryCall(graph::LibraryCall op) {
  const auto operands = static_cast<int64_t>(op->getNumOperands());
  const auto results = static_cast<int64_t>(op->getNumResults());
  abi_.callRuntime(thread_, offsetof(MlcRuntime, call),
                   {message(op->getName().stripDialect()), message(graph::nodeNameOf(op)),
                    libraryAttributes(op), describeTensors(op->getOperands()), abi_.i64(operands),
                    describeTensors(op->getResults()), abi_.i64(results)});
  hazards_.clear();
}

}  // namespace mlc::conversion
