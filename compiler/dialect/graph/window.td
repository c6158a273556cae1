// Ops over sliding windows of N C spatial... tensors: convolution, pooling, local response normalisation.
#ifndef MLC_GRAPH_WINDOW
#define MLC_GRAPH_WINDOW
include "compiler/dialect/graph/graph_base.td"

def Graph_ConvOp : Graph_InferredOp<"conv", [Graph_SumOfProducts]> {
  let summary = "Convolution of [N, C, spatial...] with weights [OC, C / groups, kernel...].";
  let description = [{
    Element types as of contract: floats, or i8/u8 pairs, which give i32 and have no bias.
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$filter, Optional<AnyRankedTensor>:$bias,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads_low, DenseI64ArrayAttr:$pads_high,
                       DenseI64ArrayAttr:$dilations, DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs AnyRankedTensor:$result);
  let extraClassDeclaration = OwnWork;
}
def Graph_BlockedConvOp : Graph_InferredOp<"blocked_conv", [Graph_SumOfProducts]> {
  let summary = "Convolution of images whose channels lie in blocks, [N, C / c, H, W, c].";
  let description = [{
    What graph.conv computes, on tensors of another physical layout, which are ordinary tensors of five dims. `channels` output channels
    in blocks of `block` (a divisor). Input blocks may have any size, 1 included: [N, C, H, W, 1] is an ordinary image. Floats only.
    filter: [ceil(channels / p), C / c, kernel height, kernel width, c, p], output channels in panels of p; what is past `channels` is not
    read. depthwise: [C / c, kernel height, kernel width, c], one filter per channel; `channels` is C and `block` is c.
    Result [N, channels / block, H', W', block]. A bias is an addition after it.
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$filter, I64Attr:$channels, I64Attr:$block,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads_low, DenseI64ArrayAttr:$pads_high,
                       DenseI64ArrayAttr:$dilations, DefaultValuedAttr<BoolAttr, "false">:$depthwise);
  let results = (outs AnyRankedTensor:$result);
  let extraClassDeclaration = OwnWork;
}
def Graph_PoolKindAttr : I32EnumAttr<"PoolKind", "what a window gives", [
    I32EnumAttrCase<"max", 0>, I32EnumAttrCase<"average", 1>]> { let cppNamespace = "::mlc::graph"; }
def Graph_PoolOp : Graph_InferredOp<"pool"> {
  let summary = "Pooling of [N, C, spatial...]. pads_high already include what ceil_mode needs; elements past the declared padding never count.";
  let arguments = (ins AnyRankedTensor:$input, Graph_PoolKindAttr:$kind, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$pads_low, DenseI64ArrayAttr:$pads_high, DenseI64ArrayAttr:$dilations,
                       DefaultValuedAttr<BoolAttr, "false">:$count_include_pad, DefaultValuedAttr<BoolAttr, "false">:$ceil_mode);
  let results = (outs AnyRankedTensor:$result);
  let extraClassDeclaration = OwnWork;
}
// Unsplit: offsets count from the beginning of the whole input.
def Graph_MaxPoolWithIndicesOp : Graph_InferredOp<"max_pool_with_indices", [Graph_Unsplit], Factored> {
  let summary = "Maximum of each window of [N, C, spatial...], and the offset (i64) in the whole input of its first occurrence.";
  let description = [{
    column_major: offsets count the spatial dims with the first one fastest. A window of nothing but padding has -infinity (the least value) and offset 0.
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads_low,
                       DenseI64ArrayAttr:$pads_high, DenseI64ArrayAttr:$dilations, DefaultValuedAttr<BoolAttr, "false">:$column_major);
  let results = (outs AnyRankedTensor:$result, AnyRankedTensor:$indices);
}
def Graph_LrnOp : Graph_InferredOp<"lrn"> {
  let summary = "Local response normalisation over channels: x / (bias + alpha / size * sum(x^2 in the window)) ^ beta.";
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$size, F64Attr:$alpha, F64Attr:$beta, F64Attr:$bias);
  let results = (outs AnyRankedTensor:$result);
}
#endif
