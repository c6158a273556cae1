"""Compares outputs with those of the oracle, element by element."""

import numpy as np
from element_types import FLOATS, NUMPY, TINY, UNIT, held
from onnx import TensorProto as T

# How many times the largest spread of a few evaluations a right answer may be off.
SPREADS = 8
# What it may be off however well the element is conditioned.
ULPS = 4


def kinds(values):
    """0: finite, 1: infinite, -1: minus infinite, 2: NaN."""
    with np.errstate(all="ignore"):
        return np.where(np.isnan(values), 2, np.where(np.isinf(values), np.sign(values), 0)).astype(int)


def allowed(samples, elem_type):
    """The error that each element may have; infinite where the evaluations do not agree on what it is like."""
    first, others = samples[0], samples[1:]
    if elem_type not in FLOATS:
        spread = np.zeros(first.shape)
        for other in others:
            spread = np.maximum(spread, np.abs(other.astype(np.float64) - first.astype(np.float64)))
        return np.where(spread == 0, 0, np.inf if elem_type == T.BOOL else SPREADS * spread)
    with np.errstate(all="ignore"):
        spread = np.zeros(first.shape)
        agree = np.ones(first.shape, bool)
        for other in others:
            agree &= kinds(other) == kinds(first)
            spread = np.maximum(spread, np.nan_to_num(np.abs(other - first), posinf=np.inf))
        error = SPREADS * spread + ULPS * (2 * UNIT[elem_type] * np.abs(first) + TINY[elem_type])
        # The next step beyond the largest number is infinity.
        largest = float(np.finfo(np.float64).max if elem_type == T.DOUBLE else held(np.array(_largest(elem_type)), elem_type))
        agree &= ~((kinds(first) == 0) & (np.abs(first) + error > largest))
        return np.where(agree, np.where(kinds(first) == 0, error, 0), np.inf)


def _largest(elem_type):
    return {T.FLOAT: float(np.finfo(np.float32).max), T.FLOAT16: 65504.0, T.BFLOAT16: 3.3895313892515355e38}[elem_type]


def wrong_elements(actual, expected, error):
    """A mask."""
    with np.errstate(all="ignore"):
        if expected.dtype != np.float64:
            difference = np.abs(actual.astype(np.float64) - expected.astype(np.float64))
            return np.where(error == 0, actual != expected, difference > error)
        same_kind = kinds(actual) == kinds(expected)
        close = np.where(kinds(expected) == 0, np.abs(actual - expected) <= error, True)
        return ~(np.isinf(error) | (same_kind & close))


def near(expected, other, error, elem_type):
    """The error that is allowed beside another implementation's answer."""
    if elem_type not in FLOATS:
        return error
    with np.errstate(all="ignore"):
        # Where the oracle has no number it says nothing of the conditioning: half of the digits must do.
        conditioned = np.where(kinds(expected) == 0, error, np.sqrt(UNIT[elem_type]) * np.abs(other))
        return conditioned + 4 * ULPS * UNIT[elem_type] * np.abs(other)


def difference(actual, samples, elem_type, others=()):
    """What is wrong with an output: (in words, how many times the allowed error the largest is); None if nothing is.

    `actual` as stored, `samples` held. An element is right as well where it is near that of one of `others` (stored):
    implementations that share a reading of ONNX that the oracle does not have.
    """
    expected = samples[0]
    peers = [held(other, elem_type) for other in others if other.shape == actual.shape and other.dtype == actual.dtype]
    value = held(actual, elem_type)
    if actual.dtype != NUMPY[elem_type] or actual.shape != expected.shape:
        if any(not wrong_elements(value, peer, near(np.full(peer.shape, np.nan), peer, 0, elem_type)).any() for peer in peers):
            return None
        return f"is {actual.dtype}{list(actual.shape)}, expected {NUMPY[elem_type]}{list(expected.shape)}", np.inf
    if not actual.size:
        return None
    error = allowed(samples, elem_type)
    wrong = wrong_elements(value, expected, error)
    for peer in peers:
        wrong &= wrong_elements(value, peer, near(expected, peer, error, elem_type))
    if not wrong.any():
        return None
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    text = f"element {list(at)} is {actual[at]}, expected {expected[at]} within {error[at]:.3g}; {np.count_nonzero(wrong)} of {wrong.size} are wrong"
    text += "".join(f", another implementation says {peer[at]}" for peer in peers)
    with np.errstate(all="ignore"):
        times = np.abs(value.astype(np.float64) - expected.astype(np.float64))[wrong] / error[wrong]
    return text, float(np.max(np.nan_to_num(times, nan=np.inf, posinf=np.inf)))
