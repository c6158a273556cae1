"""Arithmetic, functions, comparisons and casts, element by element."""

import numpy as np
from element_types import FLOATS, INTEGERS
from model_builder import Rejected
from onnx import TensorProto as T

UNARY = """Abs Neg Exp Log Sqrt Sin Cos Tan Tanh Sigmoid Erf Relu Floor Ceil Round Sign Reciprocal Softplus Softsign HardSwish
    Mish Identity""".split()
WITH_ATTRIBUTES = {"LeakyRelu": ("alpha", 0.3), "Elu": ("alpha", 0.8), "Selu": ("alpha", 1.5), "Celu": ("alpha", 0.7),
                   "ThresholdedRelu": ("alpha", 0.4), "HardSigmoid": ("alpha", 0.25), "Shrink": ("lambd", 0.6)}
BINARY = ["Add", "Sub", "Mul", "Div"]


def is_float(value):
    return value.is_float


def is_number(value):
    return value.is_float or value.is_integer


def partner(b, x):
    """Something that broadcasts with x: a constant of some of its dims, or another value."""
    if b.chance(0.5):
        others = [y for y in b.values if y.elem_type == x.elem_type and all(
            p == q or 1 in (p, q) for k in range(b.set_count) for p, q in zip(x.shape(k)[::-1], y.shape(k)[::-1]))]
        if others:
            return b.one_of(others)
    shape = [x.shape()[axis] if x.is_static(axis) and b.chance(0.7) else 1 for axis in range(x.rank)]
    if shape and b.chance(0.4):
        shape = shape[b.between(0, len(shape)):]
    if b.chance(0.1):
        shape = [b.between(1, 3), *shape] if len(shape) == x.rank else shape
    return b.random_constant(shape, x.elem_type)


def unary(b):
    x = b.pick(is_float)
    op = b.one_of(UNARY)
    if op == "Mish" and b.opset < 18 or op == "Round" and b.opset < 11:
        raise Rejected("opset")
    b.add(op, [x])


def unary_with_attribute(b):
    op = b.one_of(WITH_ATTRIBUTES)
    name, value = WITH_ATTRIBUTES[op]
    b.add(op, [b.pick(is_float)], **({name: value} if b.chance(0.6) else {}))


def gelu(b):
    if b.opset < 20:
        raise Rejected("opset")
    b.add("Gelu", [b.pick(is_float)], **({"approximate": "tanh"} if b.chance(0.5) else {}))


def unary_of_integers(b):
    b.add(b.one_of(["Abs", "Neg", "Sign", "Relu", "Identity"]), [b.pick(lambda v: v.is_integer)])


def binary(b):
    x = b.pick(is_number)
    y = partner(b, x)
    b.add(b.one_of(BINARY), [x, y] if b.chance(0.6) else [y, x])


def scale_chain(b):
    """Two constants in a row, which a compiler may be tempted to merge."""
    x = b.pick(is_number)
    for _ in range(2):
        number = b.one_of([0.5, 2.0, 300.0, 1e-4, 1e20, 1e-20, 1.0015, 0.0, -0.0, -1.0]) if x.is_float else b.one_of([0, 1, 2, -1, 7, 100])
        if x.is_float and abs(number) > 1e4 and x.elem_type == T.FLOAT16:
            number = 6e4
        if number < 0 and x.elem_type in (T.UINT8, T.UINT16, T.UINT32, T.UINT64):
            number = 3
        c = b.scalar(number, x.elem_type)
        x = b.add(b.one_of(BINARY), [x, c] if b.chance(0.7) else [c, x])


def variadic(b):
    x = b.pick(is_number)
    op = b.one_of(["Sum", "Mean", "Max", "Min"])
    if op in ("Sum", "Mean") and not x.is_float:
        raise Rejected("type")
    b.add(op, [x, *[partner(b, x) for _ in range(b.between(0, 2))]])


def power(b):
    x = b.pick(is_number)
    exponent = b.one_of([2.0, 0.5, 3.0, -1.0, 1.0, 0.0, -0.5, -2.0, 1.5]) if x.is_float else b.one_of([0, 1, 2, 3])
    kind = x.elem_type if b.chance(0.7) else b.one_of([T.FLOAT, T.INT64, T.INT32])
    b.add("Pow", [x, b.scalar(exponent, kind, b.one_of([(), (1,)]))])


def power_of_values(b):
    x = b.pick(is_number)
    b.add("Pow", [x, partner(b, x)])


def modulus(b):
    x = b.pick(is_number)
    fmod = 1 if x.is_float else b.between(0, 1)
    y = partner(b, x)
    b.add("Mod", [x, y], fmod=fmod)


def clip(b):
    x = b.pick(is_number)
    low, high = (-1.5, 2.0) if x.is_float else (1, 5)
    b.add("Clip", [x, b.scalar(low, x.elem_type) if b.chance(0.7) else None, b.scalar(high, x.elem_type) if b.chance(0.7) else None])


def prelu(b):
    x = b.pick(is_float)
    shape = [x.shape()[axis] if x.is_static(axis) and b.chance(0.6) else 1 for axis in range(x.rank)]
    b.add("PRelu", [x, b.random_constant(shape[b.between(0, len(shape)):], x.elem_type)])


def compare(b):
    x = b.pick(is_number)
    op = b.one_of(["Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"])
    b.add(op, [x, partner(b, x)])


def select(b):
    """Where with a condition made of the value itself, or another one."""
    x = b.pick(is_number)
    condition = b.add(b.one_of(["Less", "Equal", "Greater"]), [x, b.scalar(b.one_of([0, 1]), x.elem_type)])
    y = partner(b, x)
    b.add("Where", [condition, x, y] if b.chance(0.5) else [condition, y, x])


def select_by_value(b):
    condition = b.pick(lambda v: v.elem_type == T.BOOL)
    x = b.random_constant([condition.shape()[a] if condition.is_static(a) else 1 for a in range(condition.rank)],
                          b.one_of([T.FLOAT, T.INT64, T.FLOAT16]))
    b.add("Where", [condition, x, b.scalar(b.one_of([0, 3]), x.elem_type)])


def logical(b):
    x = b.pick(lambda v: v.elem_type == T.BOOL)
    if b.chance(0.4):
        b.add("Not", [x])
    else:
        b.add(b.one_of(["And", "Or", "Xor"]), [x, partner(b, x)])


def bitwise(b):
    x = b.pick(lambda v: v.is_integer)
    if b.opset < 18:
        raise Rejected("opset")
    if b.chance(0.2):
        b.add("BitwiseNot", [x])
    else:
        b.add(b.one_of(["BitwiseAnd", "BitwiseOr", "BitwiseXor"]), [x, partner(b, x)])


def classify(b):
    x = b.pick(is_float)
    if b.chance(0.5):
        b.add("IsNaN", [x])
    else:
        b.add("IsInf", [x], **b.one_of([{}, {"detect_negative": 0}, {"detect_positive": 0}]))


def cast(b):
    x = b.pick()
    to = b.one_of([*FLOATS, *INTEGERS, T.BOOL, T.FLOAT, T.FLOAT, T.INT64])
    b.add("Cast", [x], to=to)


def cast_there_and_back(b):
    x = b.pick(is_number)
    y = b.add("Cast", [x], to=b.one_of([*FLOATS, T.FLOAT16, T.BFLOAT16, T.INT32, T.INT8, T.UINT8]))
    b.add("Cast", [y], to=x.elem_type)


def cast_like(b):
    if b.opset < 15:
        raise Rejected("opset")
    b.add("CastLike", [b.pick(), b.pick()])


def swish(b):
    x = b.pick(is_float)
    if b.opset >= 24:
        b.add("Swish", [x], **b.one_of([{}, {"alpha": 1.7}]))
    else:
        b.add("Mul", [x, b.add("Sigmoid", [x])])


def dropout(b):
    b.add("Dropout", [b.pick(is_float)])


MOTIFS = [unary] * 4 + [unary_with_attribute, gelu, unary_of_integers, binary, binary, binary, scale_chain, scale_chain, variadic, power,
                        power_of_values, modulus, clip, prelu, compare, select, select_by_value, logical, bitwise, classify, cast, cast,
                        cast_there_and_back, cast_like, swish, dropout]
