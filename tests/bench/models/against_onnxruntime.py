"""Times models under mlc and ONNX Runtime, in turns, with the same threads and inputs, and compares their outputs.

    tests/bench/models/run                          # MiniLM, GPT-2 and ResNet-50, 1 and 2 threads, and 2 MPI ranks
    tests/bench/models/run --model m.onnx --threads 1 4
    tests/bench/models/run --before ~/older/mlc-run # in turns with another build of mlc, too

MiniLM, GPT-2 and ResNet-50 have random weights. Every column is the median over the rounds; the ratio is ours to ONNX Runtime's."""

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


def run_mlc(tool, model, files, folder, threads, ranks, iterations):
    command = []
    if ranks > 1:
        command = ["mpirun", "-np", str(ranks), "--oversubscribe"] + (["--allow-run-as-root"] if os.geteuid() == 0 else [])
    command += [str(tool), str(model), "--outputs", str(folder / "outputs"), "--threads", str(threads),
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
        tools = ([arguments.before] if arguments.before else []) + [MLC_RUN]
        ours, theirs = {tool: [] for tool in tools}, []
        for _ in range(arguments.rounds):
            for tool in tools:
                report = run_mlc(tool, model, files, folder, threads, ranks, arguments.iterations)
                ours[tool].append(report["latency_ms"]["p50"])
            theirs.append(statistics.median(session.run(inputs, arguments.iterations)))
        a, b = statistics.median(ours[MLC_RUN]), statistics.median(theirs)
        row = f"{name:<12} {ranks:>5} {threads:>7} {a:>9.2f} {b:>9.2f} {a / b:>6.2f} {largest_difference(session, folder):>10.1e}"
        if arguments.before:
            before = statistics.median(ours[arguments.before])
            row += f" {before:>9.2f} {a / before:>9.3f}"
        print(row, flush=True)


def default_models():
    """Written once, into the user's cache."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "mlc" / "examples"
    models = {"MiniLM": cache / "minilm/model.onnx", "GPT-2": cache / "gpt2/model.onnx", "ResNet-50": cache / "resnet50/model.onnx"}
    minilm, gpt2, resnet50 = models.values()
    if not minilm.exists():
        subprocess.run([sys.executable, str(ROOT / "examples/sentence_similarity/make_model.py"), "-o", str(minilm)], check=True)
    if not gpt2.exists():
        sizes = map(str, (768, 12, 12, 50257, 1024))
        subprocess.run([sys.executable, "-B", str(ROOT / "tests/models/gpt2.py"), str(gpt2.parent), *sizes], check=True)
    if not resnet50.exists():
        sys.path.insert(0, str(ROOT / "tests/models"))
        import onnx
        from light_models import FOLDER, with_random_weights

        resnet50.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(with_random_weights(onnx.load(FOLDER / "light_resnet50.onnx")), resnet50)
    return models


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", type=pathlib.Path, help="instead of those three")
    parser.add_argument("--before", type=pathlib.Path, metavar="MLC_RUN", help="another build of mlc-run, timed as well")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--ranks", type=int, nargs="*", default=[2], help="also over so many MPI ranks of one thread")
    parser.add_argument("--sequence", type=int, default=128, help="of symbolic dims behind the first")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--iterations", type=int, default=10)
    arguments = parser.parse_args()
    models = {path.stem: path for path in arguments.model} if arguments.model else default_models()
    header = f"{'model':<12} {'ranks':>5} {'threads':>7} {'mlc ms':>9} {'ort ms':>9} {'ratio':>6} {'difference':>10}"
    print(header + (f" {'before ms':>9} {'to before':>9}" if arguments.before else ""))
    for name, model in models.items():
        for threads in arguments.threads:
            compare(name, model, threads, 1, arguments)
        for ranks in arguments.ranks:
            compare(name, model, 1, ranks, arguments)


if __name__ == "__main__":
    main()
