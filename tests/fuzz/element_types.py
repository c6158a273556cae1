"""Element types of ONNX as this folder needs them: float types are held in float64, the others as they are."""

import ml_dtypes
import numpy as np
from onnx import TensorProto as T

FLOATS = {T.FLOAT: np.dtype(np.float32), T.DOUBLE: np.dtype(np.float64), T.FLOAT16: np.dtype(np.float16),
          T.BFLOAT16: np.dtype(ml_dtypes.bfloat16)}
INTEGERS = {T.INT8: np.dtype(np.int8), T.INT16: np.dtype(np.int16), T.INT32: np.dtype(np.int32), T.INT64: np.dtype(np.int64),
            T.UINT8: np.dtype(np.uint8), T.UINT16: np.dtype(np.uint16), T.UINT32: np.dtype(np.uint32),
            T.UINT64: np.dtype(np.uint64)}
NUMPY = {**FLOATS, **INTEGERS, T.BOOL: np.dtype(np.bool_)}

# The largest relative error of rounding to the type, and its smallest positive number.
UNIT = {T.FLOAT: 2.0**-24, T.DOUBLE: 2.0**-53, T.FLOAT16: 2.0**-11, T.BFLOAT16: 2.0**-8}
TINY = {T.FLOAT: 2.0**-149, T.DOUBLE: 2.0**-1074, T.FLOAT16: 2.0**-24, T.BFLOAT16: 2.0**-133}


def held_dtype(elem_type):
    """The numpy type in which values of the type are held."""
    return np.dtype(np.float64) if elem_type in FLOATS else NUMPY[elem_type]


def rounded(values, elem_type):
    """float64 values as the nearest ones of the float type; beyond its range they are infinite."""
    with np.errstate(all="ignore"):
        return np.asarray(values).astype(FLOATS[elem_type]).astype(np.float64)


def held(array, elem_type):
    """What a tensor of the type is held as."""
    return np.asarray(array).astype(held_dtype(elem_type))


def stored(values, elem_type):
    """The inverse of held()."""
    with np.errstate(all="ignore"):
        return np.asarray(values).astype(NUMPY[elem_type])
