"""Evaluates whole models in double precision, once as is and several times with random rounding errors."""

import numpy as np
import onnx
from element_types import FLOATS, held, rounded
from node_evaluation import NodeEvaluation
from onnx import TensorProto as T
from onnx import numpy_helper
from rounding_errors import (
    SUMS,
    Errors,
    adds_nothing,
    any_order_of_additions,
    operands_with_errors,
    overflows_in_some_order,
    random_elements,
    result_with_errors,
    undefined,
    zero_where_signs_differ,
)


def step(node, evaluate, values, types, output_types, rng):
    """The results of a node: held values by name. `rng` None: without errors."""
    inputs = [values[name] if name else None for name in node.input]
    used = inputs
    without_errors = evaluate(inputs, values)
    has_errors = rng is not None and not adds_nothing(node.op_type, inputs, without_errors)
    if has_errors:
        used = operands_with_errors(node.op_type, inputs, [types.get(name) for name in node.input], rng)
    all_results = evaluate(used, values) if used is not inputs else without_errors
    results = {}
    for name, elem_type, result, exact in zip(node.output, output_types, all_results, without_errors):
        if not name:
            continue
        if elem_type in FLOATS:
            result = result.astype(np.float64)
            if has_errors:
                if used is not inputs:
                    result = zero_where_signs_differ(result, exact, rng)
                result = result_with_errors(node.op_type, used, result, elem_type, rng)
            # A composite that is recognized in its parts lacks the overflow between them.
            overflow_type = elem_type if rng is None or elem_type != T.FLOAT16 or rng.random() < 0.5 else T.FLOAT
            if overflow_type == elem_type:
                result = rounded(result, elem_type)
        else:
            result = held(result, elem_type)
        if rng is not None:
            mask = undefined(node, used, result, elem_type)
            if mask is not None and mask.any():
                result = np.where(mask, random_elements(result.shape, elem_type, rng), result)
            if node.op_type in SUMS and elem_type in FLOATS:
                mask = overflows_in_some_order(node, evaluate, used, values, overflow_type)
                if mask.any():
                    result = np.where(mask, any_order_of_additions(rng), result)
        results[name] = result
    return results


class Oracle:
    """Raises what the reference implementation raises where it cannot evaluate the model."""

    def __init__(self, model):
        self.opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
        self.graph = onnx.shape_inference.infer_shapes(model).graph
        self.types = {info.name: info.type.tensor_type.elem_type
                      for info in (*self.graph.value_info, *self.graph.input, *self.graph.output)}
        self.types |= {tensor.name: tensor.data_type for tensor in self.graph.initializer}
        self.weights = {t.name: held(numpy_helper.to_array(t), t.data_type) for t in self.graph.initializer}
        self.nodes = [(node, NodeEvaluation(node, self.opset)) for node in self.graph.node]
        self.outputs = [info.name for info in self.graph.output]

    def all_values(self, inputs, rng=None):
        """Held values of all names, for held inputs by name."""
        values = {**self.weights, **inputs}
        for node, evaluate in self.nodes:
            values |= step(node, evaluate, values, self.types, [self.types[name] if name else 0 for name in node.output], rng)
        return values

    def samples(self, inputs, count, seed):
        """The outputs, as lists of arrays: first without errors, then `count` times with errors."""
        runs = [self.all_values(inputs)]
        runs += [self.all_values(inputs, Errors(seed, i)) for i in range(count)]
        return [[self.output(run[name], elem_type) for name, elem_type in zip(self.outputs, self.output_types())] for run in runs]

    @staticmethod
    def output(value, elem_type):
        return rounded(value, elem_type) if elem_type in FLOATS else value

    def output_types(self):
        return [self.types[name] for name in self.outputs]
