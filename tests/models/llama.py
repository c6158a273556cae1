"""A tiny decoder as today's exporters write it: RMSNormalization, RotaryEmbedding and grouped Attention with a cache (opset 23)."""

import numpy as np
from model_writer import FLOAT, INT64, Graph, run

HIDDEN, HEADS, KV_HEADS, DEPTH, VOCABULARY, POSITIONS = 32, 4, 2, 8, 50, 40


def norm(g, x, name):
    return g.node("RMSNormalization", [x, g.weight(f"{name}.weight", np.linspace(0.5, 1.5, HIDDEN, dtype=np.float32))],
                  f"{name}.y", axis=-1, epsilon=1e-6)


def project(g, x, name, inputs, outputs):
    return g.node("MatMul", [x, g.normal(f"{name}.weight", [inputs, outputs])], f"{name}.y")


def make():
    g = Graph("llama", opset=23, ir_version=11)
    ids = g.input("input_ids", INT64, ["batch", "seq"])
    past = [g.input(f"past_{part}", FLOAT, ["batch", KV_HEADS, "past", DEPTH]) for part in ("key", "value")]
    x = g.node("Gather", [g.normal("embed", [VOCABULARY, HIDDEN]), ids], "x")

    # Positions go on from the cache: past, past + 1, ...
    scalar = lambda value, axis, name: g.node("Squeeze", [g.node("Shape", [value], f"{name}.s", start=axis, end=axis + 1)], name)
    old, new, batch = scalar(past[0], 2, "old"), scalar(ids, 1, "new"), scalar(ids, 0, "batch_size")
    positions = g.node("Range", [old, g.node("Add", [old, new], "all"), g.integers("one", 1)], "range")
    first = g.integers("first", [0])
    shape = g.node("Concat", [g.node("Unsqueeze", [batch, first], "b1"), g.node("Unsqueeze", [new, first], "n1")],
                   "position_shape", axis=0)
    positions = g.node("Expand", [g.node("Unsqueeze", [positions, first], "row"), shape], "position_ids")

    angles = np.arange(POSITIONS)[:, None] / 10000 ** (np.arange(DEPTH // 2)[None] / (DEPTH // 2))
    g.weight("cos", np.cos(angles).astype(np.float32))
    g.weight("sin", np.sin(angles).astype(np.float32))
    h = norm(g, x, "input_norm")
    q, k, v = (project(g, h, name, HIDDEN, heads * DEPTH) for name, heads in (("q", HEADS), ("k", KV_HEADS), ("v", KV_HEADS)))
    q = g.node("RotaryEmbedding", [q, "cos", "sin", positions], "q.rotated", num_heads=HEADS)
    k = g.node("RotaryEmbedding", [k, "cos", "sin", positions], "k.rotated", num_heads=KV_HEADS)
    g.node("Attention", [q, k, v, "", *past], ["attended", "present_key", "present_value"], is_causal=1, q_num_heads=HEADS,
           kv_num_heads=KV_HEADS)
    x = g.node("Add", [x, project(g, "attended", "o", HIDDEN, HIDDEN)], "x_1")
    h = norm(g, x, "post_norm")
    gate = project(g, h, "gate", HIDDEN, 64)
    gate = g.node("Mul", [gate, g.node("Sigmoid", [gate], "gate.s")], "gate.silu")
    inner = g.node("Mul", [gate, project(g, h, "up", HIDDEN, 64)], "inner")
    x = g.node("Add", [x, project(g, inner, "down", 64, HIDDEN)], "x_2")
    g.node("Identity", [project(g, norm(g, x, "norm"), "head", HIDDEN, VOCABULARY)], "logits")
    g.output("logits", FLOAT, ["batch", "seq", VOCABULARY])
    for part in ("key", "value"):
        g.output(f"present_{part}", FLOAT, ["batch", KV_HEADS, "total", DEPTH])
    cache = lambda: g.random.standard_normal((2, KV_HEADS, 5, DEPTH)).astype(np.float32)
    return g, {"input_ids": g.random.integers(0, VOCABULARY, (2, 3)), "past_key": cache(), "past_value": cache()}


run(make)
