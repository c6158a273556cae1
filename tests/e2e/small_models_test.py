"""Small models whose answers hang on one rule of ONNX, or on a size or value at its end: mlc-run gives what ONNX Runtime gives, or
both refuse."""

import json
import pathlib
import tempfile
import unittest

import jobs
import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper, numpy_helper

node = helper.make_node
f32 = np.float32

# Functions of both are right to a few units in the last place; f32's smallest number is 1.4e-45.
RELATIVE, ABSOLUTE = 1e-6, 3e-45


def numbers(*values, dtype=np.int64):
    return np.array(values, dtype)


def floats(*values):
    return np.array(values, f32)


def ones(*shape):
    return np.ones(shape, f32)


def random(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(f32)


def repeated_heads():
    """Keys and values of two heads, repeated for four."""
    nodes = []
    for name in "kv":
        nodes += [node("Unsqueeze", [name, "two"], [name + "_new"]), node("Expand", [name + "_new", "wide"], [name + "_wide"]),
                  node("Reshape", [name + "_wide", "flat"], [name + "_flat"])]
    return nodes + [node("Attention", ["q", "k_flat", "v_flat", "mask"], ["y"])]


def seen(rows, columns, hidden_row):
    mask = np.ones((rows, columns), bool)
    mask[hidden_row] = False
    return mask


# Nodes; inputs with their declared dims; constants. Dims are those of the value where none are given.
SIZES = {
    "one_element_broadcasts_to_a_constants_dim": ([node("Add", ["x", "b"], ["y"])], {"x": (floats(10), ["n"])}, {"b": floats(0, 1, 2, 3)}),
    "one_element_is_expanded": ([node("Expand", ["x", "shape"], ["y"])], {"x": (floats(7), ["n"])}, {"shape": numbers(4)}),
    "one_batch_broadcasts_to_a_constants_batch": ([node("MatMul", ["x", "w"], ["y"])], {"x": (ones(1, 2, 3), ["n", 2, 3])},
                                                  {"w": np.arange(24, dtype=f32).reshape(4, 3, 2)}),
    "products_of_unlike_sizes": ([node("MatMul", ["x", "w"], ["y"])], {"x": (ones(2, 5), ["m", "k"])}, {"w": ones(4, 8)}),
    "reshape_that_does_not_divide": ([node("Reshape", ["x", "shape"], ["y"])], {"x": (ones(6), ["n"])}, {"shape": numbers(-1, 4)}),
    "split_of_another_size": ([node("Split", ["x", "sizes"], ["y", "z"], axis=0)], {"x": (ones(4), ["n"])}, {"sizes": numbers(2, 3)}),
    "squeeze_of_two": ([node("Squeeze", ["x", "axes"], ["y"])], {"x": (ones(2, 4), ["n", 4])}, {"axes": numbers(0)}),
    "gather_beyond_the_end": ([node("Gather", ["x", "index"], ["y"])], {"x": (ones(3, 4), ["n", 4])}, {"index": numbers(5)}),
    "convolution_of_unlike_channels": ([node("Conv", ["x", "w"], ["y"])], {"x": (ones(1, 2, 8, 8), ["n", "c", 8, 8])}, {"w": ones(4, 3, 3, 3)}),
    "reflection_beyond_the_end": ([node("Pad", ["x", "pads"], ["y"], mode="reflect")], {"x": (floats(1, 2), [2])}, {"pads": numbers(3, 0)}),
    "neighbours_meet": ([node("Slice", ["x", "one", "end"], ["a"]), node("Slice", ["x", "zero", "last"], ["b"]), node("Sub", ["a", "b"], ["y"])],
                        {"x": (floats(0, 1, 4, 9, 16), ["n"])}, {"one": numbers(1), "end": numbers(2**31), "zero": numbers(0), "last": numbers(-1)}),
    "a_tensor_meets_its_flip": ([node("Slice", ["x", "last", "first", "axis", "step"], ["r"]), node("Add", ["x", "r"], ["y"])],
                                {"x": (floats(0, 1, 4, 9), ["n"])},
                                {"last": numbers(-1), "first": numbers(-(2**63)), "axis": numbers(0), "step": numbers(-1)}),
    "mean_of_no_integers": ([node("ReduceMean", ["x", "axes"], ["y"])], {"x": (np.zeros((2, 0), np.int32), [2, "n"])}, {"axes": numbers(1)}),
}
VALUES = {
    "a_cast_rounds": ([node("Cast", ["x"], ["h"], to=T.FLOAT16), node("Cast", ["h"], ["y"], to=T.FLOAT)],
                      {"x": (floats(1.0001, 1e6, 300.7), None)}, {}),
    "factors_whose_product_overflows": ([node("Mul", ["x", "k"], ["a"]), node("Mul", ["a", "k"], ["y"])], {"x": (floats(0, 1e-30), None)},
                                        {"k": np.array(1e20, f32)}),
    "sine_of_large_numbers": ([node("Sin", ["x"], ["y"])], {"x": (floats(1e4, 1e5, 1e6, 1e10), None)}, {}),
    "logarithm_of_subnormals": ([node("Log", ["x"], ["y"])], {"x": (floats(1e-40, 1e-44), None)}, {}),
    "softplus_of_small_numbers": ([node("Softplus", ["x"], ["y"])], {"x": (floats(-20, -80), None)}, {}),
    "roots_as_powers": ([node("Pow", ["x", "half"], ["y"])], {"x": (floats(-np.inf, -0.0), None)}, {"half": np.array(0.5, f32)}),
    "almost_a_norm": ([node("Mul", ["x", "x"], ["a"]), node("Mul", ["a", "k"], ["b"]), node("ReduceMean", ["b", "axes"], ["m"]),
                       node("Add", ["m", "e"], ["s"]), node("Sqrt", ["s"], ["r"]), node("Div", ["x", "r"], ["y"])],
                      {"x": (floats(1, 2, 3, 4).reshape(1, 4), None)}, {"k": np.array(1.0015, f32), "e": np.array(1e-5, f32), "axes": numbers(-1)}),
    "squares_of_squares": ([node("Mul", [f"y{i}"] * 2, [f"y{i + 1}"]) for i in range(25)], {"y0": (ones(4), None)}, {}),
    "a_mask_that_replaces": ([node("MatMul", ["q", "k"], ["s"]), node("Where", ["mask", "s", "low"], ["t"]), node("Softmax", ["t"], ["p"], axis=-1),
                              node("MatMul", ["p", "v"], ["y"])],
                             {"q": (random(0, 2, 3, 2, 4), None), "k": (random(1, 2, 3, 4, 6), None), "v": (random(2, 2, 3, 6, 5), None),
                              "mask": (seen(2, 6, 1), None)}, {"low": np.array(-1e4, f32)}),
    "repeated_heads_and_a_row_that_sees_nothing": (repeated_heads(), {"q": (random(3, 1, 4, 3, 8), None), "k": (random(4, 1, 2, 5, 8), None),
                                                                      "v": (random(5, 1, 2, 5, 8), None), "mask": (seen(3, 5, 2), None)},
                                                   {"two": numbers(2), "wide": numbers(1, 2, 2, 5, 8), "flat": numbers(1, 4, 5, 8)}),
}


def model_of(nodes, inputs, constants):
    infos = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), dims or value.shape)
             for name, (value, dims) in inputs.items()]
    outputs = [helper.make_empty_tensor_value_info(name) for name in nodes[-1].output]
    graph = helper.make_graph(nodes, "small", infos, outputs, [numpy_helper.from_array(value, name) for name, value in constants.items()])
    return onnx.shape_inference.infer_shapes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=10))


class SmallModels(unittest.TestCase):
    def answer(self, model, inputs, folder):
        """The outputs, or None for a refusal with a message."""
        onnx.save(model, folder / "model.onnx")
        for i, (name, (value, _)) in enumerate(inputs.items()):
            jobs.write_tensor(folder / f"input_{i}.pb", name, value)
        result = jobs.mlc_run(folder / "model.onnx", "--inputs", folder, "--outputs", folder / "outputs")
        if result.code in (jobs.INVALID, jobs.UNSUPPORTED):
            self.assertTrue(result.err)
            return None
        self.assertEqual(result.code, jobs.DONE, result.err)
        files = json.loads((folder / "outputs/outputs.json").read_text())
        return {name: np.load(folder / "outputs" / file) for name, file in files.items()}

    def expected(self, folder, inputs):
        try:
            return jobs.reference(folder / "model.onnx", {name: value for name, (value, _) in inputs.items()})
        except Exception:  # ONNX Runtime has types of its own for each way of refusing
            return None

    def check(self, cases):
        for name, (nodes, inputs, constants) in cases.items():
            with self.subTest(name), tempfile.TemporaryDirectory(dir=jobs.SCRATCH) as folder:
                actual = self.answer(model_of(nodes, inputs, constants), inputs, pathlib.Path(folder))
                expected = self.expected(pathlib.Path(folder), inputs)
                self.assertEqual(actual is None, expected is None, f"mlc-run: {actual}, ONNX Runtime: {expected}")
                for output, value in (expected or {}).items():
                    # Sums of products are taken in any order: their errors go by the largest of them.
                    sums = any(n.op_type in ("MatMul", "Attention") for n in nodes) and np.size(value) > 0
                    absolute = RELATIVE * np.abs(value).max() if sums else ABSOLUTE
                    np.testing.assert_allclose(actual[output], value, RELATIVE, absolute, strict=True)

    def test_sizes_that_models_do_not_state(self):
        self.check(SIZES)

    def test_values_at_the_ends_of_their_types(self):
        self.check(VALUES)


if __name__ == "__main__":
    unittest.main()
