"""The errors that a right implementation of an op may make, as random ones.

A model is evaluated in double precision several times, each time with other random errors of the size that finite
precision causes (Monte Carlo arithmetic: D. S. Parker, "Monte Carlo Arithmetic", UCLA CSD-970002, 1997). How far the results spread
says how well each element is conditioned: where they agree a right answer must agree too, where they spread it may differ
as much. Five classes of ops:

- exact ones: movement, comparisons, integers. No error.
- correctly rounded ones (+, -, *, /, square root, casts): an error of one unit in the last place, where the result had
  to be rounded.
- those whose formula in ONNX cancels (LogSoftmax, ReduceLogSumExp: the logarithm of what is near 1): an error relative to 1 as
  well.
- those that are computed in f32 at least whatever their type, by a formula that cancels (BatchNormalization: x * factor +
  offset, as in ONNX Runtime): errors of their operands as f32 has them.
- the others: sums of products have errors relative to their operands, not to their result, so each operand's elements
  get an error of one unit, and the result one of RESULT_ULPS. Where the operands' errors change the result's sign, it may
  just as well be zero.

Elements that ONNX leaves undefined (a NaN cast to an integer, a division of integers by zero) are random numbers in
each evaluation, so that all that depends on them spreads.
"""

import numpy as np
from element_types import FLOATS, INTEGERS, NUMPY, TINY, UNIT, rounded
from onnx import TensorProto as T

EXACT = set("""Abs And ArgMax ArgMin BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil Clip Concat Constant ConstantOfShape
    DepthToSpace Equal Expand EyeLike Flatten Floor Gather GatherElements GlobalMaxPool Greater GreaterOrEqual Identity IsInf
    IsNaN Less LessOrEqual Max MaxPool Min Mod Neg Not OneHot Or Pad Range ReduceMax ReduceMin Relu Reshape Round Shape Sign Size Slice
    SpaceToDepth Split Squeeze ThresholdedRelu Tile Transpose Trilu Unsqueeze Where Xor""".split())
ROUNDED = set("Add Cast CastLike DequantizeLinear Div LeakyRelu Mul PRelu Reciprocal Shrink Sqrt Sub".split())
CANCELLING = {"LogSoftmax", "ReduceLogSumExp"}
IN_SINGLE = {"BatchNormalization"}
# Some order of their additions may overflow where another does not.
SUMS = set("Conv ConvTranspose CumSum Einsum Gemm MatMul ReduceMean ReduceSum Sum".split())
# Their sums of squares may overflow, or their squares underflow, where the results would not.
SUMS_OF_SQUARES = {"InstanceNormalization", "LayerNormalization", "LpNormalization", "LRN", "ReduceL2", "RMSNormalization"}
# Which zero is larger is the implementation's own.
EXTREMA = {"Clip", "GlobalMaxPool", "Max", "MaxPool", "Min", "ReduceMax", "ReduceMin"}
# Units in the last place that the functions of numerical libraries and short formulas of them may be off by.
RESULT_ULPS = 4
# Of the numbers of a row that their mean, itself with an error of theirs, is taken from.
MEAN_ULPS = 3


def rounded_before_overflow(values, elem_type):
    """The nearest numbers of the type; beyond the range of f16, those of f32."""
    nearest = rounded(values, elem_type)
    return np.where(np.isinf(nearest), rounded(values, T.FLOAT), nearest) if elem_type == T.FLOAT16 else nearest


def with_errors(values, elem_type, ulps, rng):
    """Each finite element off by 0.5 to 1 times so many units in its last place, up or down."""
    with np.errstate(all="ignore"):
        units = rng.uniform(0.5, 1, values.shape) * rng.choice([-1.0, 1.0], values.shape) * ulps
        moved = values + units * (2 * UNIT[elem_type] * np.abs(values) + TINY[elem_type])
        return np.where(np.isinf(values), values, rounded_before_overflow(moved, elem_type))


def operands_with_errors(op_type, inputs, input_types, rng):
    """What an op whose errors are relative to its operands may just as well have been given."""
    if op_type in EXACT or op_type in ROUNDED:
        return inputs
    types = [T.FLOAT if op_type in IN_SINGLE and t in (T.FLOAT16, T.BFLOAT16) else t for t in input_types]
    ulps = MEAN_ULPS if op_type.endswith("Normalization") else 1
    used = [with_errors(x, t, ulps, rng) if x is not None and t in FLOATS else x for x, t in zip(inputs, types)]
    # A negative number has a power of an integer, and of none that is near it.
    return [used[0], inputs[1]] if op_type == "Pow" else used


def adds_nothing(op_type, inputs, results):
    """Whether it is a reduction of single elements, which are the result as they are."""
    return op_type in ("ReduceMean", "ReduceSum") and inputs[0].size == results[0].size


def zero_where_signs_differ(result, without_errors, rng):
    """Sums that cancel within their errors, some of them wholly."""
    return np.where((np.sign(result) * np.sign(without_errors) <= 0) & (rng.random(result.shape) < 0.5), 0, result)


def signs_of_zeros(inputs):
    """The zeros among them, each once."""
    zeros = np.concatenate([x[x == 0].ravel() for x in inputs if x is not None and x.dtype == np.float64] or [np.zeros(1)])
    return np.array([zero for zero, is_there in ((0.0, not np.signbit(zeros).all()), (-0.0, np.signbit(zeros).any())) if is_there] or [0.0])


def result_with_errors(op_type, inputs, result, elem_type, rng):
    """A float result before rounding, as a right implementation may give it before it overflows."""
    if op_type in EXTREMA:
        result = np.where(result == 0, rng.choice(signs_of_zeros(inputs), result.shape), result)
    if op_type in EXACT:
        return rounded_before_overflow(result, elem_type)
    if op_type in ROUNDED:
        nearest = rounded_before_overflow(result, elem_type)
        # Doubles hold what is cast to them, but of other results nobody knows.
        is_exact = (nearest == result) & (elem_type != T.DOUBLE or op_type in ("Cast", "CastLike"))
        return np.where(is_exact, nearest, with_errors(result, elem_type, 1, rng))
    if op_type in CANCELLING:
        with np.errstate(all="ignore"):
            cancelled = np.ones_like(result)
            errors = with_errors(cancelled, elem_type, RESULT_ULPS, rng) - cancelled
            # Some cancel wholly.
            errors = np.where((np.abs(result) <= np.abs(errors)) & (rng.random(result.shape) < 0.5), -result, errors)
            result = result + np.where(np.isfinite(errors), errors, 0)
        return np.where(result == 0, result, with_errors(result, elem_type, RESULT_ULPS, rng))
    result = with_errors(result, elem_type, RESULT_ULPS, rng)
    # No part is more than the whole, and one that nearly is the whole may be it.
    return np.minimum(result, 1) if op_type == "Softmax" else result


class Errors(np.random.Generator):
    """The random errors of one evaluation, which is the `index`-th."""

    def __init__(self, seed, index):
        super().__init__(np.random.PCG64([seed, index]))
        self.index = index


def any_order_of_additions(rng):
    """What sums may be that overflow on their way, or do not: another one in each evaluation."""
    return (-np.inf, 0.0, np.inf, np.nan)[rng.index % 4]


def random_elements(shape, elem_type, rng):
    """What undefined elements may be: all the same extreme in some evaluations, unlike ones in others."""
    dtype = NUMPY[elem_type]
    if elem_type == T.BOOL:
        return rng.integers(0, 2, shape).astype(bool)
    if elem_type in INTEGERS:
        info = np.iinfo(dtype)
        extremes = np.array([info.min, 0, info.max], dtype)
        numbers = rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)
    else:
        extremes = np.array([np.nan, 0.0, np.inf])
        numbers = rounded(rng.normal(size=shape) * 1e3, elem_type)
    return rng.choice([
        lambda: np.full(shape, rng.choice(extremes)),
        lambda: numbers,
        lambda: np.where(rng.random(shape) < 0.5, rng.choice(extremes, shape), numbers),
    ])()


def overflows_in_some_order(node, evaluate, inputs, values, elem_type):
    """A mask: where the finite ones of what is added have a sum without their signs that is beyond the type they are added in."""
    # Over ranks partial sums are added in the element type (docs/architecture.md).
    limit = float(np.finfo({T.DOUBLE: np.float64, T.FLOAT16: np.float16}.get(elem_type, np.float32)).max)
    if node.op_type == "Gemm" and elem_type in (T.FLOAT16, T.BFLOAT16):
        # A product and sums, rounded each, before they are scaled.
        limit *= min(1.0, *(abs(attribute.f) for attribute in node.attribute if attribute.name in ("alpha", "beta")), 1.0)

    def result_of(change):
        return evaluate([change(x) if x is not None and x.dtype == np.float64 else x for x in inputs], values)[0]

    sums = np.abs(result_of(lambda x: np.where(np.isfinite(x), np.abs(x), 1)))
    if node.op_type == "ReduceMean":
        sums = sums * (inputs[0].size / max(1, sums.size))
    return ~(sums < limit) & ~np.isnan(result_of(lambda x: np.where(np.isfinite(x), 1, x)))


def undefined(node, inputs, result, elem_type):
    """Which of the result's elements ONNX leaves undefined: a mask that broadcasts to its shape; None: none."""
    op, first = node.op_type, inputs[0] if inputs else None
    is_float = first is not None and first.dtype == np.float64
    if op in ("Cast", "CastLike") and is_float and elem_type in INTEGERS:
        info = np.iinfo(NUMPY[elem_type])
        return ~((np.trunc(first) >= float(info.min)) & (np.trunc(first) < float(info.max) + (info.bits < 53)))
    if op in ("Div", "Mod") and elem_type in INTEGERS:
        lowest = first == np.iinfo(first.dtype).min if np.iinfo(first.dtype).min < 0 else np.zeros(first.shape, bool)
        return (inputs[1] == 0) | (lowest & (inputs[1] == np.array(-1).astype(inputs[1].dtype)))
    if op == "Pow" and elem_type in INTEGERS:
        exact = np.power(first.astype(np.float64), inputs[1].astype(np.float64))
        return ~((np.abs(exact) < 2.0 ** min(np.iinfo(NUMPY[elem_type]).bits - 1, 53)) & (inputs[1] >= 0))
    if op == "ReduceMean" and elem_type in INTEGERS:
        # The sum may wrap or be wider, or be one of f64.
        most = min(np.iinfo(NUMPY[elem_type]).max, 2**53)
        return np.asarray(first.size == 0 or np.sum(np.abs(first.astype(np.float64))) > most)
    if op in ("ArgMax", "ArgMin") and is_float:
        return np.asarray(np.isnan(first).any())
    if op == "ThresholdedRelu" and is_float:
        # Its threshold is a number of f32, or of the type, as the op's function has it.
        alpha = next((attribute.f for attribute in node.attribute if attribute.name == "alpha"), 1.0)
        return (first > alpha) != (first > rounded(np.array(alpha, np.float64), elem_type))
    if op == "Attention":
        # The scale may be that of scores, which overflow before it. Whether what is hidden from a query reaches it where it is no number.
        largest = [np.abs(x[np.isfinite(x)]).max(initial=0) for x in inputs[:2]]
        overflows = not largest[0] * largest[1] * inputs[0].shape[-1] < np.finfo(np.float64 if elem_type == T.DOUBLE else np.float32).max
        is_causal = any(a.name == "is_causal" and a.i for a in node.attribute)
        return np.asarray(overflows or (is_causal and not all(np.isfinite(x).all() for x in inputs[1:3])))
    if op == "QuantizeLinear":
        # Large ones saturate, but not in the package's implementation.
        return ~(np.abs(first) <= 2.0**30 * np.min(np.abs(inputs[1]), initial=np.inf))
    if op in SUMS_OF_SQUARES and is_float:
        held = np.finfo(np.float64 if elem_type == T.DOUBLE else np.float32)
        with np.errstate(all="ignore"):
            squares = result * result if op == "ReduceL2" else first * first
            wrong = ~(squares < held.max) | ((squares < held.tiny) & (squares > 0))
            return wrong if op == "ReduceL2" else np.asarray(wrong.any() or not np.sum(squares) < held.max)
    if op == "DynamicQuantizeLinear" and np.abs(first).max(initial=0) < np.finfo(np.float32).tiny:
        return np.asarray(True)  # of zeros any scale is right
    if op == "DynamicQuantizeLinear":
        return np.asarray(not np.isfinite(first).all())
    if op in ("Max", "Min", "Clip", "ReduceMax", "ReduceMin", "MaxPool") and is_float:
        # Whether NaN goes through is the implementation's own.
        return np.asarray(any(np.isnan(x).any() for x in inputs if x is not None and x.dtype == np.float64))
    return None
