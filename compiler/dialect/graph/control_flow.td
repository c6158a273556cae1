// Control flow. Regions may use values of the enclosing function.
#ifndef MLC_GRAPH_CONTROL_FLOW
#define MLC_GRAPH_CONTROL_FLOW
include "compiler/dialect/graph/graph_base.td"

def Graph_YieldOp : Op<Graph_Dialect, "yield", [Graph_HostOp, Pure, ReturnLike, Terminator]> {
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
}
def Graph_IfOp : Graph_Op<"if", [
    Graph_HostOp, Graph_Unsplit, RecursiveMemoryEffects, SingleBlockImplicitTerminator<"YieldOp">], Factored> {
  let summary = "One of two regions, by a scalar i1.";
  let description = [{
    binds: symbols that are dims of results, whose values are those of the region that ran.
  }];
  let arguments = (ins AnyRankedTensor:$condition, OptionalAttr<StrArrayAttr>:$binds);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$then_region, SizedRegion<1>:$else_region);
  let assemblyFormat = "$condition `:` functional-type(operands, results) `then` $then_region `else` $else_region attr-dict";
  let hasVerifier = 1;
  let extraClassDeclaration = OwnWork;
}
def Graph_LoopOp : Graph_Op<"loop", [
    Graph_HostOp, Graph_Unsplit, RecursiveMemoryEffects, SingleBlockImplicitTerminator<"YieldOp">], Factored> {
  let summary = "ONNX Loop: repeats its body at most trip_count times while the condition holds.";
  let description = [{
    trip_count: scalar i64 (a very large number for no bound); condition: scalar i1, tested before each trip. The body's block takes
    (iteration: tensor<i64>, condition: tensor<i1>, carried...) and yields (condition, carried..., scanned...). Results: the carried
    values, then for each scanned value its trips stacked along a new leading dim.
    binds: symbols that are dims of the body's arguments, bound anew by what each trip gets, or dims of results, bound at the end.
  }];
  let arguments = (ins AnyRankedTensor:$trip_count, AnyRankedTensor:$condition, Variadic<AnyRankedTensor>:$carried,
                       OptionalAttr<StrArrayAttr>:$binds);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "operands `:` functional-type(operands, results) $body attr-dict";
  let hasVerifier = 1;
  let extraClassDeclaration = OwnWork;
}
def Graph_FailIfOp : Graph_Op<"fail_if", [Graph_HostOp, Graph_Unsplit], Factored> {
  let summary = "Makes the run fail with a message where a scalar i1 holds.";
  let description = [{
    The program goes on to its end, or, where `stops` says so and the op is not in a region, leaves out what is behind: sizes that do not fit
    would be read and written beyond the ends of tensors. All ranks must then agree about the condition.
  }];
  let arguments = (ins AnyRankedTensor:$condition, StrAttr:$message, UnitAttr:$stops);
  let assemblyFormat = "$condition `,` $message (`stops` $stops^)? `:` type($condition) attr-dict";
}
#endif
