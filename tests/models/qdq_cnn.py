"""Quantized convolutions as exporters write them: zero points beside 0, padding, scales per channel, i32 biases, groups."""

import numpy as np
from model_writer import FLOAT, Graph, run


def quantized(g, x, name, scale, zero):
    parameters = [g.weight(f"{name}.scale", np.float32(scale)), g.weight(f"{name}.zero", np.uint8(zero))]
    return g.node("DequantizeLinear", [g.node("QuantizeLinear", [x, *parameters], f"{name}_q"), *parameters], f"{name}_d")


def convolution(g, x, name, shape, input_scale, **attributes):
    scales = np.linspace(0.003, 0.007, shape[0], dtype=np.float32)
    # Few bits, so that ONNX Runtime's f32 sums are nearly exact.
    stored = g.weight(f"{name}.weight", g.random.integers(-31, 32, shape).astype(np.int8))
    weight = g.node("DequantizeLinear", [stored, g.weight(f"{name}.scale", scales), g.weight(f"{name}.zero", np.zeros(shape[0], np.int8))],
                    f"{name}_w", axis=0)
    bias = g.node("DequantizeLinear", [g.weight(f"{name}.bias", g.random.integers(-500, 500, shape[0]).astype(np.int32)),
                                       g.weight(f"{name}.bias_scale", scales * np.float32(input_scale))], f"{name}_b", axis=0)
    return g.node("Conv", [x, weight, bias], f"{name}_y", kernel_shape=list(shape[2:]), **attributes)


def make():
    g = Graph("qdq_cnn")
    x = quantized(g, g.input("image", FLOAT, ["batch", 3, 15, 14]), "x", 0.0273, 113)
    x = convolution(g, x, "first", (8, 3, 3, 3), 0.0273, strides=[2, 2], pads=[1, 1, 1, 1])
    x = quantized(g, g.node("Relu", [x], "relu"), "y", 0.0119, 0)
    x = convolution(g, x, "second", (12, 4, 3, 3), 0.0119, group=2, pads=[1, 1, 1, 1])
    x = quantized(g, x, "z", 0.0391, 129)
    convolution(g, x, "third", (5, 12, 1, 1), 0.0391)
    g.output("third_y", FLOAT, ["batch", 5, 8, 7])
    return g, {"image": g.random.standard_normal((2, 3, 15, 14)).astype(np.float32)}


run(make)
