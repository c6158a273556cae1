"""What the writers of test models share: building graphs, and saving them with inputs and expected outputs."""

import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Graph:
    """A model under construction. Values are names; weights are random, the same in every run."""

    def __init__(self, name, opset=17, ir_version=8):
        self.name, self.opset, self.ir_version = name, opset, ir_version
        self.nodes, self.initializers, self.inputs, self.outputs = [], [], [], []
        self.random = np.random.default_rng(11)

    def input(self, name, dtype, shape):
        self.inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        return name

    def output(self, name, dtype, shape):
        self.outputs.append(helper.make_tensor_value_info(name, dtype, shape))

    def node(self, op, inputs, output, **attributes):
        outputs = output if isinstance(output, list) else [output]
        self.nodes.append(helper.make_node(op, inputs, outputs, name=f"{op}_{len(self.nodes)}", **attributes))
        return output

    def weight(self, name, array):
        self.initializers.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def normal(self, name, shape, scale=0.3):
        return self.weight(name, (self.random.standard_normal(shape) * scale).astype(np.float32))

    def integers(self, name, values):
        return self.weight(name, np.array(values, dtype=np.int64))

    def model(self):
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)],
                                  ir_version=self.ir_version, producer_name="tests/models")
        onnx.checker.check_model(model)
        return model


def save_tensors(directory, kind, names, arrays):
    for i, (name, array) in enumerate(zip(names, arrays, strict=True)):
        (directory / f"{kind}_{i}.pb").write_bytes(numpy_helper.from_array(np.asarray(array), name).SerializeToString())


def save_data(path, inputs):
    """input_0.pb, ... and output_0.pb, ..., which ONNX Runtime computes, beside the model at path."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # What is compared with must not depend on another compiler's optimizations.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_inputs()]
    save_tensors(path.parent, "input", names, [inputs[name] for name in names])
    outputs = [value.name for value in session.get_outputs()]
    save_tensors(path.parent, "output", outputs, session.run(outputs, inputs))


def run(make):
    """Calls `make`, which gives a Graph and its inputs, and saves them as argv[1]/model.onnx, ...

    `make` may also give the expected outputs; else ONNX Runtime computes them."""
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    graph, inputs, *expected = make()
    path = directory / "model.onnx"
    onnx.save(graph.model(), path)
    if not expected:
        return save_data(path, inputs)
    for kind, values, arrays in (("input", graph.inputs, inputs), ("output", graph.outputs, expected[0])):
        names = [value.name for value in values]
        save_tensors(directory, kind, names, [arrays[name] for name in names])


FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
