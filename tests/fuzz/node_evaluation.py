"""Evaluates one node in double precision by the onnx package's reference implementation.

Float tensors of every type are float64 arrays here; the caller rounds results to the types they are declared with.
"""

import contextlib
import io

import numpy as np
import onnx
from mended_ops import MENDED
from onnx import TensorProto as T
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

NARROW = (T.FLOAT, T.FLOAT16, T.BFLOAT16)
# Attributes that name an element type of results.
TYPE_ATTRIBUTES = ("to", "dtype", "output_dtype")


def widen_tensor(tensor):
    if tensor.data_type in NARROW:
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float64), tensor.name))


def widen_node(node):
    """Replaces narrow float types by DOUBLE, in bodies too."""
    for attribute in node.attribute:
        if attribute.name in TYPE_ATTRIBUTES and attribute.i in NARROW:
            attribute.i = T.DOUBLE
        if attribute.HasField("t"):
            widen_tensor(attribute.t)
        if attribute.HasField("g"):
            for inner in attribute.g.node:
                widen_node(inner)
            for tensor in attribute.g.initializer:
                widen_tensor(tensor)
    if node.op_type == "Constant" and any(a.name in ("value_float", "value_floats") for a in node.attribute):
        values = np.array(helper.get_attribute_value(node.attribute[0]), np.float32).astype(np.float64)
        del node.attribute[:]
        node.attribute.append(helper.make_attribute("value", numpy_helper.from_array(values)))


class NodeEvaluation:
    """To be called with the held values of the node's inputs (None: left out) and those of all names so far."""

    def __init__(self, node, opset):
        wide = onnx.NodeProto()
        wide.CopyFrom(node)
        widen_node(wide)
        graph = helper.make_graph([wide], "node", [helper.make_tensor_value_info(name, T.DOUBLE, None) for name in
                                                   dict.fromkeys(wide.input) if name], [])
        if node.op_type in ("QuantizeLinear", "DequantizeLinear", "BatchNormalization"):
            # Of the former the package has no earlier ones; the latter trains in them. They are the same otherwise.
            opset = max(opset, 19)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
        self.node = ReferenceEvaluator(model, new_ops=MENDED).rt_nodes_[0]

    def __call__(self, inputs, context):
        with np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
            if self.node.need_context():
                return [np.asarray(value) for value in self.node.run(*inputs, context=context)]
            return [np.asarray(value) for value in self.node.run(*inputs)]
