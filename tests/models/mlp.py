"""Two linear layers with a residual, on three dims; the weights are large enough for the weight table."""

import numpy as np
from model_writer import FLOAT, Graph, run


def make():
    g = Graph("mlp")
    x = g.input("x", FLOAT, ["batch", "seq", 32])
    hidden = g.node("Add", [g.node("MatMul", [x, g.normal("up.weight", [32, 96])], "up"), g.normal("up.bias", [96])], "up_b")
    hidden = g.node("Relu", [hidden], "act")
    down = g.node("Add", [g.node("MatMul", [hidden, g.normal("down.weight", [96, 32])], "down"), g.normal("down.bias", [32])], "down_b")
    g.node("Add", [down, x], "y")
    g.output("y", FLOAT, ["batch", "seq", 32])
    return g, {"x": g.random.standard_normal((3, 7, 32)).astype(np.float32)}


run(make)
