// Reductions along dims, and scans.
#ifndef MLC_GRAPH_REDUCE
#define MLC_GRAPH_REDUCE
include "compiler/dialect/graph/graph_base.td"

def Graph_ReduceKindAttr : I32EnumAttr<"ReduceKind", "how elements combine", [
    I32EnumAttrCase<"sum", 0>, I32EnumAttrCase<"mean", 1>, I32EnumAttrCase<"max", 2>,
    I32EnumAttrCase<"min", 3>, I32EnumAttrCase<"prod", 4>]> {
  let cppNamespace = "::mlc::graph";
}
def Graph_ReduceOp : Graph_InferredOp<"reduce", [Graph_FusesProducers]> {
  let arguments = (ins AnyRankedTensor:$input, Graph_ReduceKindAttr:$kind, DenseI64ArrayAttr:$axes,
                       DefaultValuedAttr<BoolAttr, "false">:$keep_dims);
  let results = (outs AnyRankedTensor:$result);
  let extraClassDeclaration = OwnWork;
}
def Graph_ArgReduceOp : Graph_InferredOp<"arg_reduce"> {
  let summary = "Index (i64) of the maximum or minimum along an axis; the first, or the last if asked for.";
  let arguments = (ins AnyRankedTensor:$input, Graph_ReduceKindAttr:$kind, I64Attr:$axis,
                       DefaultValuedAttr<BoolAttr, "false">:$keep_dims, DefaultValuedAttr<BoolAttr, "false">:$select_last);
  let results = (outs AnyRankedTensor:$result);
  let extraClassDeclaration = OwnWork;
}
def Graph_CumSumOp : Graph_InferredOp<"cumsum"> {
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$axis, DefaultValuedAttr<BoolAttr, "false">:$exclusive,
                       DefaultValuedAttr<BoolAttr, "false">:$reverse);
  let results = (outs AnyRankedTensor:$result);
}
#endif
