"""A model with its inputs as a folder, laid out as ONNX's backend tests are: model.onnx, test_data_set_0/input_0.pb, ...

What ran the model leaves its outputs beside the inputs: compiled_0.pb, evaluated_0.pb, onnx_runtime_0.pb.
"""

import pathlib
import shutil

import onnx
from onnx import numpy_helper


def data_sets(folder):
    return sorted(pathlib.Path(folder).glob("test_data_set_*"))


def write(folder, model, sets):
    """`sets`: stored inputs by name, in the order of the graph's inputs."""
    folder = pathlib.Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    for number, inputs in enumerate(sets):
        data = folder / f"test_data_set_{number}"
        data.mkdir()
        for i, info in enumerate(model.graph.input):
            tensor = numpy_helper.from_array(inputs[info.name], info.name)
            (data / f"input_{i}.pb").write_bytes(tensor.SerializeToString())


def read_tensor(file):
    tensor = onnx.TensorProto()
    tensor.ParseFromString(file.read_bytes())
    return numpy_helper.to_array(tensor)


def read(folder):
    """The model and its sets of inputs."""
    model = onnx.load(pathlib.Path(folder) / "model.onnx")
    names = [info.name for info in model.graph.input]
    sets = [{name: read_tensor(data / f"input_{i}.pb") for i, name in enumerate(names)} for data in data_sets(folder)]
    return model, sets


def outputs(folder, number, kind):
    """The stored outputs of that kind in order; fewer than the model has where they were not written."""
    data = pathlib.Path(folder) / f"test_data_set_{number}"
    arrays = []
    while (data / f"{kind}_{len(arrays)}.pb").exists():
        arrays.append(read_tensor(data / f"{kind}_{len(arrays)}.pb"))
    return arrays
