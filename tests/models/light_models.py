"""The convolutional models of the onnx wheel, which carries them without their weights: all of them are 0.02 in what is stored. So that a
wrong element can be seen, they can be given random ones."""

import math
import pathlib

import numpy as np
import onnx
from onnx import numpy_helper

FOLDER = pathlib.Path(onnx.__file__).parent / "backend/test/data/light"


def input_of(model):
    """The input's name, and the values that the stored outputs belong to."""
    initializers = {initializer.name for initializer in model.graph.initializer}
    (value,) = [value for value in model.graph.input if value.name not in initializers]
    shape = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
    count = math.prod(shape)
    return value.name, (np.arange(count).reshape(shape) / count).astype(np.float32)


def with_random_weights(model):
    """The model with weights in place of the constants, of a size that keeps activations near 1."""
    random = np.random.default_rng(3)
    shapes = {initializer.name: numpy_helper.to_array(initializer) for initializer in model.graph.initializer}
    users = {name: (node.op_type, index) for node in model.graph.node for index, name in enumerate(node.input)}
    name, _ = input_of(model)
    result = onnx.ModelProto()
    result.CopyFrom(model)
    del result.graph.node[:], result.graph.initializer[:], result.graph.input[:]
    result.graph.input.extend(value for value in model.graph.input if value.name == name)
    for node in model.graph.node:
        if node.op_type != "ConstantOfShape":
            result.graph.node.append(node)
            continue
        shape = shapes[node.input[0]]
        op, index = users.get(node.output[0], ("", 0))
        if op in ("Conv", "Gemm") and index == 1:
            values = random.standard_normal(shape) * math.sqrt(2 / np.prod(shape[1:]))
        elif op == "BatchNormalization" and index in (1, 4):
            values = 1 + 0.2 * random.random(shape)
        else:
            values = 0.1 * random.standard_normal(shape)
        result.graph.initializer.append(numpy_helper.from_array(values.astype(np.float32), node.output[0]))
    used = {name for node in result.graph.node for name in node.input}
    result.graph.initializer.extend(initializer for initializer in model.graph.initializer if initializer.name in used)
    # Softmax would hide most of what comes before it.
    last = result.graph.node[-1]
    if last.op_type == "Softmax":
        result.graph.output[0].name = last.input[0]
        del result.graph.node[-1]
    return result
