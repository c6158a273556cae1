"""Second precisions: products of quantized matrices are computed in integers, 16-bit floats are stored as such and summed in f32."""

import json
import pathlib
import re
import tempfile
import unittest

import jobs
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Precision(unittest.TestCase):
    def compiled(self, model, folder, *arguments):
        """The manifest of the model's package, and the text of its kernels."""
        result = jobs.mlc_compile(jobs.MODELS / model / "model.onnx", "-o", folder / "model.mlcpkg",
                                  "--dump-after", "kernels", "--dump-dir", folder, *arguments)
        self.assertEqual(result.code, jobs.DONE, result.err)
        (dump,) = folder.glob("kernels*.mlir")
        return json.loads((folder / "model.mlcpkg/manifest.json").read_text()), dump.read_text()

    def contracted_types(self, kernels):
        """The element types of both operands and the result of every contraction and convolution."""
        element = r"tensor<[0-9x?]*?(u?i\d+|b?f\d+)[,>]"
        lines = [line for line in kernels.splitlines() if "graph.contract" in line or "graph.conv" in line]
        return sorted(tuple(re.findall(element, line.split(" : ", 1)[1])) for line in lines)

    def test_quantized_products_are_integers(self):
        with tempfile.TemporaryDirectory(dir=jobs.SCRATCH) as name:
            manifest, kernels = self.compiled("qdq", pathlib.Path(name))
        # Both the model's QuantizeLinear .. MatMul and its MatMulInteger.
        self.assertEqual(self.contracted_types(kernels), [("ui8", "i8", "i32")] * 2)
        self.assertNotIn("graph.dequantize", kernels)
        # One packed copy of the int8 matrix serves both; no f32 one is left.
        (program,) = manifest["programs"]
        matrices = [slot for slot in program["weights"] if slot["layout"] == "panels"]
        self.assertEqual(len(matrices), 1)
        self.assertIn(matrices[0]["group"], (2, 4))
        sources = [manifest["weights"][slot["source"]] for slot in program["weights"]]
        self.assertEqual([source["shape"] for source in sources if source["dtype"] == "i8"], [[32, 48]])
        self.assertEqual([source["shape"] for source in sources if source["dtype"] == "f32"], [[48]])

    def test_quantized_convolutions_are_integers(self):
        with tempfile.TemporaryDirectory(dir=jobs.SCRATCH) as name:
            _, kernels = self.compiled("qdq_cnn", pathlib.Path(name))
        self.assertEqual(self.contracted_types(kernels), [("ui8", "i8", "i32")] * 3)
        # What lies between them is part of their kernels.
        self.assertEqual(len(re.findall("attributes {mlc.kernel}", kernels)), 5)
        folder = jobs.MODELS / "qdq_cnn"
        for mesh in ("tp=1", "tp=2", "pp=2", "tp=3"):
            with self.subTest(mesh=mesh):
                report = jobs.report(folder / "model.onnx", "--inputs", folder, "--expect", folder, "--mesh", mesh)
                self.assertTrue(report["expect"]["ok"])
                self.assertLess(report["expect"]["max_rel"], 1e-5)

    def test_integer_convolutions_with_zero_points(self):
        random = np.random.default_rng(1)
        x = random.integers(0, 256, (2, 4, 6, 7)).astype(np.uint8)
        weights = random.integers(-128, 128, (6, 2, 3, 3)).astype(np.int8)
        zero, zeros = np.uint8(200), random.integers(-9, 9, 6).astype(np.int8)
        real = np.pad(x.astype(np.int64) - int(zero), ((0, 0), (0, 0), (1, 2), (0, 1)))
        real_weights = weights.astype(np.int64) - zeros[:, None, None, None]
        expected = np.zeros((2, 6, 4, 6), np.int32)
        for channel, i, j in np.ndindex(6, 4, 6):
            first = channel // 3 * 2
            window = real[:, first : first + 2, 2 * i : 2 * i + 3, j : j + 3]
            expected[:, channel, i, j] = (window * real_weights[channel]).sum((1, 2, 3))
        node = helper.make_node("ConvInteger", ["x", "w", "zero", "zeros"], ["y"], group=2, pads=[1, 0, 2, 1], strides=[2, 1])
        constants = [numpy_helper.from_array(np.asarray(value), name) for name, value in (("w", weights), ("zero", zero), ("zeros", zeros))]
        graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", TensorProto.UINT8, x.shape)],
                                  [helper.make_tensor_value_info("y", TensorProto.INT32, expected.shape)], constants)
        with tempfile.TemporaryDirectory(dir=jobs.SCRATCH) as name:
            folder = pathlib.Path(name)
            onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "model.onnx")
            jobs.write_tensor(folder / "input_0.pb", "x", x)
            jobs.write_tensor(folder / "output_0.pb", "y", expected)
            report = jobs.report(folder / "model.onnx", "--inputs", folder, "--expect", folder, "--rtol", 0, "--atol", 0)
            self.assertTrue(report["expect"]["ok"])

    def test_quantized_rows_and_columns(self):
        """A scale for each row of one matrix and each column of the other, also where they are square. Neither ONNX Runtime, which refuses
        a scale per row, nor ONNX's reference evaluator, which takes it along columns, can say what is right."""
        random = np.random.default_rng(2)
        for batch, rows, depth, columns in (((), 6, 8, 5), ((), 8, 8, 8), ((2,), 4, 4, 4)):
            a = random.integers(0, 256, (*batch, rows, depth)).astype(np.uint8)
            b = random.integers(-128, 128, (*batch, depth, columns)).astype(np.int8)
            # Powers of two: nothing is rounded but the result.
            scales = {"a_scale": 2.0 ** random.integers(-4, 3, rows), "b_scale": 2.0 ** random.integers(-4, 3, columns), "y_scale": 2.0**9}
            zeros = {"a_zero": random.integers(0, 256, rows).astype(np.uint8), "b_zero": random.integers(-9, 9, columns).astype(np.int8),
                     "y_zero": np.uint8(99)}
            sums = (a.astype(np.int64) - zeros["a_zero"][:, None]) @ (b.astype(np.int64) - zeros["b_zero"])
            real = sums * scales["a_scale"][:, None] * scales["b_scale"] / scales["y_scale"]
            expected = np.clip(np.rint(real) + 99, 0, 255).astype(np.uint8)
            self.assertGreater(len(np.unique(expected)), 8)
            values = {**{name: np.asarray(value, np.float32) for name, value in scales.items()}, **zeros, "b": b}
            names = ["a", "a_scale", "a_zero", "b", "b_scale", "b_zero", "y_scale", "y_zero"]
            graph = helper.make_graph([helper.make_node("QLinearMatMul", names, ["y"])], "g",
                                      [helper.make_tensor_value_info("a", TensorProto.UINT8, a.shape)],
                                      [helper.make_tensor_value_info("y", TensorProto.UINT8, expected.shape)],
                                      [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()])
            with tempfile.TemporaryDirectory(dir=jobs.SCRATCH) as name:
                folder = pathlib.Path(name)
                onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "model.onnx")
                jobs.write_tensor(folder / "input_0.pb", "a", a)
                jobs.write_tensor(folder / "output_0.pb", "y", expected)
                for mesh in ("tp=1", "tp=2"):
                    with self.subTest(shape=a.shape, mesh=mesh):
                        report = jobs.report(folder / "model.onnx", "--inputs", folder, "--expect", folder, "--rtol", 0, "--atol", 0,
                                             "--verify", "--mesh", mesh)
                        self.assertTrue(report["expect"]["ok"])

    def test_code_for_other_machines_uses_their_byte_products(self):
        for target, group in (("x86-64-v3", 2), ("x86-64-v4", 2), ("x86-64-v4+avx512vnni", 4), ("x86-64-v3+avxvnni", 4)):
            with self.subTest(target=target), tempfile.TemporaryDirectory(dir=jobs.SCRATCH) as name:
                manifest, _ = self.compiled("qdq", pathlib.Path(name), "--target", target)
                (program,) = manifest["programs"]
                self.assertEqual([slot["group"] for slot in program["weights"] if slot["layout"] == "panels"], [group])
                self.assertLessEqual(set(target.split("+")[1:]), set(program["cpu_features"]))

    def test_narrow_floats_are_stored(self):
        for model, other in (("bf16", "f16"), ("f16", "bf16")):
            with self.subTest(model=model), tempfile.TemporaryDirectory(dir=jobs.SCRATCH) as name:
                manifest, kernels = self.compiled(model, pathlib.Path(name))
                self.assertEqual(set(self.contracted_types(kernels)), {(model, model, model)})
                (program,) = manifest["programs"]
                dtypes = {manifest["weights"][slot["source"]]["dtype"] for slot in program["weights"]}
                self.assertEqual(dtypes, {model})
                self.assertNotIn(f"x{other}>", kernels)

    def test_narrow_floats_are_summed_in_f32(self):
        # What rounding to so many bits may change, relative to each output's largest element: z has sums of 512 products.
        for model, tolerance in (("bf16", 1e-2), ("f16", 2e-3)):
            folder = jobs.MODELS / model
            for mesh in ("tp=1", "tp=2", "pp=2", "tp=3"):
                with self.subTest(model=model, mesh=mesh):
                    report = jobs.report(folder / "model.onnx", "--inputs", folder, "--expect", folder, "--verify",
                                         "--mesh", mesh, "--rtol", tolerance, "--atol", 4 * tolerance)
                    for comparison in (report["expect"], report["verify"]):
                        self.assertTrue(comparison["ok"])
                        self.assertLess(comparison["max_rel"], tolerance)


if __name__ == "__main__":
    unittest.main()
