"""Sessions of the C API, and the packages that they are of."""

import unittest

import jobs
import numpy as np
import onnx
from c_api import Session
from onnx import TensorProto as T
from onnx import helper


def compile_model(op, package):
    """Of x op x."""
    x, y = (helper.make_tensor_value_info(name, T.FLOAT, [4]) for name in "xy")
    graph = helper.make_graph([helper.make_node(op, ["x", "x"], ["y"])], op, [x], [y])
    path = jobs.SCRATCH / f"{op}.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    result = jobs.run("mlc-compile", path, "-o", package)
    assert result.code == jobs.DONE, result.err


class Sessions(unittest.TestCase):
    def test_a_package_is_replaced_while_it_is_open(self):
        package, x = jobs.SCRATCH / "replaced.mlcpkg", np.array([1, 2, 3, 4], np.float32)
        compile_model("Add", package)
        before = Session(package)
        compile_model("Mul", package)
        after = Session(package)
        for _ in range(2):
            np.testing.assert_array_equal(before.run(None, {"x": x}), x + x)
            np.testing.assert_array_equal(after.run(None, {"x": x}), x * x)
        before.close()
        np.testing.assert_array_equal(after.run(None, {"x": x}), x * x)
        after.close()


if __name__ == "__main__":
    unittest.main()
