"""Files of tensors with bytes changed, added and gone: each is read, or refused with exit code 3 (4: a type that is not taken).

MUTATIONS in the environment says how many of each kind (default: 12).
"""

import os
import random
import unittest

import jobs
import numpy as np
import onnx
from onnx import TensorProto, helper

MUTATIONS = int(os.environ.get("MUTATIONS", "12"))


def mutated(content, random_numbers):
    content = bytearray(content)
    for _ in range(random_numbers.choice((1, 1, 2, 5))):
        at = random_numbers.randrange(len(content))
        kind = random_numbers.randrange(4)
        if kind == 0:
            content[at] ^= 1 << random_numbers.randrange(8)
        elif kind == 1:
            content[at] = random_numbers.choice((0, 0x7F, 0x80, 0xFF, ord("9"), ord("(")))
        elif kind == 2:
            del content[at:at + random_numbers.choice((1, 4, len(content)))]
        else:
            content[at:at] = bytes(random_numbers.choices(range(256), k=random_numbers.choice((1, 4, 100))))
        if not content:
            break
    return bytes(content)


class DamagedTensors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = jobs.SCRATCH / "tensors"
        cls.folder.mkdir()
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", "m"])
        y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "m"])
        graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "negate", [x], [y])
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), cls.folder / "model.onnx")
        cls.package = cls.folder / "model.mlcpkg"
        result = jobs.mlc_compile(cls.folder / "model.onnx", "-o", cls.package)
        if result.code != jobs.DONE:
            raise AssertionError(result.err)
        array = np.arange(12, dtype=np.float32).reshape(3, 4)
        np.save(cls.folder / "good.npy", array)
        np.savez(cls.folder / "good.npz", x=array, other=array)
        np.savez_compressed(cls.folder / "packed.npz", x=array)
        jobs.write_tensor(cls.folder / "good.pb", "x", array)

    def check(self, name, member=""):
        content = (self.folder / name).read_bytes()
        random_numbers = random.Random(name)
        for index in range(MUTATIONS):
            path = self.folder / f"bad.{name.split('.')[1]}"
            path.write_bytes(mutated(content, random_numbers) if index else content)
            result = jobs.mlc_run(self.package, "--input", f"x=@{path}{member}", "--threads", 1)
            allowed = (jobs.DONE, jobs.INVALID, jobs.UNSUPPORTED) if index else (jobs.DONE,)
            if result.code not in allowed:
                kept = jobs.SCRATCH / f"kept_{index}_{name}"
                kept.write_bytes(path.read_bytes())
                self.fail(f"{kept}: exit code {result.code}: {result.err}")

    def test_npy(self):
        self.check("good.npy")

    def test_npz(self):
        self.check("good.npz", ":x")
        self.check("packed.npz")

    def test_pb(self):
        self.check("good.pb")


if __name__ == "__main__":
    unittest.main()
