"""Models that are no models: each gives its message and exit code, and leaves nothing behind."""

import os
import random
import unittest

import jobs
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def value(name, shape, dtype=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, dtype, shape)


def model_of(nodes, initializers=(), inputs=None, outputs=None):
    graph = helper.make_graph(nodes, "bad", inputs or [value("x", [2, 4])], outputs or [value("y", [2, 4])], list(initializers))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs, outputs, name=f"{op}_of_{outputs[0]}", **attributes)


def external(name, location, offset=0, length=64):
    """A 4x4 float tensor whose bytes are in another file."""
    tensor = TensorProto(name=name, dims=[4, 4], data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    for key, text in (("location", location), ("offset", str(offset)), ("length", str(length))):
        tensor.external_data.add(key=key, value=text)
    return tensor


class BadModels(unittest.TestCase):
    def setUp(self):
        self.folder = jobs.SCRATCH / self.id()
        self.folder.mkdir()

    def expect(self, content, code, *words, **options):
        """Compiles and runs the model; every word must be in the message."""
        path = self.folder / "model.onnx"
        path.write_bytes(content if isinstance(content, bytes) else content.SerializeToString())
        output = self.folder / "out.mlcpkg"
        for tool, arguments in (("mlc-run", []), ("mlc-compile", ["-o", output])):
            with self.subTest(tool=tool):
                result = jobs.run(tool, path, *arguments, **options)
                self.assertEqual(result.code, code, result.err)
                for word in words:
                    self.assertIn(word, result.err)
                self.assertEqual(result.out, "")
        jobs.check_nothing_half_written(self, self.folder)
        self.assertFalse(output.exists())

    def test_empty_random_and_truncated_files(self):
        self.expect(b"", jobs.INVALID, "model.onnx", "empty")
        self.expect(random.Random(1).randbytes(5000), jobs.INVALID, "model.onnx")
        whole = (jobs.MODELS / "mlp/model.onnx").read_bytes()
        for length in (1, 10, len(whole) // 2, len(whole) - 1):
            self.expect(whole[:length], jobs.INVALID, "model.onnx")
        self.expect(b"The quick brown fox jumps over the lazy dog.\n" * 20, jobs.INVALID, "model.onnx")

    def test_missing_file_and_folder(self):
        for path in (self.folder / "absent.onnx", self.folder):
            result = jobs.mlc_run(path)
            self.assertEqual(result.code, jobs.INVALID, result.err)
            self.assertIn(path.name, result.err)

    def test_damaged_bytes_never_crash(self):
        whole = bytearray((jobs.MODELS / "cnn/model.onnx").read_bytes())
        generator = random.Random(7)
        for _ in range(12):
            damaged = bytearray(whole)
            for _ in range(8):
                damaged[generator.randrange(len(damaged))] = generator.randrange(256)
            path = self.folder / "model.onnx"
            path.write_bytes(damaged)
            # Some damage only changes weights or names. A crash or a hang raises.
            self.assertIn(jobs.mlc_run(path).code, (jobs.DONE, jobs.INVALID, jobs.UNSUPPORTED))
        jobs.check_nothing_half_written(self, self.folder)

    def test_cycle(self):
        nodes = [node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]), node("Relu", ["b"], ["y"])]
        self.expect(model_of(nodes), jobs.INVALID, "cycle")

    def test_missing_tensor(self):
        self.expect(model_of([node("Add", ["x", "absent"], ["y"])]), jobs.INVALID, "absent")
        self.expect(model_of([node("Relu", ["x"], ["z"])]), jobs.INVALID, "'y'")

    def test_duplicate_name(self):
        nodes = [node("Relu", ["x"], ["y"]), node("Neg", ["x"], ["y"])]
        self.expect(model_of(nodes), jobs.INVALID, "'y'")
        weights = [numpy_helper.from_array(np.zeros((4, 4), np.float32), "w")] * 2
        self.expect(model_of([node("MatMul", ["x", "w"], ["y"])], weights), jobs.INVALID, "'w'")

    def test_dims_that_overflow(self):
        huge = 2**62
        self.expect(model_of([node("Relu", ["x"], ["y"])], inputs=[value("x", [huge, 4])], outputs=[value("y", [huge, 4])]),
                    jobs.INVALID, "'x'", "more elements than")
        shape = numpy_helper.from_array(np.array([huge, huge], np.int64), "shape")
        self.expect(model_of([node("Expand", ["x", "shape"], ["y"])], [shape], [value("x", [1, 1])], [value("y", None)]),
                    jobs.INVALID, "Expand_of_y")
        self.expect(model_of([node("Relu", ["x"], ["y"])], inputs=[value("x", [-3, 4])]), jobs.INVALID, "x")
        weight = TensorProto(name="w", dims=[huge, huge], data_type=TensorProto.FLOAT, raw_data=b"1234")
        self.expect(model_of([node("MatMul", ["x", "w"], ["y"])], [weight]), jobs.INVALID, "'w'")

    def test_a_constant_that_fits_into_no_memory(self):
        """It is not made while constants are folded."""
        size = numpy_helper.from_array(np.array([2**33]), "size")
        nodes = [node("ConstantOfShape", ["size"], ["c"]), node("ReduceSum", ["c"], ["r"], keepdims=0), node("Add", ["x", "r"], ["y"])]
        self.expect(model_of(nodes, [size]), jobs.MEMORY, "does not fit", before=["prlimit", f"--as={8 << 30}"])

    def test_shapes_that_do_not_fit(self):
        weight = numpy_helper.from_array(np.zeros((5, 4), np.float32), "w")
        self.expect(model_of([node("MatMul", ["x", "w"], ["y"])], [weight]), jobs.INVALID, "MatMul_of_y")
        self.expect(model_of([node("Reshape", ["x", "s"], ["y"])], [numpy_helper.from_array(np.array([3, 3]), "s")]),
                    jobs.INVALID, "Reshape_of_y")

    def test_a_rank_that_depends_on_sizes(self):
        bounds = [numpy_helper.from_array(np.array([number]), name) for name, number in (("begin", -2), ("end", -1), ("axis", 0))]
        nodes = [node("Slice", ["x", "begin", "end", "axis"], ["a"]), node("Squeeze", ["a"], ["y"])]
        model = model_of(nodes, bounds, [value("x", ["n", 4])], [value("y", None)])
        self.expect(model, jobs.UNSUPPORTED, "Squeeze_of_y", "rank depends on sizes", "dim 0")

    def test_external_data(self):
        product = [node("MatMul", ["x", "w"], ["y"])]
        outside = jobs.SCRATCH / "outside.data"
        outside.write_bytes(bytes(64))
        self.expect(model_of(product, [external("w", "../outside.data")]), jobs.INVALID, "'w'", "outside.data", "outside of")
        self.expect(model_of(product, [external("w", str(outside))]), jobs.INVALID, "'w'", "outside.data")
        os.symlink(outside, self.folder / "link.data")
        self.expect(model_of(product, [external("w", "link.data")]), jobs.INVALID, "'w'", "link.data")
        self.expect(model_of(product, [external("w", "absent.data")]), jobs.INVALID, "absent.data")
        (self.folder / "short.data").write_bytes(bytes(60))
        self.expect(model_of(product, [external("w", "short.data")]), jobs.INVALID, "'w'", "short.data", "60")
        (self.folder / "whole.data").write_bytes(bytes(64))
        self.expect(model_of(product, [external("w", "whole.data", offset=2**63)]), jobs.INVALID, "'w'")
        self.expect(model_of(product, [external("w", "whole.data", length=32)]), jobs.INVALID, "'w'")

    def test_all_that_is_unsupported_is_listed(self):
        nodes = [node("RegexFullMatch", ["x"], ["a"]), node("Whatever", ["a"], ["b"], domain="com.example"), node("Relu", ["b"], ["y"])]
        self.expect(model_of(nodes), jobs.UNSUPPORTED, "RegexFullMatch", "Whatever", "com.example")

    def test_under_mpirun(self):
        self.expect(b"", jobs.INVALID, "empty", ranks=2)


if __name__ == "__main__":
    unittest.main()
