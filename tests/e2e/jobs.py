"""What the end-to-end tests share: starting the tools, on threads or under mpirun, and reading what they say."""

import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

import numpy as np
import onnx
from onnx import numpy_helper

RUNFILES = pathlib.Path(os.environ["MLC_RUNFILES"])
MODELS = RUNFILES / "tests/models"
SCRATCH = pathlib.Path(os.environ["TEST_TMPDIR"])

# Exit codes of the tools (docs/command_line.md).
DONE, WRONG, USAGE, INVALID, UNSUPPORTED, MEMORY, FAILED = range(7)

# No call of a tool in these tests may take longer: what does is stuck.
TIME_LIMIT = 100


@dataclasses.dataclass
class Result:
    code: int
    out: str
    err: str


def mpirun(ranks):
    return ["mpirun", "-np", str(ranks), "--oversubscribe", "--allow-run-as-root", "--bind-to", "none"]


def run(tool, *arguments, ranks=None, before=(), environment=None, directory=None, once=True):
    """Runs a tool, under mpirun with that many ranks if they are given. `before` is what runs the tool, as ["prlimit", ...]. A model is run
    `once` where nothing says how often, not for a second."""
    command = [*before, str(RUNFILES / "tools" / tool), *map(str, arguments)]
    if tool == "mlc-run" and once and not {"--iterations", "--duration", "--info", "--list-devices", "--cache"} & set(arguments):
        command += ["--iterations", "1"]
    if ranks is not None:
        command = [*mpirun(ranks), "--mca", "btl_base_warn_component_unused", "0", *command]
    # Open MPI puts sockets into TMPDIR, whose names must be short.
    variables = {**os.environ, "TMPDIR": "/tmp", **(environment or {})}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                               env=variables, cwd=directory, start_new_session=True)
    try:
        out, err = process.communicate(timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise AssertionError(f"stuck: {' '.join(command)}\n{process.communicate()}") from None
    if process.returncode < 0 or process.returncode > FAILED:
        raise AssertionError(f"crashed with {process.returncode}: {' '.join(command)}\n{out}\n{err}")
    return Result(process.returncode, out, err)


def mlc_run(*arguments, **options):
    return run("mlc-run", *arguments, **options)


def mlc_compile(*arguments, **options):
    return run("mlc-compile", *arguments, **options)


def equal_devices(folder, count, kind="cpu", **further):
    """A file of described devices that are all the same, for plans that must not follow what a busy machine measures."""
    path = pathlib.Path(folder) / f"{count}_equal_{kind}_devices.json"
    device = {"name": "d", "count": count, "kind": kind, "peak_flops": {"f32": 1e11}, "memory_bandwidth": 1e10, **further}
    path.write_text(json.dumps({"devices": [device]}))
    return path


def report(*arguments, **options):
    """The JSON report of an mlc-run that must succeed."""
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        path = pathlib.Path(folder) / "report.json"
        result = mlc_run(*arguments, "--json", path, **options)
        if result.code != DONE:
            raise AssertionError(f"exit code {result.code}: {arguments}\n{result.out}\n{result.err}")
        return json.loads(path.read_text())


def read_tensor(path):
    tensor = onnx.TensorProto()
    tensor.ParseFromString(pathlib.Path(path).read_bytes())
    return numpy_helper.to_array(tensor)


def write_tensor(path, name, array):
    pathlib.Path(path).write_bytes(numpy_helper.from_array(np.asarray(array), name).SerializeToString())


def reference(model, inputs):
    """What ONNX Runtime computes, by output name."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


def check_nothing_half_written(test, *folders):
    """Nothing under a temporary name is left in the folders and in the cache."""
    for folder in (pathlib.Path(os.environ["MLC_CACHE"]), *folders):
        left = [str(path) for path in folder.rglob("*") if ".mlc-" in path.name]
        test.assertEqual(left, [])


class ToolTest(unittest.TestCase):
    """Tests that call the tools, each with a folder of its own."""

    def setUp(self):
        self.folder = SCRATCH / self.id()
        self.folder.mkdir()

    def expect(self, code, *arguments, words=(), tool="mlc-run", **options):
        """What the tool says; every word must be in its errors."""
        result = run(tool, *arguments, **options)
        self.assertEqual(result.code, code, f"{arguments}\n{result.out}\n{result.err}")
        for word in words:
            self.assertIn(word, result.err)
        return result
