"""Models whose sizes depend on data, on one rank and on two, beside ONNX Runtime."""

import unittest

import jobs
import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper, numpy_helper

node, info = helper.make_node, helper.make_tensor_value_info
f32, i64 = np.float32, np.int64
RANDOM = np.random.default_rng(7)
DATA = np.round(RANDOM.normal(size=(3, 5)), 1).astype(f32)


def subgraph(name, nodes, inputs, outputs, constants=()):
    return helper.make_graph(nodes, name, inputs, outputs, [numpy_helper.from_array(np.asarray(a), n) for n, a in dict(constants).items()])


def growing_loop():
    """Appends the iteration's number to a vector while it is below a limit."""
    body = subgraph(
        "body",
        [node("Unsqueeze", ["i", "zero"], ["one_i"]), node("Concat", ["v", "one_i"], ["w"], axis=0),
         node("Less", ["i", "limit"], ["more"]), node("Identity", ["w"], ["seen"]), node("ReduceSum", ["w"], ["sum"], keepdims=0)],
        [info("i", T.INT64, []), info("c", T.BOOL, []), info("v", T.INT64, ["k"])],
        [info("more", T.BOOL, []), info("w", T.INT64, ["l"]), info("sum", T.INT64, [])], {"zero": np.array([0], i64)})
    return [node("Loop", ["", "go", "start"], ["all", "sums"], body=body)]


def scan(reverse=0):
    body = subgraph("body", [node("Add", ["s", "x"], ["t"]), node("Mul", ["t", "x"], ["y"])], [info("s", T.FLOAT, [5]), info("x", T.FLOAT, [5])],
                    [info("t", T.FLOAT, [5]), info("y", T.FLOAT, [5])])
    return [node("Scan", ["s", "x"], ["last", "ys"], body=body, num_scan_inputs=1, scan_input_directions=[reverse], scan_output_directions=[reverse])]


def branches():
    """One of two results of different sizes."""
    then = subgraph("then", [node("NonZero", ["x"], ["a"])], [], [info("a", T.INT64, [2, "n"])])
    other = subgraph("else", [node("Shape", ["x"], ["s"]), node("Unsqueeze", ["s", "axis"], ["b"])], [], [info("b", T.INT64, [2, 1])], {"axis": np.array([1], i64)})
    return [node("If", ["c"], ["y"], then_branch=then, else_branch=other)]


def shrinking_loop():
    """Drops the first element while something is left: the size of what is carried is used as a number."""
    body = subgraph(
        "body", [node("Slice", ["p", "one", "end"], ["rest"]), node("Size", ["rest"], ["left"]), node("Greater", ["left", "zero"], ["more"])],
        [info("i", T.INT64, []), info("c", T.BOOL, []), info("p", T.FLOAT, ["k"])], [info("more", T.BOOL, []), info("rest", T.FLOAT, ["l"])],
        {"one": np.array([1], i64), "end": np.array([2**63 - 1], i64), "zero": np.array(0, i64)})
    return [node("Loop", ["most", "", "x"], ["y"], body=body)]


def number_in_a_branch():
    """A computed size as a number, in a branch."""
    then = subgraph("then", [node("Cast", ["n"], ["t"], to=T.FLOAT)], [], [info("t", T.FLOAT, [])])
    other = subgraph("else", [node("ReduceSum", ["x"], ["e"], keepdims=0)], [], [info("e", T.FLOAT, [])])
    return [node("If", ["c"], ["y"], then_branch=then, else_branch=other)]


def cases():
    """Name, nodes, output names, inputs (with symbolic dims where they are named), constants."""
    x = {"x": (T.FLOAT, ["n", 5], DATA)}
    yield "non_zero", [node("Greater", ["x", "zero"], ["m"]), node("NonZero", ["m"], ["y"])], ["y"], x, {"zero": f32(0)}
    yield "nothing_is_zero", [node("NonZero", ["x"], ["y"]), node("Size", ["y"], ["s"])], ["y", "s"], {"x": (T.FLOAT, ["n"], np.zeros(4, f32))}, {}
    yield "of_nothing", [node("NonZero", ["x"], ["y"]), node("Unique", ["x"], ["z", "first", "", "counts"])], ["y", "z", "first", "counts"], {
        "x": (T.FLOAT, [0], np.zeros(0, f32))}, {}
    yield "compress", [node("Compress", ["x", "m"], ["y"], axis=1), node("ReduceSum", ["y"], ["z"])], ["y", "z"], {**x, "m": (T.BOOL, [5], np.array([1, 0, 0, 1, 1], bool))}, {}
    yield "gather_what_is_positive", [
        node("Greater", ["x", "zero"], ["m"]), node("NonZero", ["m"], ["i"]), node("Transpose", ["i"], ["t"]), node("Gather", ["t", "first"], ["rows"], axis=1),
        node("Gather", ["x", "rows"], ["y"]), node("Softmax", ["y"], ["z"])], ["z"], x, {"zero": f32(0), "first": np.array(0, i64)}
    yield "unique", [node("Unique", ["x"], ["y", "first", "inverse", "counts"])], ["y", "first", "inverse", "counts"], {"x": (T.FLOAT, ["n"], np.array([2, 1, 1, 3, 4, 3], f32))}, {}
    yield "unique_rows", [node("Unique", ["x"], ["y", "", "inverse"], axis=0, sorted=0)], ["y", "inverse"], {"x": (T.INT64, ["n", 2], np.array([[3, 1], [0, 2], [3, 1]]))}, {}
    yield "top_k_of_data", [node("TopK", ["x", "k"], ["v", "i"], axis=1)], ["v", "i"], {**x, "k": (T.INT64, [1], np.array([3]))}, {}
    yield "smallest_two", [node("TopK", ["x", "k"], ["v", "i"], axis=0, largest=0)], ["v", "i"], x, {"k": np.array([2], i64)}
    boxes = np.array([[[0, 0, 1, 1], [0, 0.1, 1, 1.1], [0, 10, 1, 11], [0, 10.1, 1, 11.1]]], f32)
    scores = np.array([[[0.9, 0.75, 0.6, 0.95]]], f32)
    yield "non_max_suppression", [node("NonMaxSuppression", ["b", "s", "most", "iou", "least"], ["y"])], ["y"], {
        "b": (T.FLOAT, [1, "n", 4], boxes), "s": (T.FLOAT, [1, 1, "n"], scores)}, {"most": np.array([3], i64), "iou": np.array([0.5], f32), "least": np.array([0.0], f32)}
    bounds = {"a": (T.INT64, [], np.array(2)), "b": (T.INT64, [], np.array(11)), "d": (T.INT64, [], np.array(4))}
    yield "range", [node("Range", ["a", "b", "d"], ["y"]), node("Mul", ["y", "y"], ["z"])], ["z"], bounds, {}
    yield "range_down", [node("Range", ["b", "a", "d"], ["y"])], ["y"], {**bounds, "d": (T.INT64, [], np.array(-3))}, {}
    # The difference of the bounds is more than their type holds; quotients of f32 are not rounded before they are rounded up.
    wide = {"a": (T.INT16, [], np.array(-20000, np.int16)), "b": (T.INT16, [], np.array(20000, np.int16)), "d": (T.INT16, [], np.array(10000, np.int16))}
    yield "range_of_i16", [node("Range", ["a", "b", "d"], ["y"])], ["y"], wide, {}
    fractions = {"a": (T.FLOAT, [], np.array(0, f32)), "b": (T.FLOAT, [], np.array(0.3, f32)), "d": (T.FLOAT, [], np.array(0.1, f32))}
    yield "range_of_f32", [node("Range", ["a", "b", "d"], ["y"])], ["y"], fractions, {}
    yield "shrinking_loop", shrinking_loop(), ["y"], {"x": (T.FLOAT, ["n"], DATA[0]), "most": (T.INT64, [], np.array(3))}, {}
    yield "computed_size_in_a_branch", [node("NonZero", ["x"], ["z"]), node("Size", ["z"], ["n"]), *number_in_a_branch()], ["y"], {
        **x, "c": (T.BOOL, [], np.array(True))}, {}
    yield "reshape", [node("Reshape", ["x", "s"], ["y"]), node("ReduceSum", ["y", "axis"], ["z"], keepdims=0)], ["y", "z"], {
        **x, "s": (T.INT64, [2], np.array([5, -1]))}, {"axis": np.array([1], i64)}
    yield "expand", [node("Expand", ["x", "s"], ["y"])], ["y"], {"x": (T.FLOAT, [3, 1], DATA[:, :1]), "s": (T.INT64, [3], np.array([2, 1, 4]))}, {}
    yield "slice", [node("Slice", ["x", "a", "b", "axes"], ["y"]), node("Relu", ["y"], ["z"])], ["z"], {
        **x, "a": (T.INT64, [2], np.array([1, -3])), "b": (T.INT64, [2], np.array([9, -1]))}, {"axes": np.array([0, 1], i64)}
    yield "constant_of_shape", [node("ConstantOfShape", ["s"], ["y"])], ["y"], {"s": (T.INT64, [2], np.array([2, 3]))}, {}
    yield "tile", [node("Tile", ["x", "r"], ["y"])], ["y"], {**x, "r": (T.INT64, [2], np.array([2, 3]))}, {}
    yield "growing_loop", growing_loop(), ["all", "sums"], {"start": (T.INT64, ["n"], np.array([7])), "limit": (T.INT64, [], np.array(4))}, {"go": np.array(True)}
    yield "scan", scan(), ["last", "ys"], {"s": (T.FLOAT, [5], np.zeros(5, f32)), "x": (T.FLOAT, ["n", 5], DATA)}, {}
    yield "scan_reversed", scan(1), ["last", "ys"], {"s": (T.FLOAT, [5], np.zeros(5, f32)), "x": (T.FLOAT, ["n", 5], DATA)}, {}
    for taken in (True, False):
        yield f"branches_{taken}".lower(), branches(), ["y"], {**x, "c": (T.BOOL, [], np.array(taken))}, {}
    image = RANDOM.normal(size=(1, 2, 5, 5)).astype(f32)
    yield "max_pool_indices", [node("MaxPool", ["x"], ["v", "i"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])], ["v", "i"], {"x": (T.FLOAT, ["n", 2, 5, 5], image)}, {}


def write_model(folder, nodes, outputs, inputs, constants):
    graph = helper.make_graph(nodes, "computed_sizes", [info(n, t, s) for n, (t, s, _) in inputs.items()], [helper.make_empty_tensor_value_info(n) for n in outputs],
                              [numpy_helper.from_array(np.asarray(a), n) for n, a in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    model = onnx.shape_inference.infer_shapes(model)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")
    for index, (name, (_, _, value)) in enumerate(inputs.items()):
        jobs.write_tensor(folder / f"input_{index}.pb", name, value)
    return folder / "model.onnx"


class ComputedSizes(unittest.TestCase):
    def check(self, *mesh):
        for name, nodes, outputs, inputs, constants in cases():
            with self.subTest(name):
                folder = jobs.SCRATCH / self.id() / name
                model = write_model(folder, nodes, outputs, inputs, constants)
                expected = jobs.reference(model, {n: value for n, (_, _, value) in inputs.items()})
                report = jobs.report(model, "--inputs", folder, "--outputs", folder, *mesh)
                for output in report["outputs"]:
                    actual = np.load(folder / output["file"])
                    self.assertEqual(actual.shape, expected[output["name"]].shape)
                    np.testing.assert_allclose(actual, expected[output["name"]], rtol=1e-5, atol=1e-6)

    def test_one_rank(self):
        self.check("--verify")

    def test_two_ranks(self):
        self.check("--mesh", "tp=2")

    def test_stages_are_not_cut_behind_a_computed_size(self):
        self.check("--mesh", "pp=2")

    def refuses(self, name, nodes, inputs, constants, *words, code=jobs.INVALID):
        folder = jobs.SCRATCH / self.id() / name
        model = write_model(folder, nodes, ["y"], inputs, constants)
        result = jobs.mlc_run(model, "--inputs", folder)
        self.assertEqual(result.code, code, result.err)
        for word in words:
            self.assertIn(word, result.err)

    def test_sizes_that_cannot_be(self):
        x = {"x": (T.FLOAT, [3, 5], DATA)}
        one = lambda name, *values: {**x, name: (T.INT64, [len(values)], np.array(values))}  # noqa: E731
        self.refuses("negative", [node("ConstantOfShape", ["s"], ["y"], name="fill")], one("s", 2, -3), {}, "fill", "negative")
        self.refuses("other_size", [node("Reshape", ["x", "s"], ["y"], name="fold")], one("s", 4, 4), {}, "fold", "15")
        self.refuses("too_many", [node("TopK", ["x", "s"], ["y", "i"], name="best")], one("s", 9), {}, "best")
        self.refuses("too_much", [node("ConstantOfShape", ["s"], ["y"], name="fill")], one("s", 1 << 40, 1 << 40), {}, "")
        self.refuses("memory", [node("ConstantOfShape", ["s"], ["y"], name="fill")], one("s", 1 << 30, 1 << 20), {}, "cannot allocate",
                     code=jobs.MEMORY)


if __name__ == "__main__":
    unittest.main()
