"""Random valid models of 3 to 25 nodes, of their seed alone."""

import contraction_motifs
import control_motifs
import elementwise_motifs
import movement_motifs
import numpy as np
import reduction_motifs
from element_types import FLOATS, INTEGERS
from model_builder import ModelBuilder, Rejected
from onnx import TensorProto as T

OPSETS = (13, 17, 18, 20, 21, 22, 23, 24)
FAMILIES = [(elementwise_motifs.MOTIFS, 5), (movement_motifs.MOTIFS, 4), (reduction_motifs.MOTIFS, 2), (contraction_motifs.MOTIFS, 2.5),
            (control_motifs.MOTIFS, 0.4)]
SETS = 2
UNLIKE_SET = SETS
MOST_TRIES = 60


def random_sizes(rng):
    """Sizes of the symbols for each set of inputs: zero, one, equal and unequal ones."""
    def size():
        return int(rng.choice([0, 1, 1, 2, 3, 4, 5, 7], p=[0.06, 0.12, 0.1, 0.2, 0.17, 0.15, 0.1, 0.1]))
    sizes = {name: [size() for _ in range(SETS)] for name in ("n", "s", "d")}
    if rng.random() < 0.2:
        sizes["s"] = sizes["n"]
    return sizes


def add_inputs(b):
    main = b.one_of([T.FLOAT] * 6 + [T.FLOAT16, T.BFLOAT16, T.DOUBLE, T.INT64, T.INT32, b.one_of([*INTEGERS, T.BOOL])])
    forms = [["n", 4], ["n", "s", 6], ["n", "s", 8], ["n", 3, 5, 4], ["n", 4, "s", 3], [2, 3, 4], ["s"], ["n", "d"], [5], [], [1, "s", 4],
             ["n", 2, "s", "d"], [3, 4]]
    form = b.one_of(forms)
    b.input(main, form)
    for _ in range(b.between(0, 2)):
        kind = main if b.chance(0.6) else b.one_of([*FLOATS, *INTEGERS, T.BOOL, T.FLOAT, T.INT64])
        dims = b.one_of([form, form, form[-1:], form[:1], b.one_of(forms)])
        b.input(kind, dims)


def add_motif(b):
    weights = np.array([weight for _, weight in FAMILIES])
    family = FAMILIES[int(b.rng.choice(len(FAMILIES), p=weights / weights.sum()))][0]
    try:
        b.one_of(family)(b)
    except (Rejected, IndexError, ValueError):
        # What was added before the motif gave up stays: it is valid.
        pass


def with_unlike_sizes(b, sets):
    """A set of inputs in which one symbolic dim of one input has another size than the symbol elsewhere; or None."""
    found = [(info.name, axis) for info, _ in b.inputs for axis, dim in enumerate(info.type.tensor_type.shape.dim) if dim.dim_param]
    if not found:
        return None
    name, axis = b.one_of(found)
    value = sets[0][name]
    rows = b.one_of([size for size in range(1, 6) if size != value.shape[axis]])
    if value.shape[axis] == 0:
        return None
    return {**sets[0], name: np.take(value, np.arange(rows) % value.shape[axis], axis)}


def random_model(seed):
    """A model and its sets of stored inputs: SETS of the declared sizes, and at times one more of unlike ones, which the model
    need not take (UNLIKE_SET)."""
    rng = np.random.default_rng(seed)
    b = ModelBuilder(rng, int(rng.choice(OPSETS)), random_sizes(rng))
    add_inputs(b)
    wanted = b.between(3, 22)
    for _ in range(MOST_TRIES):
        if len([node for node in b.nodes if node.op_type != "Constant"]) >= wanted:
            break
        add_motif(b)
    made = {name for node in b.nodes for name in node.output}
    used = {name for node in b.nodes for name in node.input}
    ends = [value for value in b.values if value.name in made and value.name not in used]
    inner = [value for value in b.values if value.name in used and value.name in made]
    if inner and b.chance(0.4):
        ends.append(b.one_of(inner))
    # What only the shape of a value is taken from need not compute the value, nor fail where it cannot be computed.
    read = {name for node in b.nodes if node.op_type not in ("EyeLike", "Shape", "Size") for name in node.input}
    ends += [value for value in inner if value.name not in read and value not in ends]
    model, sets = b.finish(ends)
    if b.chance(0.4):
        unlike = with_unlike_sizes(b, sets)
        sets += [unlike] if unlike else []
    return model, sets
