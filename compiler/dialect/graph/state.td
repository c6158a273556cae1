// A program's memory: tensors that live from run to run.
#ifndef MLC_GRAPH_STATE
#define MLC_GRAPH_STATE
include "compiler/dialect/graph/graph_base.td"

def Graph_StateOp : Graph_Op<"state", [Pure, Graph_Leaf, Graph_StoredLeaf], Factored> {
  let summary = "The value that a state of the program has when a run begins, by name.";
  let description = [{
    Dim 0 is its length: a symbol, bound by the sequence that the run serves (0 in a new one). next: the length after the run. A state has one
    user, the append that grows it, or is passed to one block for that.
  }];
  let arguments = (ins StrAttr:$name, Graph_DimsAttr:$next);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$name `next` $next attr-dict `:` type($result)";
  let hasVerifier = 1;
}
def Graph_AppendOp : Graph_Op<"append", [
    Graph_HostOp, MemoryEffects<[MemWrite]>, DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "The state with the update's rows behind its own along dim 0, written in place: nothing of the state is copied.";
  let arguments = (ins AnyRankedTensor:$state, AnyRankedTensor:$update);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let extraClassDeclaration = OwnWork;
}
#endif
