"""What mlc-compile promises: the same bytes each time, a cache, code that does not grow with depth, shares that follow speeds."""

import filecmp
import json
import pathlib
import sys
import tempfile
import unittest

import jobs
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(jobs.RUNFILES / "examples/sentence_similarity"))
import make_model  # noqa: E402  (its folder is none of this test's)


def compiled(model, package, *options, **environment):
    """mlc-compile's summary."""
    result = jobs.mlc_compile(model, "-o", package, "--json", "-", *options, environment=environment)
    if result.code != jobs.DONE:
        raise AssertionError(result.err)
    return json.loads(result.out)


class Compile(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=jobs.SCRATCH)
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_same_bytes_without_the_cache(self):
        model = jobs.MODELS / "bert/model.onnx"
        devices = jobs.equal_devices(self.folder, 3)
        packages = [self.folder / "a.mlcpkg", self.folder / "b.mlcpkg"]
        for i, package in enumerate(packages):
            summary = compiled(model, package, "--devices", devices, "--mesh", "tp=3", MLC_CACHE=str(self.folder / f"cache{i}"))
            self.assertFalse(summary["cache_hit"])
        names = [sorted(path.name for path in package.iterdir()) for package in packages]
        self.assertEqual(names[0], names[1])
        _, different, unreadable = filecmp.cmpfiles(*packages, names[0], shallow=False)
        self.assertEqual((different, unreadable), ([], []))

    def test_ranks_with_equal_shares_share_a_program(self):
        model = jobs.MODELS / "bert_12_heads"
        devices = jobs.equal_devices(self.folder, 4)
        package = self.folder / "a.mlcpkg"
        summary = compiled(model / "model.onnx", package, "--devices", devices, "--ranks", 4, "--mesh", "tp=4")
        self.assertEqual(summary["programs"], 1)
        self.assertLess(max(summary["rank_weights_bytes"]), 0.5 * summary["weights_bytes"])
        # Each rank has its own pieces of the weights.
        report = jobs.report(package, "--inputs", model, "--expect", model)
        self.assertTrue(report["expect"]["ok"])

    def test_large_weights_are_not_held_in_memory(self):
        """A table of 512 MiB in a file beside the model, of which a run reads a row."""
        rows, columns = 1 << 17, 1 << 10
        with (self.folder / "table.bin").open("wb") as file:
            file.truncate(4 * rows * columns)
        table = TensorProto(name="table", data_type=TensorProto.FLOAT, dims=[rows, columns], data_location=TensorProto.EXTERNAL)
        table.external_data.add(key="location", value="table.bin")
        ids = helper.make_tensor_value_info("ids", TensorProto.INT64, [1])
        y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, columns])
        graph = helper.make_graph([helper.make_node("Gather", ["table", "ids"], ["y"])], "g", [ids], [y], [table])
        model = self.folder / "model.onnx"
        model.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString())
        package = self.folder / "p.mlcpkg"
        environment = {"MLC_CACHE": str(self.folder / "cache")}
        self.assertLess(compiled(model, package, **environment)["peak_rss_bytes"], 400e6)
        for path in (package, model):
            report = jobs.report(path, "--input", "ids=1xi64=3", environment=environment)
            self.assertLess(report["ranks"][0]["peak_rss_bytes"], 400e6)

    def test_explains_what_costs_speed(self):
        # A table of embeddings that is a factor of the last product as well cannot arrive packed.
        table = np.random.default_rng(3).standard_normal((40, 24)).astype(np.float32)
        square = np.random.default_rng(4).standard_normal((24, 24)).astype(np.float32)
        nodes = [helper.make_node("Gather", ["table", "ids"], ["x"]), helper.make_node("MatMul", ["x", "square"], ["h"]),
                 helper.make_node("Softmax", ["h"], ["p"]), helper.make_node("Gemm", ["p", "table"], ["y"], transB=1)]
        graph = helper.make_graph(nodes, "tied", [helper.make_tensor_value_info("ids", TensorProto.INT64, [6])],
                                  [helper.make_tensor_value_info("y", TensorProto.FLOAT, [6, 40])],
                                  [numpy_helper.from_array(table, "table"), numpy_helper.from_array(square, "square")])
        model = self.folder / "tied.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), model)
        kernels = compiled(model, self.folder / "a.mlcpkg", "--explain")["kernels"]
        found = {kernel["kernel"].rsplit("_", 1)[0]: kernel for kernel in kernels if kernel["lowering"] != "micro-kernel"}
        self.assertEqual(found["softmax"]["lowering"], "loops")
        self.assertEqual(found["softmax"]["reason"], "")
        # 6 of the table's 40 rows, read and written, and their indices.
        self.assertEqual(found["gather"]["bytes"], 2 * 6 * 24 * 4 + 6 * 8)
        times = [kernel["calls"] * kernel["predicted_us"] for kernel in kernels]
        self.assertEqual(times, sorted(times, reverse=True))
        self.assertGreater(min(times), 0)
        products = sorted((kernel["operations"], kernel["reason"]) for kernel in kernels if kernel["lowering"] == "micro-kernel")
        self.assertEqual(products, [(2 * 6 * 24 * 24, ""),
                                    (2 * 6 * 24 * 40, "packs a weight in every call: 'graph.gather' uses it as well")])
        # Found in the cache, and explained again; as a table too.
        result = jobs.mlc_compile(model, "-o", self.folder / "a.mlcpkg", "--explain")
        self.assertIn("packs a weight in every call", result.out)

    def test_second_time_from_the_cache(self):
        model = jobs.MODELS / "mlp/model.onnx"
        cache = str(self.folder / "cache")
        self.assertFalse(compiled(model, self.folder / "a.mlcpkg", MLC_CACHE=cache)["cache_hit"])
        self.assertTrue(compiled(model, self.folder / "b.mlcpkg", MLC_CACHE=cache)["cache_hit"])

    def test_code_does_not_grow_with_depth(self):
        sizes = {}
        for layers in (6, 24):
            path = self.folder / f"{layers}/model.onnx"
            path.parent.mkdir()
            make_model.write_model(path, layers=layers, tiny=True)
            sizes[layers] = compiled(path, self.folder / f"{layers}.mlcpkg")["code_bytes"]
        # Addresses in the code take more bytes or fewer.
        self.assertLess(abs(sizes[24] - sizes[6]), 0.01 * sizes[6], sizes)

    def test_long_chains(self):
        """Code generation is linear in the model: neither its time nor its recursion grows with a chain that is one expression."""
        x = np.linspace(-1, 1, 8, dtype=np.float32).reshape(2, 4)
        swap = np.eye(4, dtype=np.float32)[::-1]
        for op, count, expected in (("Sub", 10000, x), ("MatMul", 2000, x)):
            nodes = [helper.make_node(op, ["c", f"t{i}"] if op == "Sub" else [f"t{i}", "c"], [f"t{i + 1}"]) for i in range(count)]
            ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 4]) for name in ("t0", f"t{count}")]
            graph = helper.make_graph(nodes, op, ends[:1], ends[1:], [numpy_helper.from_array(swap if op == "MatMul" else np.float32(1), "c")])
            path = self.folder / f"{op}.onnx"
            onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
            np.save(self.folder / "x.npy", x)
            result = jobs.mlc_run(path, "--mesh", "tp=1", "--input", f"t0=@{self.folder / 'x.npy'}", "--outputs", self.folder / op)
            self.assertEqual(result.code, jobs.DONE, result.err)
            np.testing.assert_allclose(np.load(self.folder / op / f"t{count}.npy"), expected, rtol=0, atol=1e-5)

    def test_shares_follow_the_devices_speeds(self):
        model = jobs.MODELS / "bert_12_heads"
        devices = self.folder / "devices.json"
        devices.write_text(json.dumps({"devices": [
            {"name": "fast", "kind": "cpu", "peak_flops": {"f32": 3e11}, "memory_bandwidth": 3e10},
            {"name": "slow", "kind": "cpu", "peak_flops": {"f32": 1e11}, "memory_bandwidth": 1e10}]}))
        report = jobs.report(model / "model.onnx", "--inputs", model, "--expect", model, "--devices", devices, "--mesh", "tp=2")
        self.assertTrue(report["expect"]["ok"])
        fast, slow = [rank["weights_bytes"] for rank in report["ranks"]]
        self.assertGreater(fast, 1.5 * slow)


if __name__ == "__main__":
    unittest.main()
