"""Loop: a captured weight, a carried state, a stacked output; then one that ends by its condition."""

import numpy as np
from model_writer import BOOL, FLOAT, INT64, Graph, run
from onnx import helper


def body(nodes, outputs):
    inputs = [helper.make_tensor_value_info("i", INT64, []), helper.make_tensor_value_info("keep", BOOL, []),
              helper.make_tensor_value_info("state", FLOAT, None)]
    return helper.make_graph(nodes, "body", inputs, [helper.make_tensor_value_info(name, kind, None) for name, kind in outputs])


def make():
    g = Graph("loop")
    x = g.input("x", FLOAT, ["n", 8])
    g.normal("w", [8, 8])
    go = g.weight("go", np.array(True))
    counted = body(
        [helper.make_node("Identity", ["keep"], ["keep_out"], name="pass_on"),
         helper.make_node("MatMul", ["state", "w"], ["p"], name="step"),
         helper.make_node("Tanh", ["p"], ["state_out"], name="squash"),
         helper.make_node("ReduceSum", ["state_out"], ["total"], name="total", keepdims=0)],
        [("keep_out", BOOL), ("state_out", FLOAT), ("total", FLOAT)])
    g.node("Loop", [g.integers("trips", 4), go, x], ["last", "totals"], body=counted)
    g.weight("limit", np.float32(50))
    g.weight("two", np.float32(2))
    until = body(
        [helper.make_node("Mul", ["state", "two"], ["state_out"], name="double"),
         helper.make_node("ReduceMax", ["state_out"], ["top"], name="top", keepdims=0),
         helper.make_node("Less", ["top", "limit"], ["keep_out"], name="again")],
        [("keep_out", BOOL), ("state_out", FLOAT)])
    g.node("Loop", ["", go, "last"], "grown", body=until)
    g.output("last", FLOAT, ["n", 8])
    g.output("totals", FLOAT, [4])
    g.output("grown", FLOAT, ["n", 8])
    return g, {"x": g.random.standard_normal((2, 8)).astype(np.float32)}


run(make)
