"""Sizes are proved or checked: models whose nodes need something of a symbolic dim, at sizes that have it and sizes that do not.

Each model is compiled once for one rank and once for two, with its dims open, and then run at every size. ONNX Runtime says
what is right: the values, or that the sizes are refused.
"""

import itertools
import unittest

import jobs
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZES = (0, 1, 2, 3, 17)
node = helper.make_node


def integers(*values):
    return np.array(values, np.int64)


def floats(*shape):
    return np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)


# name: nodes, inputs' dims, constants; each symbolic dim takes every one of SIZES. The last node's outputs are the model's.
MODELS = {
    "broadcast_with_a_number": ([node("Add", ["x", "b"], ["y"])], {"x": ["n"]}, {"b": floats(3)}),
    "broadcast_of_two_dims": ([node("Mul", ["x", "z"], ["y"])], {"x": ["n", 2], "z": ["m", 1]}, {}),
    "broadcast_of_three": ([node("Cast", ["c"], ["k"], to=TensorProto.BOOL), node("Where", ["k", "x", "z"], ["y"])], {"c": ["n"], "x": ["m"], "z": [3]}, {}),
    "contraction": ([node("MatMul", ["x", "w"], ["y"])], {"x": ["m", "k"]}, {"w": floats(3, 8)}),
    "contraction_of_two_dims": ([node("MatMul", ["x", "z"], ["y"])], {"x": [2, "k"], "z": ["j", 4]}, {}),
    "batch_of_a_product": ([node("MatMul", ["x", "w"], ["y"])], {"x": ["b", 2, 3]}, {"w": floats(17, 3, 2)}),
    "sum_of_a_product": ([node("Gemm", ["x", "w", "c"], ["y"])], {"x": ["m", 3], "c": ["n"]}, {"w": floats(3, 2)}),
    "reshape": ([node("Reshape", ["x", "s"], ["y"])], {"x": ["n"]}, {"s": integers(-1, 3)}),
    "reshape_to_numbers": ([node("Reshape", ["x", "s"], ["y"])], {"x": ["n", 2]}, {"s": integers(3, 2)}),
    "reshape_by_a_size": ([node("Shape", ["z"], ["d"]), node("Concat", ["d", "o"], ["s"], axis=0), node("Reshape", ["x", "s"], ["y"], allowzero=1)], {"x": ["n"], "z": ["m"]}, {"o": integers(-1)}),
    "split": ([node("Split", ["x", "s"], ["y", "z"], axis=0)], {"x": ["n"]}, {"s": integers(1, 2)}),
    "squeeze": ([node("Squeeze", ["x", "s"], ["y"])], {"x": ["n", 4]}, {"s": integers(0)}),
    "gather": ([node("Gather", ["x", "i"], ["y"])], {"x": ["n", 4]}, {"i": integers(2)}),
    "gather_from_the_end": ([node("Gather", ["x", "i"], ["y"])], {"x": ["n", 4]}, {"i": np.array(-2, np.int64)}),
    "gather_elements": ([node("GatherElements", ["x", "i"], ["y"], axis=1)], {"x": ["n", 4]}, {"i": integers(3, -4).reshape(2, 1)}),
    "expand": ([node("Expand", ["x", "s"], ["y"])], {"x": ["n"]}, {"s": integers(2, 3)}),
    "channels_of_a_convolution": ([node("Conv", ["x", "w"], ["y"])], {"x": [1, "c", 5, 5]}, {"w": floats(4, 3, 3, 3)}),
    "window_of_a_convolution": ([node("Conv", ["x", "w"], ["y"])], {"x": ["n", 2, "h", 5]}, {"w": floats(4, 2, 2, 3)}),
    "window_of_a_pooling": ([node("MaxPool", ["x"], ["y"], kernel_shape=[3, 2])], {"x": ["n", 2, "h", 5]}, {}),
    "window_of_a_pooling_with_indices": ([node("MaxPool", ["x"], ["y", "z"], kernel_shape=[3, 2])], {"x": [1, 2, "h", 5]}, {}),
    "difference_of_neighbours": ([node("Slice", ["x", "one", "big"], ["a"]), node("Slice", ["x", "zero", "last"], ["b"]), node("Sub", ["a", "b"], ["y"])], {"x": ["n"]}, {"one": integers(1), "big": integers(2**31), "zero": integers(0), "last": integers(-1)}),
    "plus_its_flip": ([node("Slice", ["x", "s", "e", "a", "t"], ["r"]), node("Add", ["x", "r"], ["y"])], {"x": ["n"]}, {"s": integers(-1), "e": integers(-(2**63)), "a": integers(0), "t": integers(-1)}),
    "every_second": ([node("Slice", ["x", "s", "e", "a", "t"], ["y"])], {"x": ["n"]}, {"s": integers(1), "e": integers(-1), "a": integers(0), "t": integers(2)}),
    "name_like_an_expression": ([node("Relu", ["x"], ["y"])], {"x": ["n+1"]}, {}),
    "concatenation": ([node("Concat", ["x", "z"], ["y"], axis=1)], {"x": ["n", 2], "z": ["m", 3]}, {}),
    "scale_per_row": ([node("QuantizeLinear", ["x", "s"], ["y"], axis=0)], {"x": ["d"]}, {"s": np.array([0.5, 0.25], np.float32)}),
    "scale_of_an_instance": ([node("InstanceNormalization", ["x", "s", "b"], ["y"])], {"x": [2, "c", 3], "s": ["d"]}, {"b": floats(3)}),
    "zero_points": ([node("Abs", ["z"], ["u"]), node("Cast", ["u"], ["p"], to=TensorProto.UINT8), node("QuantizeLinear", ["x", "s", "p"], ["y"], axis=0)], {"x": [3], "s": ["c"], "z": ["d"]}, {}),
    "zero_points_of_a_product": ([node("Abs", ["x"], ["b"]), node("Cast", ["b"], ["a"], to=TensorProto.UINT8), node("Cast", ["z"], ["p"], to=TensorProto.INT8), node("MatMulInteger", ["a", "w", "u", "p"], ["y"])], {"x": ["m", 2], "z": ["d"]}, {"w": np.ones((2, 3), np.int8), "u": np.array(1, np.uint8)}),
    "blocks_of_channels": ([node("DepthToSpace", ["x"], ["y"], blocksize=1)], {"x": [1, "c", "h", 2]}, {}),
}

# Where ONNX Runtime takes what ONNX does not: it looks at no dims of empty tensors that are concatenated, makes a dim of -1
# beside one of 0 a 0, and takes a vector of one scale for one of the whole tensor.
UNLIKE_ONNX = {
    "zero_points": lambda c, d: c == d == 1,
    "concatenation": lambda n, m: 0 in (n, m) and n != m,
    "reshape_by_a_size": lambda n, m: n == m == 0,
}


def model_of(nodes, inputs, constants):
    graph = helper.make_graph(
        nodes, "sizes", [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in inputs.items()],
        [helper.make_empty_tensor_value_info(name) for name in nodes[-1].output],
        [numpy_helper.from_array(array, name) for name, array in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    return onnx.shape_inference.infer_shapes(model)


def sizes_of(inputs):
    """Every binding of the symbolic dims to SIZES."""
    symbols = sorted({dim for dims in inputs.values() for dim in dims if isinstance(dim, str)})
    return [dict(zip(symbols, sizes, strict=True)) for sizes in itertools.product(SIZES, repeat=len(symbols))]


class Sizes(unittest.TestCase):
    def expected(self, path, feeds):
        """ONNX Runtime's outputs, or None where it refuses."""
        try:
            return list(jobs.reference(path, feeds).values())
        except Exception:  # noqa: BLE001 - its errors have no common class
            return None

    def run_package(self, package, folder, feeds):
        arguments = []
        for name, array in feeds.items():
            np.save(folder / f"{name}.npy", array)
            arguments += ["--input", f"{name}=@{folder / name}.npy"]
        return jobs.mlc_run(package, "--outputs", folder / "out", *arguments)

    def check(self, name, *options):
        nodes, inputs, constants = MODELS[name]
        folder = jobs.SCRATCH / self.id() / name
        folder.mkdir(parents=True, exist_ok=True)
        path, package = folder / "model.onnx", folder / "model.mlcpkg"
        onnx.save(model_of(nodes, inputs, constants), path)
        compiled = jobs.mlc_compile(path, "-o", package, *options)
        self.assertEqual(compiled.code, jobs.DONE, f"{name}: {compiled.err}")
        for sizes in sizes_of(inputs):
            with self.subTest(model=name, **sizes):
                shapes = {key: [sizes.get(dim, dim) for dim in dims] for key, dims in inputs.items()}
                feeds = {key: floats(*shape) for key, shape in shapes.items()}
                expected = None if UNLIKE_ONNX.get(name, lambda **_: False)(**sizes) else self.expected(path, feeds)
                result = self.run_package(package, folder, feeds)
                if expected is None:
                    self.assertEqual(result.code, jobs.INVALID, result.err)
                    self.assertRegex(result.err, "node .*input '|input '.*: node ")
                    continue
                self.assertEqual(result.code, jobs.DONE, result.err)
                for key, array in zip(nodes[-1].output, expected, strict=True):
                    actual = np.load(folder / "out" / f"{key}.npy")
                    self.assertEqual(actual.shape, array.shape)
                    np.testing.assert_allclose(actual, array, rtol=1e-5, atol=1e-6)

    def test_on_one_rank(self):
        for name in MODELS:
            self.check(name)

    def test_over_two_ranks(self):
        for name in MODELS:
            self.check(name, "--mesh", "tp=2")

    def test_a_size_that_32_bits_cannot_hold(self):
        """ONNX Runtime wraps around, where the size of a tensor in the model would be another one."""
        folder = jobs.SCRATCH / self.id()
        folder.mkdir()
        nodes = [node("Shape", ["x"], ["s"]), node("Cast", ["s"], ["t"], to=TensorProto.INT32), node("Mul", ["t", "c"], ["u"]), node("Div", ["u", "c"], ["y"])]
        onnx.save(model_of(nodes, {"x": ["n"]}, {"c": np.array([1000000], np.int32)}), folder / "model.onnx")
        self.assertEqual(self.run_package(folder / "model.onnx", folder, {"x": floats(2000)}).code, jobs.DONE)
        result = self.run_package(folder / "model.onnx", folder, {"x": floats(5000)})
        self.assertEqual(result.code, jobs.INVALID, result.err)
        self.assertIn("a size as 32 bits", result.err)

    def test_the_last_parts_of_a_split_may_be_shorter_or_empty(self):
        """As ONNX says; ONNX Runtime refuses empty parts."""
        folder = jobs.SCRATCH / self.id()
        folder.mkdir()
        nodes = [node("Split", ["x"], list("abcd"), num_outputs=4), node("Concat", list("dcba"), ["y"], axis=0)]
        onnx.save(model_of(nodes, {"x": ["n"]}, {}), folder / "model.onnx")
        for n in SIZES:
            with self.subTest(n=n):
                result = self.run_package(folder / "model.onnx", folder, {"x": floats(n)})
                self.assertEqual(result.code, jobs.DONE, result.err)
                part = -(-n // 4)
                parts = [floats(n)[i * part:(i + 1) * part] for i in (3, 2, 1, 0)]
                np.testing.assert_array_equal(np.load(folder / "out/y.npy"), np.concatenate(parts))


if __name__ == "__main__":
    unittest.main()
