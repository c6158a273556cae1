"""One package of a model with symbolic dims runs any sizes, without being compiled again."""

import os
import pathlib
import unittest

import jobs
import numpy as np

BERT = jobs.MODELS / "bert/model.onnx"
SIZES = [(1, 1), (1, 32), (2, 7), (5, 16), (16, 3), (3, 31)]


class DynamicShapes(unittest.TestCase):
    def inputs_of(self, batch, seq):
        random = np.random.default_rng(batch * 100 + seq)
        ids = random.integers(0, 100, (batch, seq))
        mask = np.ones_like(ids)
        mask[0, (seq + 1) // 2 :] = 0
        return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}

    def check(self, package, sizes, **options):
        folder = jobs.SCRATCH / self.id()
        folder.mkdir(exist_ok=True)
        for batch, seq in sizes:
            with self.subTest(batch=batch, seq=seq, **options):
                inputs = self.inputs_of(batch, seq)
                for index, (name, array) in enumerate(inputs.items()):
                    jobs.write_tensor(folder / f"input_{index}.pb", name, array)
                for index, (name, array) in enumerate(jobs.reference(BERT, inputs).items()):
                    jobs.write_tensor(folder / f"output_{index}.pb", name, array)
                report = jobs.report(package, "--inputs", folder, "--outputs", folder, **options)
                self.assertEqual(report["outputs"][0]["shape"], [batch, seq, 48])
                for index, output in enumerate(report["outputs"]):
                    actual = np.load(folder / output["file"])
                    expected = jobs.read_tensor(folder / f"output_{index}.pb")
                    np.testing.assert_allclose(actual, expected, atol=1e-4 * np.abs(expected).max())

    def package(self, *arguments):
        path = jobs.SCRATCH / f"{self.id()}.mlcpkg"
        result = jobs.mlc_compile(BERT, "-o", path, *arguments)
        self.assertEqual(result.code, jobs.DONE, result.err)
        return path

    def test_one_rank(self):
        self.check(self.package(), SIZES)

    def test_every_kind_of_mesh(self):
        self.check(self.package("--mesh", "tp=3"), SIZES[1:3])
        self.check(self.package("--mesh", "pp=2", "--microbatches", "3"), SIZES)
        # Batches smaller than the number of replicas, and not a multiple of it.
        self.check(self.package("--mesh", "dp=3"), SIZES)

    def test_under_mpirun(self):
        self.check(self.package("--mesh", "tp=2,pp=2"), SIZES[2:4], ranks=4)

    def test_a_model_is_compiled_once_for_sizes_of_one_kind(self):
        arguments = [BERT, "--mesh", "tp=1"]
        self.assertFalse(jobs.report(*arguments, "--input", "input_ids=1x4")["cache_hit"])
        for shape in ("1x5", "2x32", "16x1"):
            self.assertTrue(jobs.report(*arguments, "--input", f"input_ids={shape}")["cache_hit"])
        packages = pathlib.Path(os.environ["MLC_CACHE"]) / "packages"
        self.assertTrue(any(packages.iterdir()))

    def test_a_bound_dim_is_part_of_the_package(self):
        path = self.package("--dim", "batch=2", "--dim", "seq=8")
        report = jobs.report(path)
        self.assertEqual(report["outputs"][0]["shape"], [2, 8, 48])
        result = jobs.mlc_run(path, "--input", "input_ids=2x9")
        self.assertEqual(result.code, jobs.INVALID)
        self.assertIn("input_ids", result.err)


if __name__ == "__main__":
    unittest.main()
