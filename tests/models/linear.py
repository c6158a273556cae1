"""One linear layer, as torch exports it: Gemm with a transposed weight, of a symbolic batch."""

import numpy as np
from model_writer import FLOAT, Graph, run


def make():
    g = Graph("linear")
    x = g.input("x", FLOAT, ["batch", 40])
    g.node("Gemm", [x, g.normal("weight", [24, 40]), g.normal("bias", [24])], "y", transB=1)
    g.output("y", FLOAT, ["batch", 24])
    return g, {"x": g.random.standard_normal((5, 40)).astype(np.float32)}


run(make)
