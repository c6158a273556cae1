// Ops that move elements without computing on them.
#ifndef MLC_GRAPH_MOVEMENT
#define MLC_GRAPH_MOVEMENT
include "compiler/dialect/graph/graph_base.td"

def Graph_TransposeOp : Graph_InferredOp<"transpose", [Graph_Movement, Graph_Linear]> {
  let summary = "Result dim i is input dim permutation[i].";
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$permutation);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_ReshapeOp : Graph_StatedOp<"reshape", [Graph_View, Graph_Linear]> {
  let summary = "Same elements in row-major order, the shape stated by the result type.";
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_BroadcastOp : Graph_StatedOp<"broadcast", [Graph_Movement, Graph_Linear]> {
  let summary = "Numpy broadcast to the result type's shape.";
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_SliceOp : Graph_StatedOp<"slice", [Graph_Movement, Graph_TakesPart]> {
  let summary = "result[i...] = input[starts + i * steps ...]; sizes are the result type's. Steps may be negative.";
  let arguments = (ins AnyRankedTensor:$input, Graph_DimsAttr:$starts, DenseI64ArrayAttr:$steps);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_PadModeAttr : I32EnumAttr<"PadMode", "what padding holds", [
    I32EnumAttrCase<"constant", 0>, I32EnumAttrCase<"reflect", 1>, I32EnumAttrCase<"edge", 2>]> { let cppNamespace = "::mlc::graph"; }
def Graph_PadOp : Graph_InferredOp<"pad", [Graph_Movement]> {
  let summary = "Adds low and high elements at the ends of each dim (not negative: that is a slice). value is a scalar of the element type.";
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$value, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high, Graph_PadModeAttr:$mode);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_ConcatOp : Graph_InferredOp<"concat", [Graph_Movement, Graph_Linear]> {
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_GatherOp : Graph_InferredOp<"gather", [Graph_Movement, Graph_TakesPart]> {
  let summary = "ONNX Gather: result = input[.., indices, ..] at axis; negative indices count from the end.";
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$indices, I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_GatherElementsOp : Graph_InferredOp<"gather_elements", [Graph_Movement, Graph_TakesPart]> {
  let summary = "result[i0, .., i_axis, ..] = input[i0, .., indices[i...], ..]; negative indices count from the end.";
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$indices, I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_IotaOp : Graph_StatedOp<"iota", [Graph_Movement]> {
  let summary = "The index along axis, in the result's element type.";
  let arguments = (ins I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
}
#endif
