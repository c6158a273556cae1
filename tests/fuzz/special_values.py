"""Random tensors, ordinary ones and such that are full of special values."""

import numpy as np
from element_types import FLOATS, INTEGERS, NUMPY, TINY, UNIT, rounded
from onnx import TensorProto as T

LARGEST = {T.FLOAT: 3.4028234663852886e38, T.DOUBLE: 1.7976931348623157e308, T.FLOAT16: 65504.0,
           T.BFLOAT16: 3.3895313892515355e38}
SMALLEST_NORMAL = {T.FLOAT: 2.0**-126, T.DOUBLE: 2.0**-1022, T.FLOAT16: 2.0**-14, T.BFLOAT16: 2.0**-126}


def specials(elem_type):
    largest, normal, tiny, unit = LARGEST[elem_type], SMALLEST_NORMAL[elem_type], TINY[elem_type], UNIT[elem_type]
    ends = [0.0, 1.0, 0.5, 1.5, 2.5, 1 + 2 * unit, 1 - unit, largest, normal, normal * 0.75, tiny, tiny * 7, largest**0.5,
            largest**0.25, 1e4, 88.5, 20.0, 1 / 3]
    return np.array(ends + [-x for x in ends] + [np.inf, -np.inf, np.nan])


def random_floats(rng, shape, elem_type, is_special):
    kind = rng.integers(0, 5)
    values = rng.normal(size=shape) * [1, 1, 3, 0.1, 30][kind]
    if rng.random() < 0.2:
        values = np.round(values)
    if is_special:
        chosen = rng.choice(specials(elem_type), shape)
        if rng.random() < 0.5:
            chosen = np.where(np.isfinite(chosen), chosen, 0.0)
        values = np.where(rng.random(shape) < rng.choice([0.1, 0.5]), chosen, values)
    return rounded(values, elem_type)


def random_tensor(rng, shape, elem_type, is_special=False):
    """Held values."""
    if elem_type in FLOATS:
        return random_floats(rng, shape, elem_type, is_special)
    if elem_type == T.BOOL:
        kind = rng.integers(0, 6)
        return np.full(shape, kind == 0) if kind < 2 else rng.random(shape) < 0.6
    assert elem_type in INTEGERS
    info = np.iinfo(NUMPY[elem_type])
    values = rng.integers(max(info.min, -9), 9, shape, endpoint=True).astype(NUMPY[elem_type])
    if is_special:
        ends = np.array([info.min, info.min + 1, info.max, info.max - 1, 0, info.max // 2 + 1], NUMPY[elem_type])
        values = np.where(rng.random(shape) < 0.4, rng.choice(ends, shape), values)
    elif rng.random() < 0.3:
        values = rng.integers(info.min, info.max, shape, dtype=NUMPY[elem_type], endpoint=True)
    return values
