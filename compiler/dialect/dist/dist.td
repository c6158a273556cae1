// The dist dialect: what a rank program does together with other ranks.
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "compiler/dialect/graph/reduce.td"

def Dist_Dialect : Dialect {
  let name = "dist";
  let cppNamespace = "::mlc::dist";
  let summary = "Collectives between the ranks of a mesh axis, on tensors.";
  let description = [{
    A module with these ops is the program of one rank: sizes and offsets are that rank's own. Axes are "dp", "pp" and "tp".
  }];
}

// Not pure: a collective that one rank leaves out is one that the others wait for.
class Dist_Op<string mnemonic, list<Trait> traits = []> : Op<Dist_Dialect, mnemonic, traits> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Dist_AllReduceOp : Dist_Op<"all_reduce", [SameOperandsAndResultType]> {
  let summary = "The sum (or maximum, ...) over the axis's ranks of their tensors, on every rank.";
  let arguments = (ins AnyRankedTensor:$input, StrAttr:$axis, Graph_ReduceKindAttr:$kind);
  let results = (outs AnyRankedTensor:$result);
}

def Dist_AllGatherOp : Dist_Op<"all_gather"> {
  let summary = "The ranks' tensors joined along dim; rank i has sizes[i] of it.";
  let arguments = (ins AnyRankedTensor:$input, StrAttr:$axis, I64Attr:$dim, DenseI64ArrayAttr:$sizes);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

def Dist_ReduceScatterOp : Dist_Op<"reduce_scatter"> {
  let summary = "The reduction over the ranks, of which rank i gets sizes[i] along dim.";
  let arguments = (ins AnyRankedTensor:$input, StrAttr:$axis, I64Attr:$dim, DenseI64ArrayAttr:$sizes, Graph_ReduceKindAttr:$kind);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}
