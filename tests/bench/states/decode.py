"""Times a step of a decoder with its keys and values kept as states, after few tokens and after many.

    .venv/bin/python3 tests/bench/states/decode.py

What a step after many tokens takes more is the reading of their keys and values; printed beside what the machine reads from memory."""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[3]
HIDDEN, HEADS, KV_HEADS, DEPTH, LAYERS, POSITIONS = 512, 8, 8, 64, 4, 8192
SHORT, LONG, STEPS = 100, 4000, 30


def session_of(folder):
    os.environ["MLC_RUNFILES"], os.environ["TEST_TMPDIR"] = str(ROOT / "bazel-bin"), folder
    sys.path.insert(0, str(ROOT / "tests/e2e"))
    from c_api import Session

    sizes = map(str, (HIDDEN, HEADS, KV_HEADS, DEPTH, LAYERS, POSITIONS))
    subprocess.run([sys.executable, "-B", ROOT / "tests/models/llama_with_past.py", f"{folder}/model", *sizes], check=True)
    subprocess.run([ROOT / "bazel-bin/tools/mlc-compile", f"{folder}/model/model.onnx", "--keep-states", "-o", f"{folder}/model.mlcpkg"],
                   check=True, stdout=subprocess.DEVNULL)
    return Session(f"{folder}/model.mlcpkg")


def step_seconds(session, length):
    sequence, past = session.create(), 0

    def run(count):
        nonlocal past
        begin = time.perf_counter()
        session.run(sequence, {"input_ids": np.ones((1, count), np.int64), "attention_mask": np.ones((1, past + count), np.int64),
                               "position_ids": np.arange(past, past + count)[None]})
        past += count
        return time.perf_counter() - begin

    while past < length:
        run(min(200, length - past))
    times = [run(1) for _ in range(STEPS)]
    session.drop(sequence)
    return statistics.median(times)


def bytes_per_second():
    """Of reading: the best of a few sums over 1 GiB, one thread."""
    data = np.ones(1 << 28, np.float32)
    best = 0
    for _ in range(5):
        begin = time.perf_counter()
        data.sum()
        best = max(best, data.nbytes / (time.perf_counter() - begin))
    return best


with tempfile.TemporaryDirectory() as folder:
    session = session_of(folder)
    short, long = step_seconds(session, SHORT), step_seconds(session, LONG)
    session.close()
read = (LONG - SHORT) * 2 * KV_HEADS * DEPTH * 4 * LAYERS
print(f"a step after {SHORT} tokens: {short * 1e3:.2f} ms, after {LONG}: {long * 1e3:.2f} ms")
print(f"{read / 1e6:.0f} MB more of keys and values are read at {read / (long - short) / 1e9:.1f} GB/s; "
      f"one thread sums an array in memory at {bytes_per_second() / 1e9:.1f} GB/s")
