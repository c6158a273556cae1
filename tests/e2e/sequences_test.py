"""Models with sequences, optionals and strings, on one rank and on several, beside ONNX Runtime."""

import pathlib
import shutil
import unittest

import jobs
import numpy as np
import onnx
import onnx.reference
from onnx import TensorProto as T
from onnx import helper, numpy_helper

node, info = helper.make_node, helper.make_tensor_value_info
f32, i64 = np.float32, np.int64
RANDOM = np.random.default_rng(11)
X = np.round(RANDOM.normal(size=(6, 4)), 1).astype(f32)


def sequence_info(name, dtype, shape=None):
    return helper.make_tensor_sequence_value_info(name, dtype, shape)


def optional_info(name, inner):
    return helper.make_value_info(name, helper.make_optional_type_proto(inner))


def tensor_type(dtype, shape):
    return helper.make_tensor_type_proto(dtype, shape)


def body(name, nodes, inputs, outputs, constants=()):
    return helper.make_graph(nodes, name, inputs, outputs, [numpy_helper.from_array(np.asarray(a), n) for n, a in dict(constants).items()])


def collecting_loop():
    """The first 1, 2, ... rows of x, in a sequence."""
    trip = body("trip", [node("Add", ["i", "one"], ["n"]), node("Unsqueeze", ["n", "axis"], ["end"]), node("Slice", ["x", "axis", "end"], ["rows"]),
                         node("SequenceInsert", ["before", "rows"], ["after"]), node("Identity", ["c"], ["d"])],
                [info("i", T.INT64, []), info("c", T.BOOL, []), sequence_info("before", T.FLOAT)],
                [info("d", T.BOOL, []), sequence_info("after", T.FLOAT)], {"one": np.array(1), "axis": np.array([0])})
    return [node("SequenceEmpty", [], ["none"], dtype=T.FLOAT), node("Loop", ["trips", "", "none"], ["parts"], body=trip)]


def branches():
    """Two sequences of different tensors."""
    then = body("then", [node("SequenceConstruct", ["x", "x"], ["a"])], [], [sequence_info("a", T.FLOAT)])
    other = body("other", [node("Add", ["x", "x"], ["twice"]), node("SequenceConstruct", ["twice"], ["b"])], [], [sequence_info("b", T.FLOAT)])
    return [node("If", ["c"], ["s"], then_branch=then, else_branch=other), node("ConcatFromSequence", ["s"], ["y"], axis=0), node("SequenceLength", ["s"], ["n"])]


def cases():
    """Name, nodes, outputs, inputs, constants. An input is (type, shape, value); a list is a sequence of tensors."""
    x = {"x": (T.FLOAT, ["n", 4], X)}
    fixed = {"x": (T.FLOAT, [6, 4], X)}
    at = {"p": (T.INT64, [], np.array(-2))}
    y = [info("y", T.FLOAT, None)]
    seq = [sequence_info("s", T.FLOAT)]
    three = {"s": ([T.FLOAT, ["k", 4]], None, [X[:1], X[1:4], X[4:]])}
    # Known while compiling: nothing is left of the sequence.
    yield "split_and_concat", [node("SplitToSequence", ["x", "parts"], ["s"], axis=0), node("ConcatFromSequence", ["s"], ["y"], axis=1)], y, fixed, {"parts": np.array(2)}
    yield "insert_and_at", [
        node("SequenceConstruct", ["x"], ["s"]), node("Neg", ["x"], ["z"]), node("SequenceInsert", ["s", "z", "zero"], ["t"]),
        node("SequenceErase", ["t"], ["u"]), node("SequenceAt", ["u", "zero"], ["y"])], y, x, {"zero": np.array(0)}
    yield "split_of_open_size", [
        node("SplitToSequence", ["x", "parts"], ["s"], axis=0), node("SequenceAt", ["s", "one"], ["a"]), node("MatMul", ["a", "w"], ["y"])], y, x, {
            "parts": np.array([2, 4]), "one": np.array(1), "w": RANDOM.normal(size=(4, 8)).astype(f32)}
    yield "stacked", [node("SequenceConstruct", ["x", "x", "x"], ["s"]), node("ConcatFromSequence", ["s"], ["y"], axis=-1, new_axis=1)], y, x, {}
    # Known when the model runs.
    yield "at_run_time", [node("SequenceConstruct", ["x", "w"], ["s"]), node("SequenceAt", ["s", "p"], ["a"]), node("Mul", ["a", "a"], ["y"])], y, {**x, **at}, {"w": X[:2]}
    yield "insert_at_run_time", [
        node("SequenceInsert", ["s", "x", "p"], ["t"]), node("SequenceLength", ["t"], ["n"]), node("SequenceAt", ["t", "one"], ["y"])], [
            *y, info("n", T.INT64, []), sequence_info("t", T.FLOAT)], {**three, **x, **at}, {"one": np.array(1)}
    yield "erase_at_run_time", [node("SequenceErase", ["s", "p"], ["t"])], [sequence_info("t", T.FLOAT)], {**three, **at}, {}
    yield "split_at_run_time", [node("SplitToSequence", ["x", "parts"], ["s"], axis=0), node("SequenceAt", ["s", "p"], ["y"])], [*y, *seq], {
        **x, **at, "parts": (T.INT64, ["k"], np.array([1, 3, 2]))}, {}
    yield "split_to_ones", [node("SplitToSequence", ["x"], ["s"], axis=1, keepdims=0), node("SequenceAt", ["s", "p"], ["y"])], [*y, *seq], {**x, **at}, {}
    yield "split_to_rows", [node("SplitToSequence", ["x"], ["s"], axis=0, keepdims=0), node("SequenceAt", ["s", "p"], ["a"]), node("Exp", ["a"], ["y"])], y, {**x, **at}, {}
    yield "concat_at_run_time", [node("ConcatFromSequence", ["s"], ["a"], axis=0), node("Softmax", ["a"], ["y"])], y, three, {}
    yield "stacked_at_run_time", [node("ConcatFromSequence", ["s"], ["y"], axis=1, new_axis=1)], y, {"s": ([T.FLOAT, [2, 3]], None, [X[:2, :3], X[2:4, 1:]])}, {}
    yield "identity", [node("Identity", ["s"], ["t"])], [sequence_info("t", T.FLOAT)], three, {}
    yield "no_tensors", [node("SequenceLength", ["s"], ["n"]), node("Identity", ["s"], ["t"])], [info("n", T.INT64, []), sequence_info("t", T.FLOAT)], {
        "s": ([T.FLOAT, ["k", 4]], None, [])}, {}
    yield "loop", [*collecting_loop(), node("SequenceLength", ["parts"], ["n"]), node("ConcatFromSequence", ["parts"], ["y"], axis=0)], [
        sequence_info("parts", T.FLOAT), info("n", T.INT64, []), *y], {**x, "trips": (T.INT64, [], np.array(4))}, {}
    for taken in (True, False):
        yield f"branches_{taken}".lower(), branches(), [*y, info("n", T.INT64, [])], {**x, "c": (T.BOOL, [], np.array(taken))}, {}
    scaled = body("scaled", [node("Mul", ["a", "b"], ["z"]), node("ReduceSum", ["z"], ["sum"], keepdims=0)], [info("a", T.FLOAT, ["k", 4]), info("b", T.FLOAT, [])],
                  [info("z", T.FLOAT, ["k", 4]), info("sum", T.FLOAT, [])])
    factor = {"f": (T.FLOAT, [], np.array(3, f32))}
    mapped = [sequence_info("t", T.FLOAT), sequence_info("sums", T.FLOAT)]
    yield "map", [node("SequenceMap", ["s", "f"], ["t", "sums"], body=scaled)], mapped, {**three, **factor}, {}
    yield "map_of_known", [node("SequenceConstruct", ["x", "x"], ["s"]), node("SequenceMap", ["s", "f"], ["t", "sums"], body=scaled)], mapped, {**x, **factor}, {}
    # The body's names are its own.
    for name, inner in (("hiding_a_factor", ["f", "b"]), ("hiding_its_own_factor", ["a", "f"])):
        hiding = body(name, [node("Mul", inner, ["z"])], [info(inner[0], T.FLOAT, ["k", 4]), info(inner[1], T.FLOAT, [])], [info("z", T.FLOAT, ["k", 4])])
        yield name, [node("SequenceMap", ["s", "f"], ["t"], body=hiding)], mapped[:1], {**three, **factor}, {}
    shapes = body("shapes", [node("Shape", ["a"], ["z"])], [info("a", T.FLOAT, ["k", 4])], [info("z", T.INT64, [2])])
    yield "shapes", [node("SequenceMap", ["s"], ["t"], body=shapes)], [sequence_info("t", T.INT64)], three, {}
    yield "empty_tensors", [node("SequenceAt", ["s", "p"], ["y"])], y, {"s": ([T.FLOAT, [0, "k"]], None, [X[:0], X[:0, :3]]), **at}, {}
    yield "optional", [
        node("Optional", ["x"], ["o"]), node("OptionalHasElement", ["o"], ["h"]), node("OptionalGetElement", ["o"], ["a"]), node("Relu", ["a"], ["y"])], [
            *y, info("h", T.BOOL, [])], x, {}


def strings():
    words = np.array([["red", "grün", ""], ["blue", "yellow", "a\nb"]], object)
    w = {"w": (T.STRING, ["n", 3], words)}
    y = [info("y", T.STRING, None)]
    yield "concat", [node("StringConcat", ["w", "e"], ["y"])], y, w, {"e": np.array(["!", "?", "é"], object)}
    yield "movement", [
        node("Transpose", ["w"], ["t"]), node("Gather", ["t", "i"], ["g"]), node("Reshape", ["g", "flat"], ["r"]), node("Concat", ["r", "c"], ["y"], axis=0)], y, w, {
            "i": np.array([2, 0]), "flat": np.array([-1]), "c": np.array(["end"], object)}
    yield "equal", [node("Equal", ["w", "e"], ["m"]), node("Where", ["m", "e", "w"], ["y"])], [*y, info("m", T.BOOL, None)], w, {"e": np.array(["red", "blue", ""], object)}
    yield "split", [node("StringSplit", ["w"], ["y", "n"], delimiter="l")], [*y, info("n", T.INT64, None)], w, {}
    yield "split_at_white_space", [node("StringSplit", ["w"], ["y", "n"], maxsplit=1)], [*y, info("n", T.INT64, None)], {
        "w": (T.STRING, ["n"], np.array(["  a  b c ", "", " \t", "one"], object))}, {}
    yield "normalize", [node("StringNormalizer", ["w"], ["y"], case_change_action="UPPER", stopwords=["RED", "x"])], y, {
        "w": (T.STRING, ["n"], np.array(["red", "Blue", "green"], object))}, {}
    yield "sequence_of_strings", [node("SplitToSequence", ["w"], ["s"], axis=0, keepdims=0), node("SequenceAt", ["s", "p"], ["y"])], y, {**w, "p": (T.INT64, [], np.array(1))}, {}


def write_model(folder, nodes, outputs, inputs, constants, opset=21):
    declared = [sequence_info(n, *t) if isinstance(t, list) else info(n, t, s) for n, (t, s, _) in inputs.items()]
    tensors = [helper.make_tensor(n, T.STRING, np.shape(a), [s.encode() for s in np.ravel(a)]) if np.asarray(a).dtype == object
               else numpy_helper.from_array(np.asarray(a), n) for n, a in constants.items()]
    graph = helper.make_graph(nodes, "sequences", declared, outputs, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")
    for index, (name, (_, _, value)) in enumerate(inputs.items()):
        write_value(folder / f"input_{index}.pb", name, value)
    return folder / "model.onnx"


def onnx_reference(model, inputs):
    """What ONNX's own reference computes. ONNX Runtime gathers and splits strings otherwise, and has no locale here to change their case."""
    evaluator = onnx.reference.ReferenceEvaluator(str(model))
    return dict(zip(evaluator.output_names, evaluator.run(None, inputs), strict=True))


def to_proto(name, value):
    if isinstance(value, list):
        proto = onnx.SequenceProto(name=name, elem_type=onnx.SequenceProto.TENSOR)
        proto.tensor_values.extend(to_proto("", item) for item in value)
        return proto
    if np.asarray(value).dtype == object:
        return helper.make_tensor(name, T.STRING, np.shape(value), [s.encode() for s in np.ravel(value)])
    return numpy_helper.from_array(np.asarray(value), name)


def write_value(path, name, value):
    pathlib.Path(path).write_bytes(to_proto(name, value).SerializeToString())


def read_output(folder, output):
    path = folder / output["file"]
    if path.is_dir():
        return [np.load(path / f"{i}.npy") for i in range(len(list(path.iterdir())))]
    return np.load(path)


class Sequences(unittest.TestCase):
    def same(self, actual, expected):
        if isinstance(expected, list):
            self.assertEqual(len(actual), len(expected))
            for a, e in zip(actual, expected, strict=True):
                self.same(a, e)
            return
        expected = np.asarray(expected)
        self.assertEqual(actual.shape, expected.shape)
        if expected.dtype.kind in "OU":
            self.assertEqual(actual.tolist(), expected.tolist())
        else:
            np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)

    def check(self, some, *options, reference=jobs.reference, **where):
        for name, nodes, outputs, inputs, constants in some:
            with self.subTest(name):
                folder = jobs.SCRATCH / self.id() / name
                shutil.rmtree(folder, ignore_errors=True)
                model = write_model(folder, nodes, outputs, inputs, constants)
                expected = reference(model, {n: value for n, (_, _, value) in inputs.items()})
                report = jobs.report(model, "--inputs", folder, "--outputs", folder, *options, **where)
                for output in report["outputs"]:
                    self.same(read_output(folder, output), expected[output["name"]])

    def test_one_rank(self):
        self.check(cases(), "--verify")

    def test_two_ranks(self):
        self.check(cases(), "--mesh", "tp=2")

    def test_two_stages(self):
        self.check(cases(), "--mesh", "pp=2")

    def test_two_processes(self):
        few = ["insert_at_run_time", "loop", "split_of_open_size", "identity"]
        self.check([case for case in cases() if case[0] in few], "--mesh", "tp=2", ranks=2)

    def test_strings(self):
        self.check(strings(), "--verify", reference=onnx_reference)

    def test_strings_on_two_ranks(self):
        self.check(strings(), "--mesh", "tp=2", reference=onnx_reference)

    def test_outputs_are_inputs(self):
        """What --outputs writes, --inputs and --expect read, of both formats."""
        case = next(case for case in cases() if case[0] == "identity")
        folder = jobs.SCRATCH / self.id()
        model = write_model(folder, *case[1:])
        for form in ("npy", "pb"):
            jobs.report(model, "--inputs", folder, "--outputs", folder / form, "--outputs-format", form)
            report = jobs.report(model, "--inputs", folder, "--expect", folder / form)
            self.assertTrue(report["expect"]["ok"])

    def test_optional_inputs(self):
        """A missing file is an optional without a value."""
        nothing = body("nothing", [node("Identity", ["zero"], ["b"])], [], [info("b", T.FLOAT, [2, 3])])
        value = body("value", [node("OptionalGetElement", ["o"], ["a"])], [], [info("a", T.FLOAT, [2, 3])])
        graph = helper.make_graph(
            [node("OptionalHasElement", ["o"], ["has"]), node("If", ["has"], ["y"], then_branch=value, else_branch=nothing), node("Identity", ["o"], ["p"])], "optional",
            [optional_info("o", tensor_type(T.FLOAT, [2, 3]))], [info("y", T.FLOAT, None), optional_info("p", tensor_type(T.FLOAT, [2, 3]))],
            [numpy_helper.from_array(np.zeros((2, 3), f32), "zero")])
        folder = jobs.SCRATCH / self.id()
        folder.mkdir(parents=True, exist_ok=True)
        model = folder / "model.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), model)
        for mesh in ([], ["--mesh", "tp=2"]):
            (folder / "in").mkdir(exist_ok=True)
            (folder / "in" / "o.npy").unlink(missing_ok=True)
            report = jobs.report(model, "--inputs", folder / "in", "--outputs", folder / "out", "--verify", *mesh)
            np.testing.assert_array_equal(np.load(folder / "out" / "y.npy"), np.zeros((2, 3), f32))
            self.assertIsNone(report["outputs"][1]["file"])
            np.save(folder / "in" / "o.npy", X[:2, :3])
            report = jobs.report(model, "--inputs", folder / "in", "--outputs", folder / "out", "--verify", *mesh)
            for name in ("y", "p"):
                np.testing.assert_array_equal(np.load(folder / "out" / f"{name}.npy"), X[:2, :3])

    def refuses(self, name, nodes, inputs, *words, constants=None, code=jobs.INVALID):
        folder = jobs.SCRATCH / self.id() / name
        model = write_model(folder, nodes, [info("y", T.FLOAT, None)], inputs, constants or {})
        for mesh in ([], ["--mesh", "tp=2"]):
            result = jobs.mlc_run(model, "--inputs", folder, *mesh)
            self.assertEqual(result.code, code, result.err)
            for word in words:
                self.assertIn(word, result.err)

    def test_what_cannot_be(self):
        x = {"x": (T.FLOAT, ["n", 4], X)}
        three = {"s": ([T.FLOAT, ["k", 4]], None, [X[:1], X[1:4], X[4:]])}
        p = lambda position: {"p": (T.INT64, [], np.array(position))}  # noqa: E731
        pick = [node("SequenceAt", ["s", "p"], ["y"], name="pick")]
        for position in (3, -4):
            self.refuses(f"at_{position}", pick, {**three, **p(position)}, "pick", f"position {position} is out of range", "3 tensors")
        self.refuses("of_none", pick, {"s": ([T.FLOAT, [4]], None, []), **p(0)}, "pick", "0 tensors")
        self.refuses("known", [node("SequenceConstruct", ["x"], ["s"]), *pick], x, "pick", "position 1", constants={"p": np.array(1)})
        self.refuses("insert", [node("SequenceInsert", ["s", "x", "p"], ["t"], name="put"), node("ConcatFromSequence", ["t"], ["y"], axis=0)], {**three, **x, **p(4)}, "put", "position 4")
        self.refuses("erase", [node("SequenceErase", ["s", "p"], ["t"], name="drop"), node("ConcatFromSequence", ["t"], ["y"], axis=0)], {**three, **p(3)}, "drop", "position 3")
        self.refuses("other_dims", [node("ConcatFromSequence", ["s"], ["y"], axis=1, name="join")], three, "join", "1x4 and 3x4")
        self.refuses("other_sizes", [node("SplitToSequence", ["x", "p"], ["s"], name="cut"), node("ConcatFromSequence", ["s"], ["y"], axis=0)], {
            **x, "p": (T.INT64, ["k"], np.array([1, 2]))}, "cut", "6")
        self.refuses("declared_dims", [node("SequenceAt", ["s", "zero"], ["y"], name="pick")], {"s": ([T.FLOAT, [2, 4]], None, [X])}, "pick", "6x4",
                     constants={"zero": np.array(0)})
        pairs = body("pairs", [node("Add", ["a", "b"], ["z"])], [info("a", T.FLOAT, ["k", 4]), info("b", T.FLOAT, ["k", 4])], [info("z", T.FLOAT, ["k", 4])])
        two = {"u": ([T.FLOAT, ["k", 4]], None, [X[:1], X[:1]])}
        for inputs in (["u", "s"], ["s", "u"]):
            self.refuses("lengths_" + "".join(inputs), [node("SequenceMap", inputs, ["t"], body=pairs, name="map"), node("ConcatFromSequence", ["t"], ["y"], axis=0)], {
                **three, **two}, "map", "different lengths")
        self.refuses("other_type", [node("SequenceAt", ["s", "zero"], ["y"])], {"s": ([T.FLOAT, ["k", 4]], None, [X.astype(np.float64)])}, "'s'", "sequence(f32)",
                     constants={"zero": np.array(0)})
        self.refuses("open_rank", [node("SequenceAt", ["s", "zero"], ["y"], name="pick")], {"s": ([T.FLOAT], None, [X])}, "pick", "rank",
                     constants={"zero": np.array(0)}, code=jobs.UNSUPPORTED)
        self.refuses("numbers_of_strings", [node("Abs", ["w"], ["y"], name="size")], {"w": (T.STRING, [1], np.array(["a"], object))}, "size", "string", code=jobs.UNSUPPORTED)


if __name__ == "__main__":
    unittest.main()
