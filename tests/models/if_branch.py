"""If: both branches use values of the outer graph."""

import numpy as np
from model_writer import BOOL, FLOAT, Graph, run
from onnx import helper


def branch(name, nodes):
    output = helper.make_tensor_value_info(f"{name}_y", FLOAT, None)
    return helper.make_graph(nodes, name, [], [output])


def make():
    g = Graph("if_branch")
    x, flag = g.input("x", FLOAT, ["n", 8]), g.input("flag", BOOL, [])
    h = g.node("Tanh", [g.node("MatMul", [x, g.normal("w", [8, 8])], "p")], "h")
    g.normal("then.w", [8, 8])
    then = branch("then", [helper.make_node("MatMul", [h, "then.w"], ["then_y"], name="inner_matmul")])
    other = branch("else", [helper.make_node("Neg", [x], ["negative"], name="inner_neg"),
                            helper.make_node("Add", ["negative", h], ["else_y"], name="inner_add")])
    g.node("If", [flag], "chosen", then_branch=then, else_branch=other)
    g.node("Relu", ["chosen"], "y")
    g.output("y", FLOAT, ["n", 8])
    return g, {"x": g.random.standard_normal((3, 8)).astype(np.float32), "flag": np.array(True)}


run(make)
