// The graph dialect and what all its ops share.
#ifndef MLC_GRAPH_BASE
#define MLC_GRAPH_BASE

include "compiler/dialect/graph/graph_interfaces.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/TensorEncoding.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Graph_Dialect : Dialect {
  let name = "graph";
  let cppNamespace = "::mlc::graph";
  let summary = "A model, normalised: tensors with value semantics and symbolic dims.";
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasConstantMaterializer = 1;
}

def Graph_DimsAttr : AttrDef<Graph_Dialect, "Dims", [
    DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let mnemonic = "dims";
  let summary = "Dimension expressions in canonical form (runtime/base/dim_expr.h).";
  let description = [{
    As a tensor's encoding: one text per dim, empty for a static dim. As an attribute of an op: a list of expressions.
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::StringAttr">:$exprs);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

// What an op is, for group formation, lowering and the planner. traits.h says what each means.
class Graph_Trait<string name> : NativeOpTrait<name> { let cppNamespace = "::mlc::graph"; }
def Graph_Elementwise : Graph_Trait<"Elementwise">;
def Graph_Exact : Graph_Trait<"Exact">;
def Graph_Linear : Graph_Trait<"Linear">;
def Graph_Movement : Graph_Trait<"Movement">;
def Graph_TakesPart : Graph_Trait<"TakesPart">;
def Graph_View : Graph_Trait<"View">;
def Graph_Leaf : Graph_Trait<"Leaf">;
def Graph_Parameter : Graph_Trait<"Parameter">;
def Graph_ClonedLeaf : Graph_Trait<"ClonedLeaf">;
def Graph_StoredLeaf : Graph_Trait<"StoredLeaf">;
def Graph_Unsplit : Graph_Trait<"Unsplit">;
def Graph_HostOp : Graph_Trait<"HostOp">;
def Graph_SumOfProducts : Graph_Trait<"SumOfProducts">;
def Graph_FusesProducers : Graph_Trait<"FusesProducers">;
def Graph_StoresProducer : Graph_Trait<"StoresProducer">;

// An op with reference evaluation, factors and work. Its family's .cc defines getFactors(), unless `factored` is just Factored: a trait
// (Elementwise, Leaf, Unsplit) then has it. One whose work is not the default (factors.h) has OwnWork as extraClassDeclaration and defines getWork().
class Graph_Op<string mnemonic, list<Trait> traits = [], Trait factored = DeclareOpInterfaceMethods<Factored>>
    : Op<Graph_Dialect, mnemonic, traits # [DeclareOpInterfaceMethods<ReferenceEvaluation>, factored, Work]>;

defvar OwnWork = "::mlc::graph::OpWork getWork();";

// An op without side effects whose result types follow from its operands and attributes.
class Graph_InferredOp<string mnemonic, list<Trait> traits = [], Trait factored = DeclareOpInterfaceMethods<Factored>>
    : Graph_Op<mnemonic, traits # [Pure, DeclareOpInterfaceMethods<InferTypeOpInterface>], factored> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

// An op without side effects whose result type is stated (and verified).
class Graph_StatedOp<string mnemonic, list<Trait> traits = []> : Graph_Op<mnemonic, traits # [Pure]> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif
