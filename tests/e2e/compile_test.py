"""What mlc-compile promises: the same bytes each time, a cache, code that does not grow with depth, shares that follow speeds."""

import filecmp
import json
import pathlib
import sys
import tempfile
import unittest

import jobs

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
