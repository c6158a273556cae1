"""The C API (runtime/api/mlc.h), as a program in C would use it."""

import ctypes

import jobs
import numpy as np

TYPES = {np.dtype(np.float32): 0, np.dtype(np.int64): 7}


class Tensor(ctypes.Structure):
    _fields_ = [("dtype", ctypes.c_int), ("rank", ctypes.c_int32), ("shape", ctypes.POINTER(ctypes.c_int64)),
                ("data", ctypes.c_void_p)]


class TensorInfo(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("dtype", ctypes.c_int), ("rank", ctypes.c_int32),
                ("dims", ctypes.POINTER(ctypes.c_char_p))]


class SequenceOptions(ctypes.Structure):
    _fields_ = [("struct_bytes", ctypes.c_int64), ("max_tokens", ctypes.c_int64)]


class Error(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


LIBRARY = ctypes.CDLL(str(jobs.RUNFILES / "runtime/api/libmlc.so"))
for function in ("mlc_open", "mlc_sequence_create", "mlc_sequence_copy", "mlc_sequence_drop", "mlc_sequence_length", "mlc_run",
                 "mlc_run_sequence"):
    getattr(LIBRARY, function).restype = ctypes.c_void_p
LIBRARY.mlc_error_message.restype = ctypes.c_char_p
LIBRARY.mlc_result_tensor.restype = ctypes.POINTER(Tensor)
LIBRARY.mlc_input.restype = LIBRARY.mlc_output.restype = LIBRARY.mlc_state.restype = ctypes.POINTER(TensorInfo)


def check(error):
    if not error:
        return
    error = ctypes.c_void_p(error)
    failure = Error(LIBRARY.mlc_error_code(error), LIBRARY.mlc_error_message(error).decode())
    LIBRARY.mlc_error_free(error)
    raise failure


class Session:
    def __init__(self, package):
        self.session = ctypes.c_void_p()
        check(LIBRARY.mlc_open(str(package).encode(), None, ctypes.byref(self.session)))
        self.inputs, self.outputs, self.states = (
            [get(self.session, i).contents.name.decode() for i in range(count(self.session))]
            for get, count in ((LIBRARY.mlc_input, LIBRARY.mlc_input_count), (LIBRARY.mlc_output, LIBRARY.mlc_output_count),
                               (LIBRARY.mlc_state, LIBRARY.mlc_state_count)))

    def close(self):
        LIBRARY.mlc_close(self.session)

    def create(self, max_tokens=0):
        sequence = ctypes.c_int64()
        options = SequenceOptions(ctypes.sizeof(SequenceOptions), max_tokens)
        check(LIBRARY.mlc_sequence_create(self.session, ctypes.byref(options), ctypes.byref(sequence)))
        return sequence

    def copy(self, sequence):
        copied = ctypes.c_int64()
        check(LIBRARY.mlc_sequence_copy(self.session, sequence, ctypes.byref(copied)))
        return copied

    def drop(self, sequence):
        check(LIBRARY.mlc_sequence_drop(self.session, sequence))

    def length(self, sequence):
        length = ctypes.c_int64()
        check(LIBRARY.mlc_sequence_length(self.session, sequence, ctypes.byref(length)))
        return length.value

    def run(self, sequence, inputs):
        arrays = [np.ascontiguousarray(inputs[name]) for name in self.inputs]
        shapes = [(ctypes.c_int64 * array.ndim)(*array.shape) for array in arrays]
        tensors = (Tensor * len(arrays))(*(
            Tensor(TYPES[array.dtype], array.ndim, shape, array.ctypes.data) for array, shape in zip(arrays, shapes)))
        result = ctypes.c_void_p()
        arguments = (tensors, ctypes.c_int32(len(arrays)), ctypes.byref(result))
        if sequence is None:
            check(LIBRARY.mlc_run(self.session, *arguments))
        else:
            check(LIBRARY.mlc_run_sequence(self.session, sequence, *arguments))
        tensor = LIBRARY.mlc_result_tensor(result, 0).contents
        shape = tensor.shape[: tensor.rank]
        data = ctypes.cast(tensor.data, ctypes.POINTER(ctypes.c_float))
        output = np.ctypeslib.as_array(data, shape=(int(np.prod(shape)),)).reshape(shape).copy()
        LIBRARY.mlc_result_free(result)
        return output
