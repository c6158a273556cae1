"""A tiny Llama as optimum exports it: past_key_values.N.key in, present.N.key out, three key heads for six, an attention mask.

llama_with_past.py DIR [HIDDEN HEADS KV_HEADS DEPTH LAYERS POSITIONS]: of other sizes."""

import sys

import numpy as np
from model_writer import FLOAT, INT64, Graph, run

HIDDEN, HEADS, KV_HEADS, DEPTH, LAYERS, POSITIONS = [int(size) for size in sys.argv[2:]] or (48, 6, 3, 8, 3, 64)
VOCABULARY = 50
PAST, TOTAL = "past_sequence_length", "past_sequence_length + sequence_length"


def norm(g, x, name):
    square = g.node("ReduceMean", [g.node("Mul", [x, x], f"{name}.square"), "last"], f"{name}.mean", keepdims=1)
    root = g.node("Sqrt", [g.node("Add", [square, "epsilon"], f"{name}.biased")], f"{name}.root")
    return g.node("Mul", [g.node("Div", [x, root], f"{name}.normal"),
                          g.weight(f"{name}.weight", np.linspace(0.5, 1.5, HIDDEN, dtype=np.float32))], f"{name}.y")


def project(g, x, name, inputs, outputs):
    return g.node("MatMul", [x, g.normal(f"{name}.weight", [inputs, outputs])], f"{name}.y")


def heads(g, x, name, count):
    shape = g.integers(f"{name}.shape", [0, 0, count, DEPTH])
    return g.node("Transpose", [g.node("Reshape", [x, shape], f"{name}.r")], f"{name}.t", perm=[0, 2, 1, 3])


def rotated(g, x, name):
    halves = g.node("Split", [x, "halves"], [f"{name}.a", f"{name}.b"], axis=3)
    turned = g.node("Concat", [g.node("Neg", [halves[1]], f"{name}.neg"), halves[0]], f"{name}.turned", axis=3)
    return g.node("Add", [g.node("Mul", [x, "cos"], f"{name}.cos"), g.node("Mul", [turned, "sin"], f"{name}.sin")], f"{name}.rotated")


def repeated(g, x, name):
    wide = g.node("Expand", [g.node("Unsqueeze", [x, "third"], f"{name}.5d"), "repeats"], f"{name}.expanded")
    return g.node("Reshape", [wide, "all_heads"], f"{name}.repeated")


def layer(g, x, i):
    name = f"layers.{i}"
    h = norm(g, x, f"{name}.input_norm")
    q, k, v = (heads(g, project(g, h, f"{name}.{part}", HIDDEN, count * DEPTH), f"{name}.{part}h", count)
               for part, count in (("q", HEADS), ("k", KV_HEADS), ("v", KV_HEADS)))
    q, k = rotated(g, q, f"{name}.q"), rotated(g, k, f"{name}.k")
    k, v = (g.node("Concat", [f"past_key_values.{i}.{part}", made], f"present.{i}.{part}", axis=2)
            for part, made in (("key", k), ("value", v)))
    k, v = repeated(g, k, f"{name}.key"), repeated(g, v, f"{name}.value")
    scores = g.node("MatMul", [q, g.node("Transpose", [k], f"{name}.kt", perm=[0, 1, 3, 2])], f"{name}.qk")
    scores = g.node("Add", [g.node("Mul", [scores, "scale"], f"{name}.scaled"), "mask"], f"{name}.masked")
    context = g.node("MatMul", [g.node("Softmax", [scores], f"{name}.p", axis=-1), v], f"{name}.context")
    context = g.node("Reshape", [g.node("Transpose", [context], f"{name}.ct", perm=[0, 2, 1, 3]), "flat_shape"], f"{name}.flat")
    x = g.node("Add", [x, project(g, context, f"{name}.o", HEADS * DEPTH, HIDDEN)], f"{name}.attended")
    h = norm(g, x, f"{name}.post_norm")
    gate = project(g, h, f"{name}.gate", HIDDEN, 64)
    gate = g.node("Mul", [gate, g.node("Sigmoid", [gate], f"{name}.sigmoid")], f"{name}.silu")
    inner = g.node("Mul", [gate, project(g, h, f"{name}.up", HIDDEN, 64)], f"{name}.inner")
    return g.node("Add", [x, project(g, inner, f"{name}.down", 64, HIDDEN)], f"{name}.out")


def mask(g):
    """[batch, 1, sequence, total]: lowest where a key is masked or comes after the query's position."""
    columns = g.node("Range", ["zero", "total", "one"], "all")
    rows = g.node("Unsqueeze", ["position_ids", "third_and_axis_1"], "rows")
    future = g.node("Greater", [columns, rows], "future")
    hidden = g.node("Not", [g.node("Cast", [g.node("Unsqueeze", ["attention_mask", "axes_1_2"], "keys")], "visible", to=9)], "hidden")
    g.node("Where", [g.node("Or", [future, hidden], "blocked"), "lowest", "nothing"], "mask")


def make():
    g = Graph("llama_with_past", opset=18)
    ids = g.input("input_ids", INT64, ["batch_size", "sequence_length"])
    g.input("attention_mask", INT64, ["batch_size", TOTAL])
    g.input("position_ids", INT64, ["batch_size", "sequence_length"])
    caches = [f"{i}.{part}" for i in range(LAYERS) for part in ("key", "value")]
    for cache in caches:
        g.input(f"past_key_values.{cache}", FLOAT, ["batch_size", KV_HEADS, PAST, DEPTH])
    for name, values in (("last", [-1]), ("halves", [DEPTH // 2] * 2), ("third", [2]), ("flat_shape", [0, 0, -1]), ("zero", 0),
                         ("one", 1), ("all_heads", [0, HEADS, -1, DEPTH]), ("third_and_axis_1", [1, 3]), ("axes_1_2", [1, 2]),
                         ("axis_1", [1]), ("repeats", [1, 1, HEADS // KV_HEADS, 1, 1])):
        g.integers(name, values)
    for name, value in (("epsilon", 1e-6), ("scale", DEPTH**-0.5), ("lowest", np.finfo(np.float32).min), ("nothing", 0)):
        g.weight(name, np.float32(value))
    g.node("Squeeze", [g.node("Shape", ["attention_mask"], "total_1", start=1, end=2)], "total")
    mask(g)
    angles = np.arange(POSITIONS)[:, None] / 10000 ** (np.arange(DEPTH // 2)[None] / (DEPTH // 2))
    for name, table in (("cos", np.cos(angles)), ("sin", np.sin(angles))):
        g.weight(f"{name}_table", np.concatenate([table, table], axis=1).astype(np.float32))
        g.node("Unsqueeze", [g.node("Gather", [f"{name}_table", "position_ids"], f"{name}_rows"), "axis_1"], name)
    x = g.node("Gather", [g.normal("embed", [VOCABULARY, HIDDEN]), ids], "x")
    for i in range(LAYERS):
        x = layer(g, x, i)
    g.node("Identity", [project(g, norm(g, x, "norm"), "head", HIDDEN, VOCABULARY)], "logits")
    g.output("logits", FLOAT, ["batch_size", "sequence_length", VOCABULARY])
    for cache in caches:
        g.output(f"present.{cache}", FLOAT, ["batch_size", KV_HEADS, TOTAL, DEPTH])
    inputs = {"input_ids": g.random.integers(0, VOCABULARY, (2, 3)), "attention_mask": np.ones((2, 8), dtype=np.int64),
              "position_ids": np.broadcast_to(np.arange(5, 8), (2, 3)).copy()}
    inputs |= {f"past_key_values.{cache}": g.random.standard_normal((2, KV_HEADS, 5, DEPTH)).astype(np.float32) for cache in caches}
    return g, inputs


run(make)
