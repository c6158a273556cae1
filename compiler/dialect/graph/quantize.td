// Quantization: real = (stored - zero_point) * scale, per tensor (scalar scale) or per index of an axis (vector scale).
#ifndef MLC_GRAPH_QUANTIZE
#define MLC_GRAPH_QUANTIZE
include "compiler/dialect/graph/graph_base.td"

def Graph_QuantizeOp : Graph_StatedOp<"quantize"> {
  let summary = "saturate(round_half_even(x / scale) + zero_point), of the result's element type.";
  let description = [{
    scale and zero_point have one shape: that of a scalar, of a vector along the axis, or, with a block_size, the input's
    with ceil(size / block_size) elements along the axis; beside blocks the zero point may be a scalar. To a float type there is no rounding to integers; then
    `saturate` is as in graph.cast.
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$scale, AnyRankedTensor:$zero_point, I64Attr:$axis,
                       DefaultValuedAttr<I64Attr, "0">:$block_size, DefaultValuedAttr<BoolAttr, "true">:$saturate);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_DequantizeOp : Graph_StatedOp<"dequantize"> {
  let summary = "(x - zero_point) * scale; shapes as in graph.quantize.";
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$scale, AnyRankedTensor:$zero_point, I64Attr:$axis,
                       DefaultValuedAttr<I64Attr, "0">:$block_size);
  let results = (outs AnyRankedTensor:$result);
}
#endif
