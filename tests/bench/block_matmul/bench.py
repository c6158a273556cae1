"""Products with a weight of 4 bits in blocks (MatMulNBits), beside the same product with an f32 weight and ONNX Runtime.

    bazel build //tools:mlc-run
    .venv/bin/python3 tests/bench/block_matmul/bench.py [K N [BLOCK]]

Runs of all programs take turns; prints medians in milliseconds. One thread.
"""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[3]
ROUNDS = 5


def model(node, constants, rows, k, n):
    graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [rows, k])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [rows, n])],
                              [numpy_helper.from_array(array, name) for name, array in constants.items()])
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def models(rows, k, n, block):
    random = np.random.default_rng(1)
    blocks = k // block
    stored = {"w": random.integers(0, 256, (n, blocks, block // 2)).astype(np.uint8),
              "s": random.uniform(0.01, 0.1, n * blocks).astype(np.float32),
              "z": random.integers(0, 256, n * ((blocks + 1) // 2)).astype(np.uint8)}
    nbits = helper.make_node("MatMulNBits", ["x", *stored], ["y"], domain="com.microsoft", K=k, N=n, bits=4, block_size=block)
    real = {"w": random.standard_normal((k, n)).astype(np.float32)}
    return {"4 bits": model(nbits, stored, rows, k, n), "f32": model(helper.make_node("MatMul", ["x", "w"], ["y"]), real, rows, k, n)}


def mlc(path):
    report = path.with_suffix(".json")
    subprocess.run([ROOT / "bazel-bin/tools/mlc-run", path, "--threads", "1", "--iterations", "20", "--warmup", "3", "--json", report], check=True,
                   stdout=subprocess.DEVNULL)
    return json.loads(report.read_text())["latency_ms"]["p50"]


def peer(path, x):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options)
    times = []
    for _ in range(20):
        start = time.perf_counter()
        session.run(None, {"x": x})
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def main():
    k, n, block = (list(map(int, sys.argv[1:])) + [4096, 4096, 32][len(sys.argv) - 1 :])[:3]
    for rows in (1, 128):
        x = np.random.default_rng(2).standard_normal((rows, k)).astype(np.float32)
        with tempfile.TemporaryDirectory() as folder:
            times = {}
            for name, made in models(rows, k, n, block).items():
                onnx.save(made, pathlib.Path(folder) / f"{name}.onnx")
            for _ in range(ROUNDS):
                for name in ("4 bits", "f32"):
                    path = pathlib.Path(folder) / f"{name}.onnx"
                    times.setdefault(f"mlc {name}", []).append(mlc(path))
                    times.setdefault(f"ONNX Runtime {name}", []).append(peer(path, x))
        print(f"{rows} x {k} x {n}, blocks of {block}")
        for name, values in times.items():
            print(f"  {name:22} {statistics.median(values):8.3f}")


main()
