"""A tiny GPT-2: fused query, key and value, a causal mask cut out of a table, tanh GELU from primitives, tied output weights.

gpt2.py DIR [HIDDEN HEADS LAYERS VOCABULARY POSITIONS]: of other sizes."""

import sys

import numpy as np
from model_writer import FLOAT, INT64, Graph, run

HIDDEN, HEADS, LAYERS, VOCABULARY, POSITIONS = [int(size) for size in sys.argv[2:]] or (32, 4, 2, 60, 24)
# Of the weights: products with more of them do not grow.
SCALE = 0.3 * (32 / HIDDEN) ** 0.5


def linear(g, x, name, inputs, outputs):
    return g.node("Add", [g.node("MatMul", [x, g.normal(f"{name}.weight", [inputs, outputs], SCALE)], f"{name}.mm"),
                          g.normal(f"{name}.bias", [outputs])], f"{name}.y")


def norm(g, x, name):
    return g.node("LayerNormalization", [x, g.weight(f"{name}.weight", np.linspace(0.5, 1.5, HIDDEN, dtype=np.float32)),
                                         g.normal(f"{name}.bias", [HIDDEN])], f"{name}.y", axis=-1)


def gelu(g, x, name):
    scalar = lambda label, value: g.weight(f"{name}.{label}", np.float32(value))
    cube = g.node("Pow", [x, scalar("three", 3)], f"{name}.cube")
    inner = g.node("Add", [x, g.node("Mul", [cube, scalar("c", 0.044715)], f"{name}.scaled")], f"{name}.inner")
    inner = g.node("Tanh", [g.node("Mul", [inner, scalar("root", (2 / np.pi) ** 0.5)], f"{name}.arg")], f"{name}.tanh")
    half = g.node("Mul", [x, scalar("half", 0.5)], f"{name}.halved")
    return g.node("Mul", [half, g.node("Add", [inner, scalar("one", 1)], f"{name}.plus")], f"{name}.y")


def layer(g, x, name, seq, zero):
    qkv = linear(g, norm(g, x, f"{name}.ln_1"), f"{name}.c_attn", HIDDEN, 3 * HIDDEN)
    parts = g.node("Split", [qkv, f"split"], [f"{name}.{part}" for part in "qkv"], axis=2)
    heads = [g.node("Transpose", [g.node("Reshape", [part, "head_shape"], f"{part}.r")], f"{part}.t", perm=[0, 2, 1, 3])
             for part in parts]
    key = g.node("Transpose", [heads[1]], f"{name}.kt", perm=[0, 1, 3, 2])
    scores = g.node("Div", [g.node("MatMul", [heads[0], key], f"{name}.qk"), "root_depth"], f"{name}.scores")
    start = g.node("Sub", [seq, seq], f"{name}.start")
    mask = g.node("Slice", ["triangle", start, seq, "axis_2"], f"{name}.mask_rows")
    mask = g.node("Slice", [mask, zero, seq, "axis_3"], f"{name}.mask")
    scores = g.node("Where", [mask, scores, "lowest"], f"{name}.masked")
    context = g.node("MatMul", [g.node("Softmax", [scores], f"{name}.p", axis=-1), heads[2]], f"{name}.context")
    context = g.node("Reshape", [g.node("Transpose", [context], f"{name}.ct", perm=[0, 2, 1, 3]), "flat_shape"], f"{name}.cr")
    x = g.node("Add", [x, linear(g, context, f"{name}.c_proj", HIDDEN, HIDDEN)], f"{name}.attended")
    inner = gelu(g, linear(g, norm(g, x, f"{name}.ln_2"), f"{name}.c_fc", HIDDEN, 4 * HIDDEN), f"{name}.gelu")
    return g.node("Add", [x, linear(g, inner, f"{name}.mlp_proj", 4 * HIDDEN, HIDDEN)], f"{name}.out")


def make():
    g = Graph("gpt2")
    ids = g.input("input_ids", INT64, ["batch", "sequence"])
    for name, values in (("split", [HIDDEN] * 3), ("head_shape", [0, 0, HEADS, HIDDEN // HEADS]), ("flat_shape", [0, 0, -1]),
                         ("axis_2", [2]), ("axis_3", [3]), ("one", 1), ("first", [0])):
        g.integers(name, values)
    g.weight("root_depth", np.float32((HIDDEN // HEADS) ** 0.5))
    g.weight("lowest", np.float32(np.finfo(np.float32).min))
    g.weight("triangle", np.tril(np.ones((1, 1, POSITIONS, POSITIONS), dtype=bool)))
    shape = g.node("Shape", [ids], "ids.shape")
    seq = g.node("Gather", [shape, "one"], "seq", axis=0)
    positions = g.node("Range", [g.integers("zero", 0), seq, "one"], "positions")
    positions = g.node("Unsqueeze", [positions, "first"], "position_ids")
    seq = g.node("Unsqueeze", [seq, "first"], "seq_1")
    g.normal("wte", [VOCABULARY, HIDDEN])
    x = g.node("Add", [g.node("Gather", ["wte", ids], "tokens"),
                       g.node("Gather", [g.normal("wpe", [POSITIONS, HIDDEN]), positions], "places")], "embedded")
    for i in range(LAYERS):
        x = layer(g, x, f"h.{i}", seq, "first")
    x = norm(g, x, "ln_f")
    g.node("MatMul", [x, g.node("Transpose", ["wte"], "wte.t", perm=[1, 0])], "logits")
    g.output("logits", FLOAT, ["batch", "sequence", VOCABULARY])
    return g, {"input_ids": g.random.integers(0, VOCABULARY, (2, 7))}


run(make)
