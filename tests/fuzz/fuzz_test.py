"""A fixed part of the random models, and every case of regressions/.

The seeds of known_defects.txt are wrong, each in the way that stands beside it. One that is right must be taken out of the file,
unless "by chance" stands there: what reads beyond a tensor's end is not always wrong.
"""

import json
import os
import pathlib
import shutil
import tempfile
import unittest
import warnings

import case_folder
import fuzz
import numpy as np
from examination import examine
from random_model import random_model

HERE = pathlib.Path(os.environ["MLC_RUNFILES"]) / "tests/fuzz"
MODELS = 300
# Bazel's way of running a part of the tests in each of several processes.
SHARD, SHARDS = int(os.environ.get("TEST_SHARD_INDEX", 0)), int(os.environ.get("TEST_TOTAL_SHARDS", 1))


def known_defects():
    lines = (HERE / "known_defects.txt").read_text().splitlines()
    return dict(line.split("\t") for line in lines if not line.startswith("#"))


class Fuzz(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        warnings.simplefilter("ignore")
        np.seterr(all="ignore")
        if "TEST_SHARD_STATUS_FILE" in os.environ:
            pathlib.Path(os.environ["TEST_SHARD_STATUS_FILE"]).touch()
        cls.scratch = pathlib.Path(tempfile.mkdtemp(dir=os.environ["TEST_TMPDIR"]))
        cls.children = fuzz.start_children(HERE / "run_models", cls.scratch)

    @classmethod
    def tearDownClass(cls):
        cls.children.stop()
        shutil.rmtree(cls.scratch, ignore_errors=True)

    def findings(self, model, sets, mesh):
        case_folder.write(self.scratch / "case", model, sets)
        return examine(self.scratch / "case", self.children, mesh)

    def test_random_models_are_right(self):
        known, refused = known_defects(), 0
        for seed in range(1 + SHARD, MODELS + 1, SHARDS):
            with self.subTest(seed=seed):
                found, refusal = self.findings(*random_model(seed), fuzz.mesh_of(seed))
                refused += refusal is not None
                if str(seed) not in known:
                    self.assertEqual(found, [], f"tests/fuzz/run --seed {seed} --models 1 makes it smaller")
                elif not found:
                    self.assertIn("by chance", known[str(seed)], "the seed is right: take it out of known_defects.txt")
        # What is refused tests nothing.
        self.assertLess(refused, MODELS / SHARDS / 10)

    def test_regressions_are_right(self):
        for folder in sorted((HERE / "regressions").glob("*/model.onnx"))[SHARD::SHARDS]:
            with self.subTest(case=folder.parent.name):
                mesh = json.loads((folder.parent / "finding.json").read_text())["mesh"]
                found, refusal = self.findings(*case_folder.read(folder.parent), mesh)
                self.assertIsNone(refusal)
                self.assertEqual(found, [])


if __name__ == "__main__":
    unittest.main()
