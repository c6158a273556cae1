"""Matrix products, convolutions, attention, and their quantized forms."""

import numpy as np
from elementwise_motifs import is_float
from model_builder import Rejected
from onnx import TensorProto as T
from reduction_motifs import channels, features


def linear(b):
    x = features(b, 1)
    out = b.one_of([1, 3, 5, 8, 17])
    y = b.add("MatMul", [x, b.random_constant([x.shape()[-1], out], x.elem_type)])
    if b.chance(0.5):
        y = b.add("Add", [y, b.random_constant([out], x.elem_type)])
    if b.chance(0.3):
        b.add(b.one_of(["Relu", "Tanh", "Sigmoid"]), [y])


def product_of_values(b):
    x = b.pick(lambda v: is_float(v) and v.rank >= 2)
    y = b.add("Transpose", [x], perm=[*range(x.rank - 2), x.rank - 1, x.rank - 2])
    b.add("MatMul", [x, y] if b.chance(0.5) else [y, x])


def product_of_any(b):
    x = b.pick(is_float)
    b.add("MatMul", [x, b.pick(lambda v: v.elem_type == x.elem_type)])


def batched_weight(b):
    """A weight with batch dims that x's broadcast with."""
    x = features(b)
    shape = [b.one_of([1, 2, x.shape()[0] if x.is_static(0) else 1]), x.shape()[-1], b.between(1, 4)]
    b.add("MatMul", [x, b.random_constant(shape, x.elem_type)])


def gemm(b):
    x = b.pick(lambda v: is_float(v) and v.rank == 2)
    flip, flip_b = b.between(0, 1), b.between(0, 1)
    axis = 0 if flip else 1
    if not x.is_static(axis):
        raise Rejected("symbolic")
    k, n = x.shape()[axis], b.between(1, 6)
    w = b.random_constant([n, k] if flip_b else [k, n], x.elem_type)
    c = [b.random_constant(b.one_of([[n], [1, n], [1], [1, 1], []]), x.elem_type)] if b.chance(0.7) else []
    b.add("Gemm", [x, w, *c], transA=flip, transB=flip_b, **b.one_of([{}, {"alpha": 0.5}, {"beta": 2.0, "alpha": 1.5}]))


def einsum(b):
    x = b.pick(lambda v: is_float(v) and 2 <= v.rank <= 3 and v.is_static(v.rank - 1))
    k = x.shape()[-1]
    letters = "abc"[:x.rank]
    equation, shape = b.one_of([
        (f"{letters},{letters[-1]}z->{letters[:-1]}z", [k, 3]), (f"{letters},z{letters[-1]}->z{letters[:-1]}", [4, k]),
        (f"{letters},{letters[-1]}->{letters[:-1]}", [k]), (f"{letters},z->z{letters}", [2])])
    b.add("Einsum", [x, b.random_constant(shape, x.elem_type)], equation=equation)


def conv(b):
    x = channels(b)
    c = x.shape()[1]
    group = b.one_of([g for g in range(1, c + 1) if c % g == 0])
    out = group * b.between(1, 3)
    kernel = [b.between(1, 3) for _ in range(x.rank - 2)]
    attributes = {"group": group}
    if b.chance(0.5):
        attributes["strides"] = [b.between(1, 2) for _ in kernel]
    if b.chance(0.5):
        attributes["pads"] = [b.between(0, 2) for _ in range(2 * len(kernel))]
    elif b.chance(0.3):
        attributes["auto_pad"] = b.one_of(["SAME_UPPER", "SAME_LOWER", "VALID"])
    if b.chance(0.2):
        attributes["dilations"] = [b.between(1, 2) for _ in kernel]
    w = b.random_constant([out, c // group, *kernel], x.elem_type)
    y = b.add("Conv", [x, w, *([b.random_constant([out], x.elem_type)] if b.chance(0.5) else [])], **attributes)
    if b.chance(0.3):
        b.add("Relu", [y])


def split_heads(b, x, heads):
    shaped = b.add("Reshape", [x, b.integers(0, 0, heads, x.shape()[-1] // heads)])
    return b.add("Transpose", [shaped], perm=[0, 2, 1, 3])


def attention(b):
    """As exporters write it: scores, scale, a mask that is added or replaces, softmax."""
    x = b.pick(lambda v: is_float(v) and v.rank == 3 and v.is_static(2) and v.shape()[2] > 0)
    width, heads = x.shape()[2], b.one_of([h for h in (1, 2, 3, 4) if x.shape()[2] % h == 0])
    q, k, v = (split_heads(b, b.add("MatMul", [x, b.random_constant([width, width], x.elem_type, False)]), heads) for _ in range(3))
    scores = b.add("MatMul", [q, b.add("Transpose", [k], perm=[0, 1, 3, 2])])
    scale = b.scalar(b.one_of([0.5, (width // heads) ** -0.5, 0.0]), x.elem_type)
    if b.chance(0.8):
        scores = b.add("Mul", [scores, scale])
    kind = b.between(0, 3)
    if kind == 1:
        scores = b.add("Where", [b.add("Greater", [scores, b.scalar(0.3, x.elem_type)]), scores, b.scalar(b.one_of([-1e4, -6e4, -np.inf]), x.elem_type)])
    elif kind == 2:
        scores = b.add("Add", [scores, b.random_constant([1, 1, 1, 1], x.elem_type)])
    elif kind == 3:
        masks = [m for m in b.values if m.elem_type == T.BOOL and 1 <= m.rank <= 2 and m.is_static(0) == x.is_static(1)]
        scores = b.add("Where", [b.one_of(masks), scores, b.scalar(b.one_of([-1e4, -np.inf]), x.elem_type)])
    mixed = b.add("MatMul", [b.add("Softmax", [scores], axis=-1), v])
    b.add("Reshape", [b.add("Transpose", [mixed], perm=[0, 2, 1, 3]), b.integers(0, 0, width)])


def attention_op(b):
    if b.opset < 23:
        raise Rejected("opset")
    x = b.pick(lambda v: v.elem_type in (T.FLOAT, T.FLOAT16) and v.rank == 3 and v.is_static(2) and v.shape()[2] > 0)
    heads = b.one_of([h for h in (1, 2, 3, 4) if x.shape()[2] % h == 0])
    q = split_heads(b, x, heads)
    keys = x.shape()[1]  # a shorter mask is filled up from opset 24 on, not broadcast
    mask = [b.random_constant([1, keys], b.one_of([T.BOOL, x.elem_type]), False)] if x.is_static(1) and b.chance(0.7) else []
    b.add("Attention", [q, q, q, *mask], **b.one_of([{}, {"is_causal": 1}, {"scale": 0.3}]))


def quantize(b):
    x = b.pick(lambda v: v.elem_type == T.FLOAT)
    to = b.one_of([T.UINT8, T.INT8])
    axis = next((a for a in range(x.rank) if x.is_static(a) and 0 < x.shape()[a] < 20), None)
    if axis is not None and b.chance(0.4):
        n = x.shape()[axis]
        scale = b.constant(b.rng.uniform(0.01, 0.2, n).astype(np.float32), T.FLOAT)
        zero = b.constant(b.rng.integers(0, 5, n), to)
    else:
        axis = None
        scale = b.scalar(b.one_of([0.01, 0.05, 0.1]), T.FLOAT)
        zero = b.scalar(b.between(0, 100), to)
    attributes = {} if axis is None else {"axis": axis}
    q = b.add("QuantizeLinear", [x, scale, zero], **attributes)
    if b.chance(0.8):
        b.add("DequantizeLinear", [q, scale, zero], **attributes)


def dynamic_quantize(b):
    x = b.pick(lambda v: v.elem_type == T.FLOAT and all(s.size for s in v.sets))
    y, scale, zero = b.add("DynamicQuantizeLinear", [x], outputs=3)
    b.add("DequantizeLinear", [y, scale, zero])


def integer_product(b):
    x = b.pick(lambda v: v.elem_type in (T.UINT8, T.INT8) and v.rank >= 1 and v.is_static(v.rank - 1))
    w = b.random_constant([x.shape()[-1], b.between(1, 5)], b.one_of([T.UINT8, T.INT8]), True)
    zeros = [b.scalar(b.between(0, 9), x.elem_type), b.scalar(b.between(0, 9), w.elem_type)][:b.between(0, 2)]
    b.add("MatMulInteger", [x, w, *zeros])


def quantized_operator(b):
    """QLinearMatMul, QLinearConv and ConvInteger on a tensor of bytes."""
    x = b.pick(lambda v: v.elem_type == T.FLOAT and v.rank >= 2 and v.is_static(v.rank - 1) and v.shape()[-1] > 0)

    def scale_and_zero(elem_type):
        return b.scalar(b.one_of([0.02, 0.1, 0.5]), T.FLOAT), b.scalar(b.between(0, 7), elem_type)

    kind = b.one_of([T.UINT8, T.INT8])
    x = b.add("QuantizeLinear", [x, *scale_and_zero(kind)])
    out = b.one_of([T.UINT8, T.INT8])
    if x.rank == 2 or b.chance(0.3):
        w = b.random_constant([x.shape()[-1], b.between(1, 5)], b.one_of([T.UINT8, T.INT8]), True)
        b.add("QLinearMatMul", [x, *scale_and_zero(x.elem_type), w, *scale_and_zero(w.elem_type), *scale_and_zero(out)])
        return
    if not x.is_static(1) or x.shape()[1] == 0:
        raise Rejected("symbolic channels")
    shape = [b.between(1, 4), x.shape()[1], *[b.between(1, 2) for _ in range(x.rank - 2)]]
    attributes = {"pads": [b.between(0, 1) for _ in range(2 * x.rank - 4)]} if b.chance(0.5) else {}
    if b.chance(0.5):
        w = b.random_constant(shape, b.one_of([T.UINT8, T.INT8]), True)
        zeros = [b.scalar(b.between(0, 9), x.elem_type), b.scalar(b.between(0, 9), w.elem_type)][:b.between(0, 2)]
        b.add("ConvInteger", [x, w, *zeros], **attributes)
    else:
        w = b.random_constant(shape, T.INT8, True)
        b.add("QLinearConv", [x, *scale_and_zero(x.elem_type), w, *scale_and_zero(T.INT8), *scale_and_zero(x.elem_type)], **attributes)


def rotary(b):
    if b.opset < 23:
        raise Rejected("opset")
    heads, rows = b.between(1, 3), b.between(1, 3)
    x = b.random_constant([rows, heads, b.between(1, 3), 4], T.FLOAT, False)
    x = b.add("Mul", [x, b.pick(lambda v: v.elem_type == T.FLOAT and v.rank == 0)])
    caches = [b.random_constant([rows, x.shape()[2], 2], T.FLOAT, False) for _ in range(2)]
    b.add("RotaryEmbedding", [x, *caches], interleaved=b.between(0, 1))


def quantized_linear(b):
    """Between dequantized tensors, as quantizers write it."""
    x = b.pick(lambda v: v.elem_type == T.FLOAT and v.rank >= 2 and v.is_static(v.rank - 1) and v.shape()[-1] > 0)
    scale, zero = b.scalar(0.05, T.FLOAT), b.scalar(b.between(0, 9), T.UINT8)
    d = b.add("DequantizeLinear", [b.add("QuantizeLinear", [x, scale, zero]), scale, zero])
    w = b.random_constant([x.shape()[-1], b.between(1, 9)], T.INT8, True)
    dw = b.add("DequantizeLinear", [w, b.scalar(0.02, T.FLOAT), b.scalar(0, T.INT8)])
    y = b.add("MatMul", [d, dw])
    if b.chance(0.5):
        out, offset = b.scalar(0.1, T.FLOAT), b.scalar(3, T.UINT8)
        b.add("DequantizeLinear", [b.add("QuantizeLinear", [y, out, offset]), out, offset])


MOTIFS = [linear] * 4 + [product_of_values, product_of_any, batched_weight, gemm, gemm, einsum, conv, conv, conv, attention, attention,
                         attention_op, quantize, quantize, dynamic_quantize, integer_product, quantized_linear, quantized_operator, quantized_operator, rotary, attention_op]
