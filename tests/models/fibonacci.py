"""Loop: values that change places from trip to trip, reshaped or not, and what they were before stacked."""

import numpy as np
from model_writer import BOOL, FLOAT, INT64, Graph, run
from onnx import helper


def make():
    g = Graph("fibonacci")
    a, b = g.input("a", FLOAT, ["n", 6]), g.input("b", FLOAT, ["n", 6])
    go = g.weight("go", np.array(True))
    g.integers("shape", [-1, 6])
    inputs = [helper.make_tensor_value_info("i", INT64, []), helper.make_tensor_value_info("keep", BOOL, []),
              *(helper.make_tensor_value_info(name, FLOAT, None) for name in ("older", "newer", "left", "right"))]
    nodes = [helper.make_node("Identity", ["keep"], ["keep_out"], name="pass_on"),
             helper.make_node("Add", ["older", "newer"], ["next"], name="add"),
             helper.make_node("Reshape", ["right", "shape"], ["was_right"], name="view"),
             helper.make_node("Identity", ["older"], ["seen"], name="see")]
    outputs = [("keep_out", BOOL), *((name, FLOAT) for name in ("newer", "next", "was_right", "left", "seen"))]
    body = helper.make_graph(nodes, "body", inputs, [helper.make_tensor_value_info(*output, None) for output in outputs])
    g.node("Loop", [g.integers("trips", 5), go, a, b, a, b], ["older_out", "newer_out", "left_out", "right_out", "seen_out"], body=body)
    for name in ("older_out", "newer_out", "left_out", "right_out"):
        g.output(name, FLOAT, ["n", 6])
    g.output("seen_out", FLOAT, [5, "n", 6])
    return g, {name: g.random.standard_normal((3, 6)).astype(np.float32) for name in (a, b)}


run(make)
