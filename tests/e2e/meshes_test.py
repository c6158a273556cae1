"""Every kind of mesh, on threads and under mpirun, computes what ONNX Runtime computes."""

import unittest

import jobs

# How the ranks may be laid out, with their number; None for the planner's choice.
MESHES = [("tp=1", 1), ("tp=2", 2), ("tp=3", 3), ("tp=5", 5), ("pp=2", 2), ("pp=3", 3), ("tp=2,pp=2", 4), ("dp=2", 2),
          ("dp=2,tp=2", 4), (None, 2), (None, 3)]

RTOL = 1e-4


class Meshes(unittest.TestCase):
    def check(self, model, mesh, ranks, mpi):
        """Runs a model of tests/models and compares with the stored outputs; elements near zero count as the largest one's."""
        folder = jobs.MODELS / model
        arguments = [folder / "model.onnx", "--inputs", folder, "--expect", folder, "--rtol", RTOL]
        if mesh:
            arguments += ["--mesh", mesh]
        with self.subTest(model=model, mesh=mesh, ranks=ranks, mpi=mpi):
            report = jobs.report(*arguments, ranks=ranks if mpi else None)
            self.assertTrue(report["expect"]["ok"])
            self.assertLess(report["expect"]["max_rel"], RTOL)
            sizes = report["plan"]["mesh"]
            for part in (mesh or "").split(","):
                axis, _, size = part.partition("=")
                if axis:
                    self.assertEqual(sizes[axis], int(size))
            used = sizes["dp"] * sizes["pp"] * sizes["tp"]
            self.assertEqual(len(report["ranks"]), used)

    def check_all(self, model, meshes):
        for mesh, ranks in meshes:
            self.check(model, mesh, ranks, mpi=True)
            # Without mpirun, the mesh says how many ranks there are.
            if mesh:
                self.check(model, mesh, ranks, mpi=False)

    def test_transformer_with_twelve_heads(self):
        self.check_all("bert_12_heads", MESHES)

    def test_transformer_with_three_heads(self):
        self.check_all("bert", [("tp=2", 2), ("tp=5", 5)])

    def test_other_models(self):
        for model in ("cnn", "qdq", "fibonacci", "if_branch", "loop", "gpt2", "llama"):
            self.check(model, None, 1, mpi=False)
            self.check(model, "tp=2", 2, mpi=True)
            self.check(model, "pp=2", 2, mpi=True)
        for model in ("linear", "gpt2", "llama"):
            self.check(model, "tp=3", 3, mpi=False)

    def test_shares_are_uneven_where_heads_are(self):
        folder = jobs.MODELS / "bert_12_heads"
        report = jobs.report(folder / "model.onnx", "--inputs", folder, "--mesh", "tp=5")
        weights = [rank["weights_bytes"] for rank in report["ranks"]]
        self.assertEqual(len(weights), 5)
        self.assertGreater(len(set(weights)), 1)
        # No rank holds much more than its fifth: 3 of 12 heads at most.
        self.assertLess(max(weights), 2.5 * min(weights))


if __name__ == "__main__":
    unittest.main()
