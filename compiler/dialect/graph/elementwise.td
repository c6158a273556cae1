// Elementwise ops. Operands broadcast as numpy does (aligned at the right, static 1 stretches).
#ifndef MLC_GRAPH_ELEMENTWISE
#define MLC_GRAPH_ELEMENTWISE
include "compiler/dialect/graph/graph_base.td"

class Graph_Elements<string name> { string declaration = "static constexpr auto kElements = ::mlc::graph::Elements::" # name # ";"; }
def AnyElements : Graph_Elements<"kAny">;
def Floats : Graph_Elements<"kFloats">;
def Numbers : Graph_Elements<"kNumbers">;
def Integers : Graph_Elements<"kIntegers">;

// What an op is on scalars. Either an op of arith or math for each kind of elements that it takes, or a formula: an overload of the op in
// compiler/conversion/elementwise_to_arith.
class Graph_Scalar<string declaration> { string text = declaration; }
def Formula : Graph_Scalar<"">;
class Scalars<string float, string signed, string unsigned> : Graph_Scalar<
    "using Scalar = ::mlc::graph::ScalarOps<" # float # ", " # signed # ", " # unsigned # ">;">;
class FloatScalar<string op> : Scalars<"::mlir::" # op, "void", "void">;
class IntegerScalar<string op> : Scalars<"void", "::mlir::" # op, "::mlir::" # op>;
class NumberScalar<string float, string signed, string unsigned = signed>
    : Scalars<"::mlir::" # float, "::mlir::" # signed, "::mlir::" # unsigned>;

// All operands have the same element type, one of `elements`.
class Graph_ElementwiseOp<string mnemonic, Graph_Elements elements, Graph_Scalar scalar = Formula, list<Trait> traits = [], bit givesBools = 0>
    : Graph_Op<mnemonic, traits # [Pure, Graph_Elementwise, InferTypeOpInterface], Factored> {
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let extraClassDeclaration = elements.declaration # "static constexpr bool kGivesBools = " # givesBools # ";" # scalar.text;
}

class Graph_Unary<string mnemonic, Graph_Elements elements, Graph_Scalar scalar = Formula, list<Trait> traits = [], bit givesBools = 0>
    : Graph_ElementwiseOp<mnemonic, elements, scalar, traits, givesBools> {
  let arguments = (ins AnyRankedTensor:$input);
}

class Graph_Binary<string mnemonic, Graph_Elements elements, Graph_Scalar scalar = Formula, list<Trait> traits = []>
    : Graph_ElementwiseOp<mnemonic, elements, scalar, traits> {
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs);
}

def Graph_AbsOp : Graph_Unary<"abs", Numbers, Formula, [Graph_Exact]>;
def Graph_NegOp : Graph_Unary<"neg", Numbers, Formula, [Graph_Exact, Graph_Linear]>;
def Graph_SignOp : Graph_Unary<"sign", Numbers, Formula, [Graph_Exact]>;
def Graph_ExpOp : Graph_Unary<"exp", Floats, FloatScalar<"math::ExpOp">>;
def Graph_Expm1Op : Graph_Unary<"expm1", Floats, FloatScalar<"math::ExpM1Op">> { let summary = "exp(x) - 1, without cancellation near 0."; }
def Graph_LogOp : Graph_Unary<"log", Floats, FloatScalar<"math::LogOp">>;
def Graph_SqrtOp : Graph_Unary<"sqrt", Floats, FloatScalar<"math::SqrtOp">>;
def Graph_RsqrtOp : Graph_Unary<"rsqrt", Floats>;
def Graph_ReciprocalOp : Graph_Unary<"reciprocal", Floats>;
def Graph_TanhOp : Graph_Unary<"tanh", Floats, FloatScalar<"math::TanhOp">>;
def Graph_ErfOp : Graph_Unary<"erf", Floats, FloatScalar<"math::ErfOp">>;
def Graph_SigmoidOp : Graph_Unary<"sigmoid", Floats>;
def Graph_ReluOp : Graph_Unary<"relu", Numbers, Formula, [Graph_Exact]>;
def Graph_SiluOp : Graph_Unary<"silu", Floats>;
def Graph_SoftplusOp : Graph_Unary<"softplus", Floats> { let summary = "log(1 + exp(x))."; }
def Graph_MishOp : Graph_Unary<"mish", Floats> { let summary = "x * tanh(log(1 + exp(x)))."; }
def Graph_SinOp : Graph_Unary<"sin", Floats, FloatScalar<"math::SinOp">>;
def Graph_CosOp : Graph_Unary<"cos", Floats, FloatScalar<"math::CosOp">>;
def Graph_TanOp : Graph_Unary<"tan", Floats, FloatScalar<"math::TanOp">>;
def Graph_AsinOp : Graph_Unary<"asin", Floats, FloatScalar<"math::AsinOp">>;
def Graph_AcosOp : Graph_Unary<"acos", Floats, FloatScalar<"math::AcosOp">>;
def Graph_AtanOp : Graph_Unary<"atan", Floats, FloatScalar<"math::AtanOp">>;
def Graph_SinhOp : Graph_Unary<"sinh", Floats, FloatScalar<"math::SinhOp">>;
def Graph_CoshOp : Graph_Unary<"cosh", Floats, FloatScalar<"math::CoshOp">>;
def Graph_AsinhOp : Graph_Unary<"asinh", Floats, FloatScalar<"math::AsinhOp">>;
def Graph_AcoshOp : Graph_Unary<"acosh", Floats, FloatScalar<"math::AcoshOp">>;
def Graph_AtanhOp : Graph_Unary<"atanh", Floats, FloatScalar<"math::AtanhOp">>;
def Graph_CeilOp : Graph_Unary<"ceil", Floats, FloatScalar<"math::CeilOp">, [Graph_Exact]>;
def Graph_FloorOp : Graph_Unary<"floor", Floats, FloatScalar<"math::FloorOp">, [Graph_Exact]>;
def Graph_RoundOp : Graph_Unary<"round", Floats, FloatScalar<"math::RoundEvenOp">, [Graph_Exact]> { let summary = "To the nearest integer, halves to even."; }
def Graph_NotOp : Graph_Unary<"not", Integers> { let summary = "Logical not of i1, bitwise not of integers."; }

def Graph_GeluOp : Graph_ElementwiseOp<"gelu", Floats> {
  let summary = "x * Phi(x), through erf or the tanh approximation.";
  let arguments = (ins AnyRankedTensor:$input, DefaultValuedAttr<BoolAttr, "false">:$tanh_approximation);
}

def Graph_IsNanOp : Graph_Unary<"is_nan", Floats, Formula, [], /*givesBools=*/1> { let summary = "i1 result."; }
def Graph_IsInfOp : Graph_Unary<"is_inf", Floats, Formula, [], /*givesBools=*/1> { let summary = "i1 result; both signs."; }

def Graph_AddOp : Graph_Binary<"add", Numbers, NumberScalar<"arith::AddFOp", "arith::AddIOp">, [Commutative, Graph_Linear]>;
def Graph_SubOp : Graph_Binary<"sub", Numbers, NumberScalar<"arith::SubFOp", "arith::SubIOp">, [Graph_Linear]>;
def Graph_MulOp : Graph_Binary<"mul", Numbers, NumberScalar<"arith::MulFOp", "arith::MulIOp">, [Commutative]>;
def Graph_DivOp : Graph_Binary<"div", Numbers> { let summary = "Integers round towards zero."; }
def Graph_PowOp : Graph_Binary<"pow", Numbers>;
def Graph_MaxOp : Graph_Binary<"max", Numbers, NumberScalar<"arith::MaximumFOp", "arith::MaxSIOp", "arith::MaxUIOp">, [Commutative, Graph_Exact]> { let summary = "NaN if either is NaN."; }
def Graph_MinOp : Graph_Binary<"min", Numbers, NumberScalar<"arith::MinimumFOp", "arith::MinSIOp", "arith::MinUIOp">, [Commutative, Graph_Exact]> { let summary = "NaN if either is NaN."; }
def Graph_ModOp : Graph_Binary<"mod", Numbers, Formula, [Graph_Exact]> { let summary = "Integers: sign of the divisor (python's %); floats: C fmod."; }
def Graph_AndOp : Graph_Binary<"and", Integers, IntegerScalar<"arith::AndIOp">, [Commutative]>;
def Graph_OrOp : Graph_Binary<"or", Integers, IntegerScalar<"arith::OrIOp">, [Commutative]>;
def Graph_XorOp : Graph_Binary<"xor", Integers, IntegerScalar<"arith::XOrIOp">, [Commutative]>;
def Graph_ShiftLeftOp : Graph_Binary<"shift_left", Integers> { let summary = "Bits of lhs; 0 by a negative number or by all bits and more."; }
def Graph_ShiftRightOp : Graph_Binary<"shift_right", Integers> {
  let summary = "Bits of lhs, of signed integers with its sign behind them; nothing but that by a negative number or by all bits and more.";
}

def Graph_PredicateAttr : I32EnumAttr<"Predicate", "comparison", [
    I32EnumAttrCase<"eq", 0>, I32EnumAttrCase<"ne", 1>, I32EnumAttrCase<"lt", 2>,
    I32EnumAttrCase<"le", 3>, I32EnumAttrCase<"gt", 4>, I32EnumAttrCase<"ge", 5>]> {
  let cppNamespace = "::mlc::graph";
}
def Graph_CompareOp : Graph_ElementwiseOp<"compare", AnyElements, Formula, [], /*givesBools=*/1> {
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs, Graph_PredicateAttr:$predicate);
}
def Graph_SelectOp : Graph_InferredOp<"select", [Graph_Elementwise, Graph_Exact], Factored> {
  let summary = "on_true where the i1 condition holds, else on_false.";
  let arguments = (ins AnyRankedTensor:$condition, AnyRankedTensor:$on_true, AnyRankedTensor:$on_false);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_PowerRoundingAttr : I32EnumAttr<"PowerRounding", "how f8E8M0FNU is rounded to", [
    I32EnumAttrCase<"up", 0>, I32EnumAttrCase<"down", 1>, I32EnumAttrCase<"nearest", 2>]> {
  let cppNamespace = "::mlc::graph";
}
def Graph_CastOp : Graph_Op<"cast", [Pure, Graph_Elementwise], Factored> {
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
