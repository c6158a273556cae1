"""Writes ONNX's backend tests to a folder: KIND/NAME with model.onnx, input_0.pb, ..., output_0.pb, ...

    make_cases.py FOLDER

Models state axes, shapes and the like as constants, the node tests have them as inputs: for those there is a
second case, of kind "constant", where such inputs are initializers. Models of opsets before 7, which the importer does not
take, are converted to opset 13 by the package's own converter. Kind "types" is our own: type_cases.py.

The node tests are made by the onnx package's own code, the others are files of the package. Inputs and
outputs that are maps are left out.
"""

import pathlib
import shutil
import sys
import warnings

import numpy
import onnx
import onnx.version_converter
from onnx.backend.test import loader

import type_cases


# Ops and the inputs that their result's shape depends on.
SHAPE_INPUTS = {
    "CenterCropPad": [1],
    "ConstantOfShape": [0],
    "CumSum": [1],
    "Dropout": [2],
    "Expand": [1],
    "OneHot": [1],
    "Pad": [1, 3],
    "Range": [0, 1, 2],
    "Reshape": [1],
    "Resize": [1, 2, 3],
    "Slice": [1, 2, 3, 4],
    "Split": [1],
    "Squeeze": [1],
    "Tile": [1],
    "TopK": [1],
    "Trilu": [1],
    "Unsqueeze": [1],
}


def shape_inputs(graph):
    """The graph's inputs that a SHAPE_INPUTS op takes; every Reduce op has its axes as input 1."""
    names = set()
    for node in graph.node:
        indices = [1] if node.op_type.startswith("Reduce") else SHAPE_INPUTS.get(node.op_type, [])
        names.update(node.input[i] for i in indices if i < len(node.input) and node.input[i])
    return [info.name for info in graph.input if info.name in names]


def with_constants(case):
    """The case with its shape inputs as initializers; None if it has none."""
    names = shape_inputs(case.model.graph)
    if not names:
        return None
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    inputs, outputs = case.data_sets[0]
    kept_values, kept_infos = [], []
    for value, info in zip(inputs, case.model.graph.input):
        if info.name in names:
            model.graph.initializer.append(onnx.numpy_helper.from_array(numpy.asarray(value), info.name))
        else:
            kept_values.append(value)
            kept_infos.append(info)
    del model.graph.input[:]
    model.graph.input.extend(kept_infos)
    return model, kept_values, outputs


def to_tensor(value, name):
    return value if isinstance(value, onnx.TensorProto) else onnx.numpy_helper.from_array(numpy.asarray(value), name)


def to_sequence(values, name):
    proto = onnx.SequenceProto(name=name, elem_type=onnx.SequenceProto.TENSOR)
    proto.tensor_values.extend(to_tensor(value, "") for value in values)
    return proto


def to_optional(value, name, is_sequence):
    if value is None:
        return onnx.OptionalProto(name=name)
    if is_sequence:
        return onnx.OptionalProto(name=name, elem_type=onnx.OptionalProto.SEQUENCE, sequence_value=to_sequence(value, ""))
    return onnx.OptionalProto(name=name, elem_type=onnx.OptionalProto.TENSOR, tensor_value=to_tensor(value, ""))


def to_proto(value, info):
    """None for what holds maps."""
    kind = info.type.WhichOneof("value")
    if kind == "tensor_type":
        return to_tensor(value, info.name)
    if kind == "sequence_type" and info.type.sequence_type.elem_type.HasField("tensor_type"):
        return to_sequence(value, info.name)
    if kind == "optional_type":
        return to_optional(value, info.name, info.type.optional_type.elem_type.HasField("sequence_type"))
    return None


def write_made(folder, model, inputs, outputs):
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    graph = model.graph
    for kind, values, infos in (("input", inputs, graph.input), ("output", outputs, graph.output)):
        for i, (value, info) in enumerate(zip(values, infos)):
            proto = to_proto(value, info)
            if proto is not None:
                (folder / f"{kind}_{i}.pb").write_bytes(proto.SerializeToString())


def align_slopes(model):
    """Opset 6 has a slope per channel, of shape [C], where later ones broadcast from the right: [C, 1, ...]."""
    inputs = {info.name: len(info.type.tensor_type.shape.dim) for info in model.graph.input}
    slopes = {node.input[1]: inputs[node.input[0]] for node in model.graph.node if node.op_type == "PRelu"}
    for tensor in [*model.graph.initializer, *model.graph.input]:
        ones = [1] * (slopes.get(tensor.name, 2) - 2)
        if isinstance(tensor, onnx.TensorProto):
            tensor.dims.extend(ones)
        else:
            for one in ones:
                tensor.type.tensor_type.shape.dim.add().dim_value = one


def upgraded(model):
    opset = {imported.domain: imported.version for imported in model.opset_import}.get("", 13)
    if opset >= 7:
        return model
    align_slopes(model)
    model = onnx.version_converter.convert_version(model, 13)
    model.ir_version = 7  # whose initializers need not be inputs
    return model


def copy_stored(source, folder):
    folder.mkdir(parents=True)
    onnx.save(upgraded(onnx.load(source / "model.onnx")), folder / "model.onnx")
    for file in (source / "test_data_set_0").iterdir():
        shutil.copy(file, folder)


def main():
    warnings.simplefilter("ignore")
    target = pathlib.Path(sys.argv[1])
    for case in loader.load_model_tests(kind="node"):
        write_made(target / "node" / case.name, upgraded(case.model), *case.data_sets[0])
        constant = with_constants(case)
        if constant:
            write_made(target / "constant" / case.name, *constant)
    for name, model, inputs, outputs in type_cases.type_cases():
        write_made(target / "types" / name, model, inputs, outputs)
    for kind in ("simple", "pytorch-operator", "pytorch-converted"):
        for source in (pathlib.Path(loader.DATA_DIR) / kind).iterdir():
            if source.is_dir():
                copy_stored(source, target / kind / source.name)


main()
