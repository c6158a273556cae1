// Ops without operands.
#ifndef MLC_GRAPH_LEAF
#define MLC_GRAPH_LEAF
include "compiler/dialect/graph/graph_base.td"

def Graph_ConstantOp : Graph_InferredOp<"constant", [ConstantLike, Graph_Leaf, Graph_Parameter, Graph_ClonedLeaf], Factored> {
  let summary = "A small constant (at most 1 KiB); anything larger is a weight.";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$value attr-dict";
  let hasFolder = 1;
}
def Graph_WeightOp : Graph_Op<"weight", [Pure, Graph_Leaf, Graph_Parameter, Graph_StoredLeaf], Factored> {
  let summary = "An entry of the weight table, by name.";
  let arguments = (ins StrAttr:$name);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
  let hasVerifier = 1;
}
def Graph_SizeOp : Graph_InferredOp<"size", [Graph_Leaf, Graph_ClonedLeaf], Factored> {
  let summary = "The value of a dim expression, as a scalar i64 tensor.";
  let arguments = (ins Graph_DimsAttr:$expr);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$expr attr-dict `:` type($result)";
}
#endif
