"""Weights in blocks of 4 and 8 bits: products read them as they are stored, and are right beside ONNX Runtime's."""

import pathlib
import tempfile
import unittest

import jobs
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

K, N, BLOCK = 512, 640, 32


def save(folder, nodes, constants, rows, seed=3):
    """A model from x to y, with an input and ONNX Runtime's output."""
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", K])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", N])],
                              [numpy_helper.from_array(array, name) for name, array in constants.items()])
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    path = folder / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), path)
    x = np.random.default_rng(seed).standard_normal((rows, K)).astype(np.float32)
    # Optimized, ONNX Runtime rounds the activations of a fused product to 8 bits.
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    (y,) = onnxruntime.InferenceSession(path, options).run(None, {"x": x})
    jobs.write_tensor(folder / "input_0.pb", "x", x)
    jobs.write_tensor(folder / "output_0.pb", "y", y)
    return path


def nbits_model(folder, bits, rows, zero_points=True):
    random = np.random.default_rng(1)
    blocks = K // BLOCK
    constants = {"w": random.integers(0, 256, (N, blocks, BLOCK * bits // 8)).astype(np.uint8),
                 "s": random.uniform(0.01, 0.1, N * blocks).astype(np.float32)}
    if zero_points:
        constants["z"] = random.integers(0, 256, N * ((blocks * bits + 7) // 8)).astype(np.uint8)
    node = helper.make_node("MatMulNBits", ["x", *constants], ["y"], domain="com.microsoft", K=K, N=N, bits=bits,
                            block_size=BLOCK)
    return save(folder, [node], constants, rows)


def dequantized_model(folder, kind, rows):
    """DequantizeLinear and MatMul; the scales are along the rows."""
    random = np.random.default_rng(2)
    dtype = helper.tensor_dtype_to_np_dtype(getattr(TensorProto, kind))
    low, high = {"INT4": (-8, 8), "UINT4": (0, 16), "INT8": (-128, 128)}[kind]
    constants = {"w": random.integers(low, high, (K, N)).astype(np.int32).astype(dtype),
                 "s": random.uniform(0.01, 0.1, (K // BLOCK, N)).astype(np.float32),
                 "z": random.integers(low, high, (K // BLOCK, N)).astype(np.int32).astype(dtype)}
    nodes = [helper.make_node("DequantizeLinear", ["w", "s", "z"], ["real"], axis=0, block_size=BLOCK),
             helper.make_node("MatMul", ["x", "real"], ["product"]), helper.make_node("Relu", ["product"], ["y"])]
    return save(folder, nodes, constants, rows)


class BlockWeights(unittest.TestCase):
    def check(self, model, *arguments):
        report = jobs.report(model, "--inputs", model.parent, "--expect", model.parent, "--rtol", 1e-4, "--atol", 1e-3,
                             *arguments)
        self.assertTrue(report["expect"]["ok"])
        self.assertLess(report["expect"]["max_rel"], 1e-5)
        return report

    def test_the_f32_weight_is_never_made(self):
        real = 4 * K * N
        for bits in (4, 8):
            for rows in (1, 40):
                with self.subTest(bits=bits, rows=rows), tempfile.TemporaryDirectory(dir=jobs.SCRATCH) as name:
                    report = self.check(nbits_model(pathlib.Path(name), bits, rows), "--threads", 1)
                    (rank,) = report["ranks"]
                    # Elements, scales, and a zero point of at most a byte to a block.
                    self.assertLessEqual(rank["weights_bytes"], real * bits // 32 + N * K // BLOCK * 5)
                    # Beside inputs and outputs, the panels that a thread widens at a time.
                    self.assertLess(rank["arena_bytes"], real // 2)

    def test_dequantized_weights_are_read_as_stored(self):
        for kind in ("INT4", "UINT4", "INT8"):
            with self.subTest(kind=kind), tempfile.TemporaryDirectory(dir=jobs.SCRATCH) as name:
                report = self.check(dequantized_model(pathlib.Path(name), kind, 3), "--threads", 2)
                self.assertLess(report["ranks"][0]["weights_bytes"], 4 * K * N // 3)

    def test_split_over_ranks(self):
        for mesh in ("tp=2", "tp=3", "dp=2"):
            with self.subTest(mesh=mesh), tempfile.TemporaryDirectory(dir=jobs.SCRATCH) as name:
                self.check(dequantized_model(pathlib.Path(name), "INT4", 4), "--mesh", mesh)
            with self.subTest(mesh=mesh), tempfile.TemporaryDirectory(dir=jobs.SCRATCH) as name:
                self.check(nbits_model(pathlib.Path(name), 4, 4, zero_points=False), "--mesh", mesh)


if __name__ == "__main__":
    unittest.main()
