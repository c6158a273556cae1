// Contractions.
#ifndef MLC_GRAPH_CONTRACT
#define MLC_GRAPH_CONTRACT
include "compiler/dialect/graph/graph_base.td"

def Graph_ContractOp : Graph_InferredOp<"contract", [Graph_SumOfProducts]> {
  let summary = "Sum of products, as an einsum equation: \"bshd,bthd->bhst\".";
  let description = [{
    One lower-case letter per dim; letters of both operands that are not in the result are summed over. No letter occurs twice in one
    operand. Element types: floats (accumulated in f32 at least; the result has the operands' type) or i8/u8 pairs (accumulated and returned
    in i32).
  }];
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs, StrAttr:$equation);
  let results = (outs AnyRankedTensor:$result);
  let extraClassDeclaration = OwnWork;
}
#endif
