"""Runs models by ONNX Runtime, a folder for each line of standard input; see run_models.cc for the answers."""

import pathlib
import sys

import case_folder
import onnxruntime
from onnx import numpy_helper


def run(folder):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # As the model states it, nothing fused.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
    _, sets = case_folder.read(folder)
    for number, inputs in enumerate(sets):
        try:
            # Types that numpy does not have go through OrtValue only.
            outputs = session.run(None, inputs)
        except Exception as error:
            yield f"run {number} 3 {error}"
            continue
        for i, output in enumerate(outputs):
            tensor = numpy_helper.from_array(output, str(i))
            (folder / f"test_data_set_{number}" / f"onnx_runtime_{i}.pb").write_bytes(tensor.SerializeToString())
        yield f"run {number} 0 "


def main():
    onnxruntime.set_default_logger_severity(4)
    for line in sys.stdin:
        try:
            for answer in run(pathlib.Path(line.strip())):
                print(" ".join(answer.split()))
        except Exception as error:
            print(" ".join(f"compile 3 {error}".split()))
        print("done", flush=True)


main()
