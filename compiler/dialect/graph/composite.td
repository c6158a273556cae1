// Ops that deserve their own kernels.
#ifndef MLC_GRAPH_COMPOSITE
#define MLC_GRAPH_COMPOSITE
include "compiler/dialect/graph/graph_base.td"

def Graph_SoftmaxOp : Graph_InferredOp<"softmax", [Graph_FusesProducers]> {
  let summary = "Rows of only -infinity give NaN, or with zero_masked (not for logarithms) zeros.";
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$axis, DefaultValuedAttr<BoolAttr, "false">:$logarithm,
                       DefaultValuedAttr<BoolAttr, "false">:$zero_masked);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_LayerNormOp : Graph_InferredOp<"layer_norm", [Graph_FusesProducers, Graph_StoresProducer]> {
  let summary = "(x - mean) / sqrt(variance + epsilon) * scale + bias over the dims from axis on; statistics in f32.";
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$scale, Optional<AnyRankedTensor>:$bias, I64Attr:$axis, F64Attr:$epsilon);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_RmsNormOp : Graph_InferredOp<"rms_norm", [Graph_FusesProducers, Graph_StoresProducer]> {
  let summary = "x / sqrt(mean(x^2) + epsilon) * scale over the dims from axis on; statistics in f32.";
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$scale, I64Attr:$axis, F64Attr:$epsilon);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_AttentionOp : Graph_InferredOp<"attention", [AttrSizedOperandSegments]> {
  let summary = "softmax(select(keep, query key^T * scale, fill) + mask) value, per head.";
  let description = [{
    query [batch, heads, q_len, d], key [batch, kv_heads, kv_len, d], value [batch, kv_heads, kv_len, dv], heads a multiple of kv_heads (query
    head h reads head h * kv_heads / heads). Result [batch, heads, q_len, dv]. mask and keep are broadcastable to [batch, heads, q_len, kv_len].

    A score, in this order: the product times `scale`; where `keep` (bools) is false, `fill` instead, whatever the product is; plus `mask`;
    -infinity where `causal` hides the key: query i sees keys up to i + kv_len - q_len. A row of scores that are all -infinity gives zeros if
    zero_masked, else NaN; a row that is all `fill` gives the mean of the values.

    Scores, softmax and the sum over keys are in f32 at least, whatever the operands' type; only the result is rounded to it.
  }];
  let arguments = (ins AnyRankedTensor:$query, AnyRankedTensor:$key, AnyRankedTensor:$value, Optional<AnyRankedTensor>:$mask,
                       Optional<AnyRankedTensor>:$keep, F64Attr:$scale, OptionalAttr<F64Attr>:$fill,
                       DefaultValuedAttr<BoolAttr, "false">:$causal, DefaultValuedAttr<BoolAttr, "false">:$zero_masked);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $query `,` $key `,` $value (`,` $mask^)? (`keep` $keep^)? attr-dict `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = OwnWork;
}
def Graph_RotaryEmbeddingOp : Graph_InferredOp<"rotary_embedding"> {
  let summary = "Rotates pairs of the last dim of x [.., seq, d] by cos and sin (broadcastable to x's shape up to d / 2 on the last dim).";
  let description = [{
    interleaved: pairs are (2i, 2i + 1); else (i, i + d / 2). r1 = x1 * cos - x2 * sin, r2 = x2 * cos + x1 * sin.
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$cos, AnyRankedTensor:$sin, DefaultValuedAttr<BoolAttr, "false">:$interleaved);
  let results = (outs AnyRankedTensor:$result);
}
#endif
