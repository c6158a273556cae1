// Ops whose results' sizes depend on data, and the op that makes such a size a symbol.
#ifndef MLC_GRAPH_DATA_DEPENDENT
#define MLC_GRAPH_DATA_DEPENDENT
include "compiler/dialect/graph/graph_base.td"

def Graph_DefineSizeOp : Graph_Op<"define_size", [Graph_HostOp, Graph_Unsplit], Factored> {
  let summary = "Binds a symbol to a value that the program has computed.";
  let description = [{
    value: scalar i64. Types and attributes of ops behind it, in its block and the regions nested there, may use the symbol. The run fails,
    with `what` in the message, where the value is negative or above `most` (one expression); the symbol is 0 then.
  }];
  let arguments = (ins AnyRankedTensor:$value, StrAttr:$symbol, StrAttr:$what, OptionalAttr<Graph_DimsAttr>:$most);
  let assemblyFormat = "$symbol `=` $value `,` $what (`at_most` $most^)? `:` type($value) attr-dict";
  let hasVerifier = 1;
}

// Computed by a function of the runtime's library. Results whose sizes depend on data are as large as they can become; a scalar i64 `count`
// says how much of them is filled.
class Graph_LibraryOp<string mnemonic, list<Trait> traits = [], Trait factored = DeclareOpInterfaceMethods<Factored>>
    : Graph_InferredOp<mnemonic, traits # [Graph_HostOp, DeclareOpInterfaceMethods<LibraryCall>], factored>;

def Graph_TopKOp : Graph_LibraryOp<"top_k"> {
  let summary = "The k largest or smallest elements along an axis, in order, and where they are; of equal ones the first; NaN is largest.";
  let arguments = (ins AnyRankedTensor:$input, Graph_DimsAttr:$k, I64Attr:$axis, DefaultValuedAttr<BoolAttr, "true">:$largest);
  let results = (outs AnyRankedTensor:$values, AnyRankedTensor:$indices);
}
def Graph_NonZeroOp : Graph_LibraryOp<"non_zero", [Graph_Unsplit], Factored> {
  let summary = "The indices i64 [rank, elements] of elements that are not zero, in row-major order.";
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$indices, AnyRankedTensor:$count);
}
def Graph_UniqueOp : Graph_LibraryOp<"unique", [Graph_Unsplit], Factored> {
  let summary = "The different slices along an axis (-1: elements), sorted or in the order of their first occurrence.";
  let description = [{
    values; first: where each occurs first; inverse: for each slice of the input, which of the values it is (always filled); counts: how often each occurs.
    NaNs are equal to each other and sort last.
  }];
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$axis, DefaultValuedAttr<BoolAttr, "true">:$sorted);
  let results = (outs AnyRankedTensor:$values, AnyRankedTensor:$first, AnyRankedTensor:$inverse, AnyRankedTensor:$counts,
                      AnyRankedTensor:$count);
}
def Graph_NonMaxSuppressionOp : Graph_LibraryOp<"non_max_suppression", [Graph_Unsplit], Factored> {
  let summary = "ONNX NonMaxSuppression: rows (batch, class, box) of the boxes that are kept.";
  let description = [{
    boxes f32 [batches, n, 4]: corners, or with center_point_box center, width, height; scores f32 [batches, classes, n]; most: boxes of a class,
    scalar i64; overlap, least: scalar f32.
  }];
  let arguments = (ins AnyRankedTensor:$boxes, AnyRankedTensor:$scores, AnyRankedTensor:$most, AnyRankedTensor:$overlap,
                       AnyRankedTensor:$least, DefaultValuedAttr<BoolAttr, "false">:$center_point_box);
  let results = (outs AnyRankedTensor:$selected, AnyRankedTensor:$count);
}
#endif
