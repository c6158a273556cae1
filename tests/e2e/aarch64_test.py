"""Programs that are compiled for aarch64 compute what ONNX Runtime computes, under qemu's emulation of one."""

import json
import pathlib
import struct
import subprocess
import tempfile
import unittest

import jobs
import numpy as np
import onnx
from onnx import numpy_helper

DRIVER = jobs.RUNFILES / "tests/e2e/run_program"
QEMU = ["/usr/bin/qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"]
NUMPY = {"f32": np.float32, "f16": np.float16, "f64": np.float64, "i64": np.int64, "i32": np.int32, "i8": np.int8, "u8": np.uint8,
         "bool": np.bool_}


def tensor(path):
    return numpy_helper.to_array(onnx.load_tensor(str(path)))


def packed(matrix, slot):
    """[batch.., K, N] as [batch][N / panel][K / group][panel][group], filled up with zeros (runtime/package/manifest.h)."""
    if slot["layout"] == "plain":
        return matrix
    if slot["transposed"]:
        matrix = np.swapaxes(matrix, -1, -2)
    k, n = matrix.shape[-2:]
    panel, group = slot["panel"], slot["group"]
    matrix = matrix.reshape(-1, k, n)
    full = np.zeros((matrix.shape[0], -(-k // group) * group, -(-n // panel) * panel), matrix.dtype)
    full[:, :k, :n] = matrix
    return full.reshape(-1, full.shape[1] // group, group, full.shape[2] // panel, panel).transpose(0, 3, 1, 4, 2)


def laid_out(weight, slot):
    """A weight after the steps of its layout."""
    for step in slot["steps"]:
        if step["kind"] == "reshape":
            weight = weight.reshape(step["dims"])
        elif step["kind"] == "transpose":
            weight = weight.transpose(step["dims"])
        else:
            weight = np.pad(weight, [(0, to - size) for size, to in zip(weight.shape, step["dims"])])
    return weight


class Package:
    def __init__(self, path):
        self.path = path
        self.manifest = json.loads((path / "manifest.json").read_text())
        (self.program,) = self.manifest["programs"]

    def weight(self, slot):
        source = self.manifest["weights"][slot["source"]]
        dtype = np.dtype(NUMPY[source["dtype"]])
        if source["fill"]:
            whole = np.full(source["shape"], np.frombuffer(bytes.fromhex(source["fill"]), dtype)[0])
        else:
            count = int(np.prod(source["shape"]))
            whole = np.fromfile(self.path / source["file"], dtype, count, offset=source["offsets"][0]).reshape(source["shape"])
        return np.ascontiguousarray(packed(laid_out(whole, slot), slot))

    def call(self, inputs, output_bytes):
        """The file that run_program reads."""
        symbols = {}
        for spec, array in zip(self.manifest["inputs"], inputs):
            symbols.update({dim: size for dim, size in zip(spec["dims"], array.shape) if not dim.isdigit()})
        numbers = [symbols[name] for name in self.program["symbols"]]
        parts = [struct.pack(f"<{1 + len(numbers)}q", len(numbers), *numbers)]
        for arrays in ([inputs[spec["index"]] for spec in self.program["inputs"]], [self.weight(s) for s in self.program["weights"]]):
            parts.append(struct.pack("<q", len(arrays)))
            parts += [struct.pack("<q", array.nbytes) + array.tobytes() for array in arrays]
        return b"".join(parts) + struct.pack(f"<{1 + len(output_bytes)}q", len(output_bytes), *output_bytes)


class AArch64(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=jobs.SCRATCH))

    def compiled(self, model, *options):
        package = self.folder / "model.mlcpkg"
        result = jobs.mlc_compile(jobs.MODELS / model / "model.onnx", "-o", package, "--target", "aarch64", *options)
        self.assertEqual(result.code, jobs.DONE, result.err)
        return Package(package)

    def check(self, model, rtol):
        package = self.compiled(model)
        self.assertEqual(package.program["cpu"], "aarch64")
        folder = jobs.MODELS / model
        inputs = [tensor(folder / f"input_{i}.pb") for i in range(len(package.manifest["inputs"]))]
        expected = [tensor(folder / f"output_{spec['index']}.pb") for spec in package.program["outputs"]]
        (self.folder / "call").write_bytes(package.call(inputs, [array.nbytes for array in expected]))
        subprocess.run([*QEMU, DRIVER, package.path / package.program["object"], self.folder / "call", self.folder / "results"],
                       check=True, timeout=jobs.TIME_LIMIT)
        results = (self.folder / "results").read_bytes()
        for array in expected:
            actual = np.frombuffer(results[:array.nbytes], array.dtype).reshape(array.shape).astype(np.float64)
            results = results[array.nbytes:]
            np.testing.assert_allclose(actual, array.astype(np.float64), rtol=0, atol=rtol * np.abs(array).max(), err_msg=model)
        self.assertEqual(results, b"")

    def test_models(self):
        for model, rtol in (("mlp", 1e-5), ("bert", 1e-4), ("cnn", 1e-4), ("qdq", 1e-3), ("llama", 1e-4), ("f16", 2e-3)):
            with self.subTest(model=model):
                self.check(model, rtol)

    def test_this_machine_refuses_it(self):
        package = self.compiled("mlp")
        result = jobs.mlc_run(package.path)
        self.assertEqual(result.code, jobs.INVALID)
        self.assertIn("compiled for aarch64, this CPU is x86-64", result.err)

    def test_ranks_of_different_cpus_get_code_for_their_own(self):
        devices = self.folder / "devices.json"
        speed = {"kind": "cpu", "peak_flops": {"f32": 1e11}, "memory_bandwidth": 1e10}
        devices.write_text(json.dumps({"devices": [{"name": "a", "cpu": "aarch64", **speed}, {"name": "b", "cpu": "x86-64-v3", **speed}]}))
        package = self.folder / "mixed.mlcpkg"
        result = jobs.mlc_compile(jobs.MODELS / "mlp/model.onnx", "-o", package, "--devices", devices, "--mesh", "tp=2")
        self.assertEqual(result.code, jobs.DONE, result.err)
        manifest = json.loads((package / "manifest.json").read_text())
        self.assertEqual([program["cpu"] for program in manifest["programs"]], ["aarch64", "x86-64"])
        # The ELF header's machine: EM_AARCH64, EM_X86_64.
        machines = [(package / program["object"]).read_bytes()[18] for program in manifest["programs"]]
        self.assertEqual(machines, [183, 62])


if __name__ == "__main__":
    unittest.main()
