// Elementwise ops. Operands broadcast as numpy does (aligned at the right, static 1 stretches).
#ifndef MLC_GRAPH_ELEMENTWISE
#define MLC_GRAPH_ELEMENTWISE
include "compiler/dialect/graph/graph_base.td"

class Graph_ElementwiseTrait : NativeOpTrait<"Elementwise"> { let cppNamespace = "::mlc::graph"; }
def Graph_Elementwise : Graph_ElementwiseTrait;

class Graph_Unary<string mnemonic> : Graph_InferredOp<mnemonic, [Graph_Elementwise]> {
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
}

class Graph_Binary<string mnemonic, list<Trait> traits = []> : Graph_InferredOp<mnemonic, traits # [Graph_Elementwise]> {
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs);
  let results = (outs AnyRankedTensor:$result);
}

// Same element type in and out.
def Graph_AbsOp : Graph_Unary<"abs">;
def Graph_NegOp : Graph_Unary<"neg">;
def Graph_SignOp : Graph_Unary<"sign">;
def Graph_ExpOp : Graph_Unary<"exp">;
def Graph_Expm1Op : Graph_Unary<"expm1"> { let summary = "exp(x) - 1, without cancellation near 0."; }
def Graph_LogOp : Graph_Unary<"log">;
def Graph_SqrtOp : Graph_Unary<"sqrt">;
def Graph_RsqrtOp : Graph_Unary<"rsqrt">;
def Graph_ReciprocalOp : Graph_Unary<"reciprocal">;
def Graph_TanhOp : Graph_Unary<"tanh">;
def Graph_ErfOp : Graph_Unary<"erf">;
def Graph_SigmoidOp : Graph_Unary<"sigmoid">;
def Graph_ReluOp : Graph_Unary<"relu">;
def Graph_SiluOp : Graph_Unary<"silu">;
def Graph_SoftplusOp : Graph_Unary<"softplus"> { let summary = "log(1 + exp(x))."; }
def Graph_MishOp : Graph_Unary<"mish"> { let summary = "x * tanh(log(1 + exp(x)))."; }
def Graph_SinOp : Graph_Unary<"sin">;
def Graph_CosOp : Graph_Unary<"cos">;
def Graph_TanOp : Graph_Unary<"tan">;
def Graph_AsinOp : Graph_Unary<"asin">;
def Graph_AcosOp : Graph_Unary<"acos">;
def Graph_AtanOp : Graph_Unary<"atan">;
def Graph_SinhOp : Graph_Unary<"sinh">;
def Graph_CoshOp : Graph_Unary<"cosh">;
def Graph_AsinhOp : Graph_Unary<"asinh">;
def Graph_AcoshOp : Graph_Unary<"acosh">;
def Graph_AtanhOp : Graph_Unary<"atanh">;
def Graph_CeilOp : Graph_Unary<"ceil">;
def Graph_FloorOp : Graph_Unary<"floor">;
def Graph_RoundOp : Graph_Unary<"round"> { let summary = "To the nearest integer, halves to even."; }
def Graph_NotOp : Graph_Unary<"not"> { let summary = "Logical not of i1, bitwise not of integers."; }

def Graph_GeluOp : Graph_InferredOp<"gelu", [Graph_Elementwise]> {
  let summary = "x * Phi(x), through erf or the tanh approximation.";
  let arguments = (ins AnyRankedTensor:$input, DefaultValuedAttr<BoolAttr, "false">:$tanh_approximation);
  let results = (outs AnyRankedTensor:$result);
}

def Graph_IsNanOp : Graph_Unary<"is_nan"> { let summary = "i1 result."; }
def Graph_IsInfOp : Graph_Unary<"is_inf"> { let summary = "i1 result; both signs."; }

def Graph_AddOp : Graph_Binary<"add", [Commutative]>;
def Graph_SubOp : Graph_Binary<"sub">;
def Graph_MulOp : Graph_Binary<"mul", [Commutative]>;
def Graph_DivOp : Graph_Binary<"div"> { let summary = "Integers round towards zero."; }
def Graph_PowOp : Graph_Binary<"pow">;
def Graph_MaxOp : Graph_Binary<"max", [Commutative]> { let summary = "NaN if either is NaN."; }
def Graph_MinOp : Graph_Binary<"min", [Commutative]> { let summary = "NaN if either is NaN."; }
def Graph_ModOp : Graph_Binary<"mod"> { let summary = "Integers: sign of the divisor (python's %); floats: C fmod."; }
def Graph_AndOp : Graph_Binary<"and", [Commutative]>;
def Graph_OrOp : Graph_Binary<"or", [Commutative]>;
def Graph_XorOp : Graph_Binary<"xor", [Commutative]>;

def Graph_PredicateAttr : I32EnumAttr<"Predicate", "comparison", [
    I32EnumAttrCase<"eq", 0>, I32EnumAttrCase<"ne", 1>, I32EnumAttrCase<"lt", 2>,
    I32EnumAttrCase<"le", 3>, I32EnumAttrCase<"gt", 4>, I32EnumAttrCase<"ge", 5>]> {
  let cppNamespace = "::mlc::graph";
}
def Graph_CompareOp : Graph_InferredOp<"compare", [Graph_Elementwise]> {
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs, Graph_PredicateAttr:$predicate);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_SelectOp : Graph_InferredOp<"select", [Graph_Elementwise]> {
  let summary = "on_true where the i1 condition holds, else on_false.";
  let arguments = (ins AnyRankedTensor:$condition, AnyRankedTensor:$on_true, AnyRankedTensor:$on_false);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_PowerRoundingAttr : I32EnumAttr<"PowerRounding", "how f8E8M0FNU is rounded to", [
    I32EnumAttrCase<"up", 0>, I32EnumAttrCase<"down", 1>, I32EnumAttrCase<"nearest", 2>]> {
  let cppNamespace = "::mlc::graph";
}
def Graph_CastOp : Graph_Op<"cast", [Pure, Graph_Elementwise]> {
  let summary = "Element type conversion: float to integer truncates, to i1 is != 0, to a narrower float rounds to nearest even.";
  let description = [{
    Floats out of an integer's range become the nearest of its numbers; from an integer, an integer keeps the low bits.
    `saturate` says of 8-bit floats what runtime/base/small_float.h does; without it floats out of the range of an integer
    of less than a byte keep the low bits of an i32. `rounding` is of f8E8M0FNU only.
  }];
  let arguments = (ins AnyRankedTensor:$input, DefaultValuedAttr<BoolAttr, "true">:$saturate,
                       DefaultValuedAttr<Graph_PowerRoundingAttr, "::mlc::graph::PowerRounding::up">:$rounding);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}
#endif
