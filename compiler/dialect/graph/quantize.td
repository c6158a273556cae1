// Quantization: real = (stored - zero_point) * scale, per tensor (scalar scale) or per index of an axis (vector scale).
#ifndef MLC_GRAPH_QUANTIZE
#define MLC_GRAPH_QUANTIZE
include "compiler/dialect/graph/graph_base.td"

def Graph_QuantizeOp : Graph_StatedOp<"quantize"> {
  let summary = "saturate(round_half_even(x / scale) + zero_point), of the result's element type.";
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$scale, AnyRankedTensor:$zero_point, I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_DequantizeOp : Graph_StatedOp<"dequantize"> {
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$scale, AnyRankedTensor:$zero_point, I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
}
#endif
