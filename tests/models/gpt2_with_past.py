"""A tiny GPT-2 as PyTorch exports it with a cache: past_k_N and past_v_N in, present_k_N and present_v_N out."""

import numpy as np
from model_writer import FLOAT, INT64, Graph, run

HIDDEN, HEADS, LAYERS, VOCABULARY, POSITIONS = 32, 4, 3, 60, 64
DEPTH = HIDDEN // HEADS


def linear(g, x, name, inputs, outputs):
    return g.node("Add", [g.node("MatMul", [x, g.normal(f"{name}.weight", [inputs, outputs])], f"{name}.mm"),
                          g.normal(f"{name}.bias", [outputs])], f"{name}.y")


def norm(g, x, name):
    return g.node("LayerNormalization", [x, g.weight(f"{name}.weight", np.linspace(0.5, 1.5, HIDDEN, dtype=np.float32)),
                                         g.normal(f"{name}.bias", [HIDDEN])], f"{name}.y", axis=-1)


def layer(g, x, i):
    name = f"h.{i}"
    qkv = linear(g, norm(g, x, f"{name}.ln_1"), f"{name}.c_attn", HIDDEN, 3 * HIDDEN)
    parts = g.node("Split", [qkv, "split"], [f"{name}.{part}" for part in "qkv"], axis=2)
    query, *new = [g.node("Transpose", [g.node("Reshape", [part, "head_shape"], f"{part}.r")], f"{part}.t", perm=[0, 2, 1, 3])
                   for part in parts]
    key, value = (g.node("Concat", [f"past_{part}_{i}", made], f"present_{part}_{i}", axis=2) for part, made in zip("kv", new))
    key = g.node("Transpose", [key], f"{name}.kt", perm=[0, 1, 3, 2])
    scores = g.node("Div", [g.node("MatMul", [query, key], f"{name}.qk"), "root_depth"], f"{name}.scores")
    scores = g.node("Where", ["causal", scores, "lowest"], f"{name}.masked")
    context = g.node("MatMul", [g.node("Softmax", [scores], f"{name}.p", axis=-1), value], f"{name}.context")
    context = g.node("Reshape", [g.node("Transpose", [context], f"{name}.ct", perm=[0, 2, 1, 3]), "flat_shape"], f"{name}.cr")
    x = g.node("Add", [x, linear(g, context, f"{name}.c_proj", HIDDEN, HIDDEN)], f"{name}.attended")
    inner = g.node("Relu", [linear(g, norm(g, x, f"{name}.ln_2"), f"{name}.c_fc", HIDDEN, 4 * HIDDEN)], f"{name}.relu")
    return g.node("Add", [x, linear(g, inner, f"{name}.mlp_proj", 4 * HIDDEN, HIDDEN)], f"{name}.out")


def make():
    g = Graph("gpt2_with_past")
    ids = g.input("input_ids", INT64, ["batch", "sequence"])
    caches = [f"{part}_{i}" for i in range(LAYERS) for part in "kv"]
    for cache in caches:
        g.input(f"past_{cache}", FLOAT, ["batch", HEADS, "past", DEPTH])
    for name, values in (("split", [HIDDEN] * 3), ("head_shape", [0, 0, HEADS, DEPTH]), ("flat_shape", [0, 0, -1]), ("zero", 0),
                         ("one", 1), ("two", 2), ("first", [0]), ("second", [1])):
        g.integers(name, values)
    g.weight("root_depth", np.float32(DEPTH**0.5))
    g.weight("lowest", np.float32(np.finfo(np.float32).min))
    # Token i is at position past + i, and sees those up to there.
    size = lambda value, axis, name: g.node("Gather", [g.node("Shape", [value], f"{name}.shape"), axis], name, axis=0)
    past, seq = size("past_k_0", "two", "past_length"), size(ids, "one", "sequence_length")
    total = g.node("Add", [past, seq], "total_length")
    positions = g.node("Range", [past, total, "one"], "positions")
    columns = g.node("Unsqueeze", [g.node("Range", ["zero", total, "one"], "all"), "first"], "columns")
    g.node("LessOrEqual", [columns, g.node("Unsqueeze", [positions, "second"], "rows")], "causal")
    positions = g.node("Unsqueeze", [positions, "first"], "position_ids")
    g.normal("wte", [VOCABULARY, HIDDEN])
    x = g.node("Add", [g.node("Gather", ["wte", ids], "tokens"),
                       g.node("Gather", [g.normal("wpe", [POSITIONS, HIDDEN]), positions], "places")], "embedded")
    for i in range(LAYERS):
        x = layer(g, x, i)
    x = norm(g, x, "ln_f")
    g.node("MatMul", [x, g.node("Transpose", ["wte"], "wte.t", perm=[1, 0])], "logits")
    g.output("logits", FLOAT, ["batch", "sequence", VOCABULARY])
    for cache in caches:
        g.output(f"present_{cache}", FLOAT, ["batch", HEADS, "past + sequence", DEPTH])
    inputs = {f"past_{cache}": g.random.standard_normal((2, HEADS, 5, DEPTH)).astype(np.float32) for cache in caches}
    return g, {"input_ids": g.random.integers(0, VOCABULARY, (2, 3)), **inputs}


run(make)
