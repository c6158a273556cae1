"""If and Loop."""

import numpy as np
from elementwise_motifs import is_float
from onnx import TensorProto as T
from onnx import helper, numpy_helper


def branch(b):
    x = b.pick(is_float)
    if b.chance(0.5):
        condition = b.input(T.BOOL, [], [np.array(b.chance(0.5)) for _ in range(b.set_count)])
    else:
        condition = b.add("Greater", [b.add("ReduceMax", [x], keepdims=0), b.scalar(0.5, x.elem_type)])
    bodies = []
    for op in (b.one_of(["Relu", "Neg", "Exp"]), b.one_of(["Abs", "Tanh", "Identity"])):
        name = b.fresh("b")
        bodies.append(helper.make_graph([helper.make_node(op, [x.name], [name])], name, [], [
            helper.make_tensor_value_info(name, x.elem_type, [None] * x.rank)]))
    b.add("If", [condition], then_branch=bodies[0], else_branch=bodies[1])


def loop(b):
    x = b.pick(is_float)
    trips = b.scalar(b.between(0, 4), T.INT64) if b.chance(0.5) else b.input(T.INT64, [], [np.array(b.between(0, 3)) for _ in range(b.set_count)])
    i, condition, carried, kept, made, out = (b.fresh("b") for _ in range(6))
    half = numpy_helper.from_array(np.array(0.5, np.float32), made + "h")
    shape = [None] * x.rank
    nodes = [helper.make_node("Identity", [condition], [kept]),
             helper.make_node(b.one_of(["Relu", "Neg", "Tanh"]), [carried], [made]),
             helper.make_node("Add", [made, x.name], [out])]
    body = helper.make_graph(nodes, "body", [
        helper.make_tensor_value_info(i, T.INT64, []), helper.make_tensor_value_info(condition, T.BOOL, []),
        helper.make_tensor_value_info(carried, x.elem_type, shape)], [
            helper.make_tensor_value_info(kept, T.BOOL, []), helper.make_tensor_value_info(out, x.elem_type, shape)])
    # Not left out: the reference implementation takes that for false.
    b.add("Loop", [trips, b.scalar(True, T.BOOL), x], body=body)


MOTIFS = [branch, loop]
