// The dist dialect: what a rank program does together with other ranks.
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "compiler/dialect/graph/reduce.td"

def Dist_Dialect : Dialect {
  let name = "dist";
  let cppNamespace = "::mlc::dist";
  let summary = "Collectives between the ranks of a mesh axis, on tensors.";
  let description = [{
    A module with these ops is the program of one rank, or of several that have equal sizes: sizes are those ranks' own, and what
    depends on the rank is an expression of the symbol mlc.tp_rank, or follows from an attribute. Axes are "dp", "pp" and "tp".

    The attribute `dist.cut` of a graph.weight says that the rank has a piece of the weight: the result type is the piece's.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
}

def Dist_CutAttr : AttrDef<Dist_Dialect, "Cut"> {
  let mnemonic = "cut";
  let summary = "A tensor is cut along a dim: rank r of the tp axis has shares[r] of sum(shares) parts, in rank order.";
  let parameters = (ins "int64_t":$dim, ArrayRefParameter<"int64_t">:$shares);
  let assemblyFormat = "`<` `dim` `=` $dim `,` `shares` `=` `[` $shares `]` `>`";
  let genVerifyDecl = 1;
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
