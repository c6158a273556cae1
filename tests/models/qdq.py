"""int8 products: QuantizeLinear and DequantizeLinear around a MatMul, per tensor and per column, and MatMulInteger with zero points."""

import numpy as np
from model_writer import FLOAT, Graph, run


def make():
    g = Graph("qdq")
    x = g.input("x", FLOAT, ["rows", 32])
    scale, zero = g.weight("x.scale", np.float32(0.02)), g.weight("x.zero", np.uint8(128))
    q = g.node("QuantizeLinear", [x, scale, zero], "x_q")
    d = g.node("DequantizeLinear", [q, scale, zero], "x_d")
    # 7 bits: without VNNI, ONNX Runtime saturates sums of two u8 * i8 products at 16 bits, and would expect wrong values.
    weight = g.weight("w", g.random.integers(-63, 64, (32, 48)).astype(np.int8))
    w = g.node("DequantizeLinear", [weight, g.weight("w.scale", np.linspace(0.001, 0.01, 48, dtype=np.float32)),
                                    g.weight("w.zero", np.zeros(48, np.int8))], "w_d", axis=1)
    g.node("MatMul", [d, w], "y")
    g.output("y", FLOAT, ["rows", 48])
    dynamic = g.node("DynamicQuantizeLinear", [x], ["q", "q_scale", "q_zero"])
    product = g.node("MatMulInteger", [dynamic[0], weight, dynamic[2], g.weight("w.shift", np.int8(3))], "int_product")
    g.node("Mul", [g.node("Cast", [product], "product", to=FLOAT), "q_scale"], "z")
    g.output("z", FLOAT, ["rows", 48])
    return g, {"x": g.random.standard_normal((6, 32)).astype(np.float32)}


run(make)
