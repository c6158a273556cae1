"""Times models under mlc and ONNX Runtime, in turns, with the same threads and inputs, and compares their outputs.

    tests/bench/models/run                          # MiniLM and ResNet-50, 1 and 2 threads, and 2 MPI ranks
    tests/bench/models/run --model m.onnx --threads 1 4
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnxruntime

ROOT = pathlib.Path(__file__).resolve().parents[3]
MLC_RUN = ROOT / "bazel-bin" / "tools" / "mlc-run"
NUMPY_TYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(float)": np.float32, "tensor(double)": np.float64}


class OnnxRuntime:
    def __init__(self, model, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])

    def inputs(self, sequence):
        random = np.random.default_rng(0)
        made = {}
        for value in self.session.get_inputs():
            shape = [dim if isinstance(dim, int) else 1 if i == 0 else sequence for i, dim in enumerate(value.shape)]
            dtype = NUMPY_TYPES[value.type]
            made[value.name] = (random.random(shape).astype(dtype) if np.issubdtype(dtype, np.floating)
                                else np.ones(shape, dtype))
        return made

    def run(self, inputs, iterations):
        self.session.run(None, inputs)
        milliseconds = []
        for _ in range(iterations):
            begin = time.perf_counter()
            self.outputs = self.session.run(None, inputs)
            milliseconds.append((time.perf_counter() - begin) * 1e3)
        return milliseconds


def run_mlc(model, files, folder, threads, ranks, iterations):
    command = []
    if ranks > 1:
        command = ["mpirun", "-np", str(ranks), "--oversubscribe"] + (["--allow-run-as-root"] if os.geteuid() == 0 else [])
    command += [str(MLC_RUN), str(model), "--outputs", str(folder / "outputs"), "--threads", str(threads),
                "--warmup", "2", "--iterations", str(iterations), "--json", str(folder / "report.json")]
    for name, file in files.items():
        command += ["--input", f"{name}=@{file}"]
    if ranks > 1:
        command += ["--mesh", f"tp={ranks}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return json.loads((folder / "report.json").read_text())


def largest_difference(session, folder):
    files = json.loads((folder / "outputs" / "outputs.json").read_text())
    worst = 0
    for value, expected in zip(session.session.get_outputs(), session.outputs):
        actual = np.load(folder / "outputs" / files[value.name])
        worst = max(worst, float(np.abs(actual - expected).max() / max(np.abs(expected).max(), 1e-30)))
    return worst


def compare(name, model, threads, ranks, arguments):
    """One row: medians over the rounds of each side's median."""
    session = OnnxRuntime(model, threads * ranks)
    inputs = session.inputs(arguments.sequence)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        files = {input_name: folder / f"input_{i}.npy" for i, input_name in enumerate(inputs)}
        for input_name, file in files.items():
            np.save(file, inputs[input_name])
        ours, theirs = [], []
        for _ in range(arguments.rounds):
            ours.append(run_mlc(model, files, folder, threads, ranks, arguments.iterations)["latency_ms"]["p50"])
            theirs.append(statistics.median(session.run(inputs, arguments.iterations)))
        a, b = statistics.median(ours), statistics.median(theirs)
        print(f"{name:<12} {ranks:>5} {threads:>7} {a:>9.2f} {b:>9.2f} {a / b:>6.2f} {largest_difference(session, folder):>10.1e}",
              flush=True)


def default_models():
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "mlc" / "examples"
    minilm = cache / "minilm" / "model.onnx"
    if not minilm.exists():
        subprocess.run([sys.executable, str(ROOT / "examples/sentence_similarity/make_model.py"), "-o", str(minilm)], check=True)
    import onnx

    light = pathlib.Path(onnx.__file__).parent / "backend/test/data/light"
    return {"MiniLM": minilm, "ResNet-50": light / "light_resnet50.onnx"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", type=pathlib.Path, help="instead of MiniLM and ResNet-50")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--ranks", type=int, nargs="*", default=[2], help="also over so many MPI ranks of one thread")
    parser.add_argument("--sequence", type=int, default=128, help="of symbolic dims behind the first")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--iterations", type=int, default=10)
    arguments = parser.parse_args()
    models = {path.stem: path for path in arguments.model} if arguments.model else default_models()
    print(f"{'model':<12} {'ranks':>5} {'threads':>7} {'mlc ms':>9} {'ort ms':>9} {'ratio':>6} {'difference':>10}")
    for name, model in models.items():
        for threads in arguments.threads:
            compare(name, model, threads, 1, arguments)
        for ranks in arguments.ranks:
            compare(name, model, 1, ranks, arguments)


if __name__ == "__main__":
    main()
