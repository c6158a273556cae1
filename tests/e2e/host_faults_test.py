"""Ranks that are lost on two hosts, and hosts that are cut off."""

import unittest

import faults
import hosts
import jobs


class LostRanks(jobs.ToolTest):
    maxDiff = None

    def check(self, kind, rank, moment, mesh="tp=2"):
        fault = faults.Fault(kind, rank, moment, mesh)
        with self.subTest(fault=str(fault)), hosts.Hosts(2, self.folder / f"{kind}{rank}{moment}", slots=faults.MESHES[mesh] // 2) as made:
            outcome = faults.outcome_of(fault, jobs.MODELS / "bert/model.onnx", faults.MODELS["bert"], hosts=made, folder=self.folder,
                                        is_warm=moment != "compile")
            self.assertEqual(outcome.problems, [])

    def test_killed(self):
        for rank in (0, 1):
            self.check("kill", rank, "steady")

    def test_stopped(self):
        for rank in (0, 1):
            self.check("stop", rank, "steady")

    def test_cut(self):
        self.check("cut", 1, "steady")
        self.check("cut", 0, "drain", "pp=2")

    def test_at_other_moments(self):
        self.check("kill", 1, "compile", "pp=2")
        self.check("stop", 2, "load", "dp=2,pp=2")
        self.check("crash", 3, "drain", "tp=2,pp=2")

    def test_shortages(self):
        for kind in faults.SHORTAGES:
            for moment in ("compile", "load", "steady"):
                self.check(kind, 1, moment, "dp=2")


if __name__ == "__main__":
    hosts.main()
