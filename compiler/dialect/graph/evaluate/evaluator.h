// Evaluates whole functions of a graph module by the ops' reference evaluations.
#pragma once

#include <functional>

#include "compiler/dialect/graph/evaluation_context.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Operation.h"
#include "runtime/base/host_tensor.h"
#include "runtime/base/progress.h"

namespace mlc::graph {

// Evaluates an op that is not of the graph dialect (a collective); fails where it does not know it.
using ForeignOp = std::function<llvm::LogicalResult(mlir::Operation*, llvm::ArrayRef<HostTensor>,
                                                    llvm::SmallVectorImpl<HostTensor>&)>;

// The results of a function for these inputs. Dim symbols are bound from the inputs' shapes, in
// addition to those in `context`; follows func.call within the module. Shapes that contradict the
// stated types are errors on the op. Results have objects of their own where the context has none.
// Progress counts the function's ops.
mlir::FailureOr<llvm::SmallVector<HostTensor>> evaluateFunction(mlir::func::FuncOp function,
                                                                llvm::ArrayRef<HostTensor> inputs,
                                                                const EvaluationContext& context,
                                                                const ForeignOp& foreign = {},
                                                                const Progress& progress = {});

// Evaluates one op that has no regions.
mlir::FailureOr<llvm::SmallVector<HostTensor>> evaluateOp(mlir::Operation* op,
                                                          llvm::ArrayRef<HostTensor> operands,
                                                          const EvaluationContext& context);

}  // namespace mlc::graph
