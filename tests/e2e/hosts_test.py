"""Jobs over several hosts: what they compute, and what hosts that share no files are sent."""

import unittest

import hosts
import jobs

RTOL = 1e-4


class Case(jobs.ToolTest):
    def hosts(self, count=2, **options):
        made = hosts.Hosts(count, self.folder / "hosts", **options)
        self.addCleanup(made.close)
        return made


class Meshes(Case):
    def check(self, made, model, mesh, ranks):
        folder = jobs.MODELS / model
        with self.subTest(model=model, mesh=mesh, ranks=ranks):
            report = hosts.report(made, folder / "model.onnx", "--mesh", mesh, "--inputs", folder, "--expect", folder, "--rtol", RTOL,
                                  "--threads", 1, "--devices", jobs.equal_devices(made.shared, ranks), ranks=ranks)
            self.assertTrue(report["expect"]["ok"])
            return [rank["host"] for rank in report["ranks"]]

    def test_two_hosts(self):
        made = self.hosts()
        for model in ("bert", "mlp", "cnn"):
            for mesh in ("tp=2", "pp=2", "dp=2"):
                self.assertEqual(self.check(made, model, mesh, 2), ["host0", "host1"])

    def test_two_ranks_on_each_host(self):
        made = self.hosts(slots=2)
        for mesh in ("tp=4", "tp=2,pp=2", "dp=2,tp=2"):
            self.assertEqual(self.check(made, "bert", mesh, 4), ["host0", "host0", "host1", "host1"])


if __name__ == "__main__":
    hosts.main()
