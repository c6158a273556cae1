// The mlc dialect: what passes after import say to later ones, as attributes of functions and weights.
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"

def Mlc_Dialect : Dialect {
  let name = "mlc";
  let cppNamespace = "::mlc::attr";
  let summary = "Attributes that passes leave for later ones; each is verified.";
  let description = [{
    attribute         on                                   type            meaning
    mlc.name          arguments and results of a function  string          the name of the model's input or output
    mlc.kernel        a function                           unit            a kernel: one fused computation on tensors
    mlc.panels        arguments; graph.weight              #mlc.panels     the tensor arrives packed
    mlc.layout        graph.weight                         array           steps of the loader to the op's type: a name, its dims, ..
    mlc.unpacked      arguments; graph.weight              string          why a factor of contractions arrives row-major
    mlc.scratch_bytes a lowered kernel                     string          bytes of scratch per thread, a dim expression
    mlc.points        a lowered kernel                     string          points that its threads share, a dim expression
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
}

def Mlc_PanelsAttr : AttrDef<Mlc_Dialect, "Panels"> {
  let mnemonic = "panels";
  let summary = "The layout [batch][N / columns][K / group][columns][group] of a [batch.., K, N] tensor, filled up with zeros.";
  let description = [{
    `transposed` says that the tensor's type is [batch.., N, K].
  }];
  let parameters = (ins "int64_t":$columns, DefaultValuedParameter<"int64_t", "1">:$group,
                        DefaultValuedParameter<"bool", "false">:$transposed);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}
