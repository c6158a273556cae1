"""Times a model on one rank and on two, of two hosts that are network namespaces with a link of this rate and delay, in turns.

    tests/bench/hosts/run                                    # MiniLM, batches of 4 and 16, 1 Gbit/s, without delay and with 1 ms
    tests/bench/hosts/run --delay 5 --loss 0.001 --mesh pp=2

Every rank has one thread. A column has the median over the rounds of a run's median, and how many times as fast as one rank that is;
"planned" is the mesh that mlc chooses for two ranks."""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import hosts

ROOT = pathlib.Path(__file__).resolve().parents[3]


def minilm():
    """Written once, into the user's cache."""
    path = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "mlc/examples/minilm/model.onnx"
    if not path.exists():
        subprocess.run([sys.executable, str(ROOT / "examples/sentence_similarity/make_model.py"), "-o", str(path)], check=True)
    return path


def milliseconds(made, model, inputs, mesh, arguments):
    ranks = 1 if mesh == "one" else 2
    words = [model, *inputs, "--threads", 1, "--warmup", 2, "--iterations", arguments.iterations]
    words += ["--mesh", mesh] if "=" in mesh else []
    return hosts.report(made, *words, ranks=ranks)["latency_ms"]["p50"]


def compare(made, model, batch, delay, arguments):
    inputs = ["--input", f"{arguments.input}={batch}x{arguments.sequence}"]
    meshes = ["one", *arguments.mesh, "planned"]
    times = {mesh: [] for mesh in meshes}
    for _ in range(arguments.rounds):
        for mesh in meshes:
            times[mesh].append(milliseconds(made, model, inputs, mesh, arguments))
    medians = {mesh: statistics.median(times[mesh]) for mesh in meshes}
    row = "".join(f" {medians[mesh]:>9.1f} {medians['one'] / medians[mesh]:>5.2f}" for mesh in meshes)
    print(f"{batch:>5} {delay:>8}{row}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, help="instead of MiniLM")
    parser.add_argument("--input", default="input_ids", help="the model's input of batch x sequence")
    parser.add_argument("--batch", type=int, nargs="+", default=[4, 16])
    parser.add_argument("--sequence", type=int, default=128)
    parser.add_argument("--mesh", nargs="+", default=["dp=2", "pp=2"])
    parser.add_argument("--rate", default="1gbit")
    parser.add_argument("--delay", type=float, nargs="+", default=[0, 1], help="milliseconds each way")
    parser.add_argument("--loss", type=float, default=0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--iterations", type=int, default=20)
    arguments = parser.parse_args()
    model = arguments.model.absolute() if arguments.model else minilm()
    print("batch delay_ms" + "".join(f" {mesh + ' ms':>9} times" for mesh in ("one", *arguments.mesh, "planned")))
    with tempfile.TemporaryDirectory(prefix="mlch") as folder:
        for delay in arguments.delay:
            with hosts.Hosts(2, pathlib.Path(folder) / f"{delay}_ms", rate=arguments.rate, delay=delay, loss=arguments.loss) as made:
                for batch in arguments.batch:
                    compare(made, model, batch, delay, arguments)


if __name__ == "__main__":
    hosts.main(main)
