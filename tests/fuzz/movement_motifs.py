"""Movement of elements, and arithmetic on shapes."""

import numpy as np
from element_types import INTEGERS
from elementwise_motifs import is_float, is_number, partner
from model_builder import Rejected
from onnx import TensorProto as T


def has_rank(least, most=6):
    return lambda value: least <= value.rank <= most


def any_axis(b, x):
    axis = b.between(0, x.rank - 1)
    return axis, (axis if b.chance(0.6) else axis - x.rank)


def transpose(b):
    x = b.pick(has_rank(1))
    b.add("Transpose", [x], **({"perm": [int(i) for i in b.rng.permutation(x.rank)]} if b.chance(0.9) else {}))


def reshape(b):
    """To a constant shape: merged, split, with 0 and -1."""
    x = b.pick(has_rank(1))
    shape = [0 if b.chance(0.5) else x.shape()[axis] if x.is_static(axis) else 0 for axis in range(x.rank)]
    at = b.between(0, x.rank - 1)
    kind = b.between(0, 3)
    if kind == 0:
        shape = shape[:at] + [-1]
    elif kind == 1 and x.is_static(at) and x.shape()[at] > 0:
        divisors = [d for d in range(1, x.shape()[at] + 1) if x.shape()[at] % d == 0]
        d = b.one_of(divisors)
        shape[at:at + 1] = [d, x.shape()[at] // d]
        shape[at + 2:] = [x.shape()[axis] if x.is_static(axis) else -1 for axis in range(at + 1, x.rank)]
    elif kind == 2:
        shape = [-1]
    else:
        shape[at] = -1
    if shape.count(-1) > 1:
        raise Rejected("two dims of -1")
    b.add("Reshape", [x, b.integers(*shape)])


def reshape_by_shapes(b):
    """As exporters write it: Shape, Gather, Concat."""
    x = b.pick(has_rank(2))
    sizes = b.add("Shape", [x])
    at = b.between(0, x.rank - 1)
    if any(s.shape[at] == 0 for s in x.sets):
        raise Rejected("0 in a shape means another dim")
    first = b.add("Gather", [sizes, b.integers(at)], axis=0)
    parts = [first, b.integers(-1)] if b.chance(0.5) else [b.integers(-1), first]
    b.add("Reshape", [x, b.add("Concat", parts, axis=0)])


def flatten(b):
    x = b.pick()
    b.add("Flatten", [x], axis=b.between(-x.rank, x.rank))


def unsqueeze(b):
    x = b.pick(has_rank(0, 4))
    y = b.add("Unsqueeze", [x, b.integers(b.between(-x.rank - 1, x.rank))])
    if b.chance(0.3):
        b.add("Expand", [y, b.integers(*[b.between(1, 3) if s == 1 else 1 for s in y.shape()])])


def squeeze(b):
    x = b.pick(lambda v: any(all(s[a] == 1 for s in map(np.shape, v.sets)) for a in range(v.rank)))
    axes = [a for a in range(x.rank) if all(np.shape(s)[a] == 1 for s in x.sets)]
    # Without axes, what is left of a symbol that happens to be 1 would have another rank.
    has_one_rank = not any(1 in sizes for sizes in b.sizes.values()) and all(
        x.is_static(a) for a in range(x.rank) if any(np.shape(s)[a] == 1 for s in x.sets))
    b.add("Squeeze", [x] if b.chance(0.2) and has_one_rank else [x, b.integers(b.one_of(axes))])


def expand(b):
    x = b.pick()
    shape = [b.between(1, 3) if x.is_static(a) and x.shape()[a] == 1 else x.shape()[a] if x.is_static(a) and b.chance(0.5) else 1
             for a in range(x.rank)]
    b.add("Expand", [x, b.integers(*([2] if b.chance(0.3) else []), *shape)])


def expand_like(b):
    """To the shape of another value."""
    x, y = b.pick(), b.pick()
    b.add("Expand", [x, b.add("Shape", [y])])


def tile(b):
    x = b.pick(has_rank(1, 4))
    b.add("Tile", [x, b.integers(*[b.one_of([1, 1, 2, 3, 0]) for _ in range(x.rank)])])


def concat(b):
    x = b.pick(has_rank(1))
    axis, written = any_axis(b, x)
    suits = [y for y in b.values if y.elem_type == x.elem_type and y.rank == x.rank and all(
        s.shape[:axis] + s.shape[axis + 1:] == t.shape[:axis] + t.shape[axis + 1:] for s, t in zip(x.sets, y.sets))]
    parts = [x] + [b.one_of(suits) for _ in range(b.between(1, 2))]
    if all(x.is_static(a) for a in range(x.rank)) and b.chance(0.4):
        parts.append(b.random_constant(x.static_shape(), x.elem_type))
    b.add("Concat", [parts[i] for i in b.rng.permutation(len(parts))], axis=written)


def split(b):
    x = b.pick(has_rank(1))
    axis, written = any_axis(b, x)
    if x.is_static(axis) and x.shape()[axis] > 1 and b.chance(0.7):
        first = b.between(0, x.shape()[axis])
        b.add("Split", [x, b.integers(first, x.shape()[axis] - first)], outputs=2, axis=written)
    elif b.opset >= 18:
        b.add("Split", [x], outputs=2, axis=written, num_outputs=2)
    elif all(s.shape[axis] % 2 == 0 for s in x.sets):
        b.add("Split", [x], outputs=2, axis=written)


def slice_(b):
    x = b.pick(has_rank(1))
    starts, ends, axes, steps = [], [], [], []
    for axis in range(x.rank):
        if b.chance(0.6):
            continue
        size = x.shape()[axis]
        step = b.one_of([1, 1, 1, 2, 3, -1, -2])
        low, high = b.one_of([0, 1, -1, -2, 2, 100]), b.one_of([size, size - 1, -1, 2**31 - 1, 2**63 - 1, 1, 3, -2])
        if step < 0:
            low, high = b.one_of([-1, size - 1, 2**31, 2]), b.one_of([-(2**63), 0, -size - 1, -2**31, 1])
        starts.append(low), ends.append(high), axes.append(axis if b.chance(0.7) else axis - x.rank), steps.append(step)
    if not axes:
        raise Rejected("no axis")
    with_steps = [b.integers(*steps)] if any(s != 1 for s in steps) or b.chance(0.3) else []
    b.add("Slice", [x, b.integers(*starts), b.integers(*ends), b.integers(*axes), *with_steps])


def neighbours(b):
    """x[1:] - x[:-1]."""
    x = b.pick(lambda v: v.rank >= 1 and is_number(v))
    axis = b.between(0, x.rank - 1)
    high = b.add("Slice", [x, b.integers(1), b.integers(2**31 - 1), b.integers(axis)])
    low = b.add("Slice", [x, b.integers(0), b.integers(-1), b.integers(axis)])
    b.add(b.one_of(["Sub", "Add"]), [high, low])


def with_flip(b):
    x = b.pick(lambda v: v.rank >= 1 and is_number(v))
    axis = b.between(0, x.rank - 1)
    flipped = b.add("Slice", [x, b.integers(-1), b.integers(-(2**63)), b.integers(axis), b.integers(-1)])
    b.add(b.one_of(["Add", "Mul"]), [x, flipped])


def gather(b):
    x = b.pick(has_rank(1))
    axis, written = any_axis(b, x)
    least = min(s.shape[axis] for s in x.sets)
    if least == 0:
        raise Rejected("nothing to gather")
    shape = b.one_of([(), (1,), (3,), (2, 2), (0,)])
    indices = b.rng.integers(-least, least, shape)
    kind = b.one_of([T.INT64, T.INT32])
    index = b.constant(indices, kind) if b.chance(0.7) else b.input(kind, list(shape), [indices.astype(np.int32 if kind == T.INT32 else np.int64)] * b.set_count)
    b.add("Gather", [x, index], axis=written)


def gather_elements(b):
    x = b.pick(has_rank(1, 4))
    axis, written = any_axis(b, x)
    least = min(s.shape[axis] for s in x.sets)
    if least == 0:
        raise Rejected("nothing to gather")
    shape = list(x.static_shape())
    shape[axis] = b.between(1, 4)
    b.add("GatherElements", [x, b.constant(b.rng.integers(-least, least, shape), T.INT64)], axis=written)


def pad(b):
    x = b.pick(has_rank(1, 4))
    mode = b.one_of(["constant", "constant", "edge", "reflect"] + (["wrap"] if b.opset >= 19 else []))
    most = 2 if mode == "constant" else max(0, min(min(s.shape) for s in x.sets) - 1)
    least = -1 if mode == "constant" and b.chance(0.3) else 0
    pads = [b.between(least, min(most, 2)) for _ in range(2 * x.rank)]
    value = [b.scalar(b.one_of([0, 1, 7]), x.elem_type)] if mode == "constant" and b.chance(0.6) and x.elem_type != T.BOOL else []
    b.add("Pad", [x, b.integers(*pads), *value], mode=mode)


def depth_to_space(b):
    x = b.pick(lambda v: v.rank == 4)
    if b.chance(0.5):
        b.add("DepthToSpace", [x], blocksize=b.one_of([1, 2]), mode=b.one_of(["DCR", "CRD"]))
    else:
        b.add("SpaceToDepth", [x], blocksize=b.one_of([1, 2]))


def trilu(b):
    if b.opset < 14:
        raise Rejected("opset")
    x = b.pick(has_rank(2, 4))
    b.add("Trilu", [x] + ([b.scalar(b.between(-2, 2), T.INT64)] if b.chance(0.5) else []), upper=b.between(0, 1))


def one_hot(b):
    x = b.pick(lambda v: v.elem_type in (T.INT64, T.INT32) and v.rank <= 3)
    b.add("OneHot", [x, b.scalar(b.between(1, 4), T.INT64), b.random_constant([2], b.one_of([T.FLOAT, T.INT64]))], axis=b.one_of([-1, 0]))


def eye_like(b):
    x = b.pick(lambda v: v.rank == 2)
    b.add("EyeLike", [x], k=b.between(-1, 1), **({"dtype": T.FLOAT} if b.chance(0.5) else {}))


def shape_arithmetic(b):
    """A size as a number that scales a value."""
    x = b.pick(lambda v: is_float(v) and v.rank >= 1)
    sizes = b.add("Shape", [x])
    n = b.add("Gather", [sizes, b.scalar(b.between(0, x.rank - 1), T.INT64)], axis=0)
    if b.chance(0.5):
        n = b.add(b.one_of(["Add", "Mul", "Sub"]), [n, b.scalar(b.between(1, 3), T.INT64)])
    b.add(b.one_of(["Mul", "Div", "Add"]), [x, b.add("Cast", [n], to=x.elem_type)])


def range_of_size(b):
    x = b.pick(lambda v: is_number(v) and v.rank >= 1)
    sizes = b.add("Shape", [x])
    n = b.add("Gather", [sizes, b.scalar(x.rank - 1, T.INT64)], axis=0)
    positions = b.add("Range", [b.scalar(0, T.INT64), n, b.scalar(1, T.INT64)])
    b.add(b.one_of(["Add", "Mul"]), [x, b.add("Cast", [positions], to=x.elem_type)])


def constant_of_shape(b):
    x = b.pick()
    b.add("ConstantOfShape", [b.add("Shape", [x])])


def size_of(b):
    b.add("Size", [b.pick()])


def cumulative_sum(b):
    x = b.pick(lambda v: v.rank >= 1 and v.elem_type in (T.FLOAT, T.DOUBLE, T.INT32, T.INT64, T.FLOAT16))
    _, written = any_axis(b, x)
    b.add("CumSum", [x, b.scalar(written, b.one_of([T.INT32, T.INT64]))], exclusive=b.between(0, 1), reverse=b.between(0, 1))


def shape_of_part(b):
    if b.opset < 15:
        raise Rejected("opset")
    x = b.pick(has_rank(1))
    b.add("Shape", [x], start=b.between(-x.rank, x.rank), **({"end": b.between(-x.rank, x.rank)} if b.chance(0.6) else {}))


MOTIFS = [transpose, transpose, reshape, reshape, reshape_by_shapes, flatten, unsqueeze, squeeze, expand, expand_like, tile, concat, concat,
          split, slice_, slice_, neighbours, with_flip, gather, gather, gather_elements, pad, pad, depth_to_space, trilu, one_hot,
          eye_like, shape_arithmetic, range_of_size, constant_of_shape, size_of, cumulative_sum, shape_of_part]
