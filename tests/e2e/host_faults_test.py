"""Ranks that are lost on two hosts, and hosts that are cut off."""

import unittest

import faults
import hosts
import jobs


class LostRanks(jobs.ToolTest):
    maxDiff = None

    def check(self, kind, rank, moment, mesh="tp=2"):
        fault = faults.Fault(kind, rank, moment, mesh)
        with self.subTest(fault=str(fault)), hosts.Hosts(2, self.folder / f"{kind}{rank}", slots=faults.MESHES[mesh] // 2) as made:
            self.assertEqual(faults.problems_of(fault, jobs.MODELS / "bert/model.onnx", hosts=made), [])

    def test_killed(self):
        for rank in (0, 1):
            self.check("kill", rank, "steady")

    def test_stopped(self):
        for rank in (0, 1):
            self.check("stop", rank, "steady")

    def test_cut(self):
        self.check("cut", 1, "steady")


if __name__ == "__main__":
    hosts.main()
