// The op interfaces of the graph dialect.
#ifndef MLC_GRAPH_INTERFACES
#define MLC_GRAPH_INTERFACES

include "mlir/IR/OpBase.td"

// The three things that every later stage asks of an op, besides its result types (upstream InferTypeOpInterface), and what
// the runtime's library computes.

def ReferenceEvaluation : OpInterface<"ReferenceEvaluation"> {
  let cppNamespace = "::mlc::graph";
  let description = "The op's meaning, computed directly on host tensors. Slow and plain: the truth that all else is tested against.";
  let methods = [InterfaceMethod<
      "Computes the results. Shapes are those of the operands; fails with an error on the op for bad values.",
      "::llvm::LogicalResult", "evaluate",
      (ins "::llvm::ArrayRef<::mlc::HostTensor>":$operands, "const ::mlc::graph::EvaluationContext &":$context,
           "::llvm::SmallVectorImpl<::mlc::HostTensor> &":$results)>];
}

def Factored : OpInterface<"Factored"> {
  let cppNamespace = "::mlc::graph";
  let description = "The op's iteration dimensions and how operands and results are indexed by them (factors.h).";
  let methods = [InterfaceMethod<"", "::mlc::graph::OpFactors", "getFactors">];
}

def Work : OpInterface<"Work"> {
  let cppNamespace = "::mlc::graph";
  let description = "Arithmetic operations and bytes moved, as expressions of the symbols. An op whose work is not the default defines getWork().";
  let methods = [InterfaceMethod<"", "::mlc::graph::OpWork", "getWork", (ins), [{}], [{
    return ::mlc::graph::defaultWork($_op);
  }]>];
}

def LibraryCall : OpInterface<"LibraryCall"> {
  let cppNamespace = "::mlc::graph";
  let description = "An op that the function of its name in the runtime's library computes (runtime/library); operands and results are the op's.";
  let methods = [InterfaceMethod<"In the function's order.", "::llvm::SmallVector<int64_t>", "libraryAttributes">];
}

#endif
