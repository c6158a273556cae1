"""Models whose weights and activations are stored in 16 bits. What is expected is computed here, in f32, and rounded after every op: ONNX
Runtime has no such kernels for CPUs."""

import ml_dtypes
import numpy as np
from model_writer import FLOAT, Graph
from onnx import TensorProto

TYPES = {"bf16": (TensorProto.BFLOAT16, ml_dtypes.bfloat16), "f16": (TensorProto.FLOAT16, np.float16)}
WIDTH, DEPTH = 32, 512


def softmax(x):
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def layer_norm(x, scale, shift):
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5) * scale + shift


def make(name):
    """One layer of a transformer (y), and sums of 512 products near 1 (z), which an accumulator of 16 bits would get wrong by 10 %."""
    onnx_type, numpy_type = TYPES[name]
    g = Graph(name)

    def rounded(x):
        return np.asarray(x, np.float32).astype(numpy_type).astype(np.float32)

    def weight(weight_name, values):
        g.weight(weight_name, values.astype(numpy_type))
        return rounded(values)

    def normal(weight_name, shape, scale=0.3):
        return weight(weight_name, g.random.standard_normal(shape) * scale)

    x = g.input("x", onnx_type, ["batch", "seq", WIDTH])
    t = g.input("t", onnx_type, ["rows", DEPTH])
    values = rounded(g.random.standard_normal((2, 7, WIDTH)))
    positive = rounded(0.75 + 0.5 * g.random.random((5, DEPTH)))

    query = g.node("MatMul", [x, "query"], "q")
    keys = g.node("Transpose", [x], "k", perm=[0, 2, 1])
    scores = g.node("Mul", [g.node("MatMul", [query, keys], "qk"), "factor"], "scores")
    mixed = g.node("MatMul", [g.node("Softmax", [scores], "p", axis=-1), x], "mixed")
    hidden = g.node("Relu", [g.node("Add", [g.node("MatMul", [mixed, "up"], "up_x"), "up_bias"], "up_b")], "hidden")
    summed = g.node("Add", [g.node("MatMul", [hidden, "down"], "down_x"), x], "summed")
    g.node("LayerNormalization", [summed, "norm_scale", "norm_shift"], "y", axis=-1, epsilon=1e-5)
    g.output("y", onnx_type, ["batch", "seq", WIDTH])
    g.node("Cast", [g.node("MatMul", [t, "long"], "long_t")], "z", to=FLOAT)
    g.output("z", FLOAT, ["rows", 24])

    q = rounded(values @ normal("query", [WIDTH, WIDTH], 0.1))
    products = rounded(q @ values.transpose(0, 2, 1))
    p = rounded(softmax(rounded(products * weight("factor", np.float32(0.25)))))
    up = rounded(rounded(p @ values) @ normal("up", [WIDTH, 3 * WIDTH]))
    active = np.maximum(rounded(up + normal("up_bias", [3 * WIDTH])), 0)
    residual = rounded(rounded(active @ normal("down", [3 * WIDTH, WIDTH])) + values)
    y = layer_norm(residual, normal("norm_scale", [WIDTH]), normal("norm_shift", [WIDTH]))
    z = rounded(positive @ weight("long", 0.75 + 0.5 * g.random.random((DEPTH, 24))))
    inputs = {"x": values.astype(numpy_type), "t": positive.astype(numpy_type)}
    return g, inputs, {"y": y.astype(numpy_type), "z": z}
