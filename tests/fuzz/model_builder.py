"""Writes a random model node by node, and evaluates each node at once for all sets of inputs.

What the reference implementation refuses is not added, so that motifs need not know every rule of an op, and shapes are
those that the values have.
"""

import dataclasses

import numpy as np
import onnx
from element_types import FLOATS, INTEGERS, held_dtype, stored
from node_evaluation import NodeEvaluation
from onnx import TensorProto as T
from onnx import helper, numpy_helper
from oracle import step
from special_values import random_tensor

MOST_ELEMENTS = 3000


class Rejected(Exception):
    """A motif does not suit, or an op does not take these operands."""


@dataclasses.dataclass
class Value:
    name: str
    elem_type: int
    sets: list  # held values, for each set of inputs
    is_constant: bool = False

    @property
    def rank(self):
        return self.sets[0].ndim

    def shape(self, number=0):
        return self.sets[number].shape

    def is_static(self, axis):
        return len({values.shape[axis] for values in self.sets}) == 1

    def static_shape(self):
        if len({values.shape for values in self.sets}) > 1:
            raise Rejected("a shape that is not the same in all sets")
        return self.sets[0].shape

    @property
    def is_float(self):
        return self.elem_type in FLOATS

    @property
    def is_integer(self):
        return self.elem_type in INTEGERS


class ModelBuilder:
    def __init__(self, rng, opset, sizes):
        """`sizes`: of each symbol, for each set of inputs."""
        self.rng, self.opset, self.sizes = rng, opset, sizes
        self.set_count = len(next(iter(sizes.values())))
        self.values, self.nodes, self.inputs, self.initializers = [], [], [], []
        self.types, self.named, self.counter = {}, {}, 0
        self.is_special = rng.random() < 0.4

    # Random choices.

    def one_of(self, choices):
        choices = list(choices)
        if not choices:
            raise Rejected("nothing to choose from")
        return choices[int(self.rng.integers(len(choices)))]

    def chance(self, probability):
        return self.rng.random() < probability

    def between(self, low, high):
        return int(self.rng.integers(low, high, endpoint=True))

    def pick(self, suits=lambda value: True):
        """A value made so far; later ones more often."""
        found = [value for value in self.values if suits(value)]
        if not found:
            raise Rejected("no such value")
        return found[-1] if self.chance(0.4) else self.one_of(found)

    # Parts of the model.

    def fresh(self, kind):
        self.counter += 1
        return f"{kind}{self.counter}"

    def declare(self, name, elem_type, sets, is_constant=False):
        self.types[name] = elem_type
        self.named[name] = Value(name, elem_type, sets, is_constant)
        return self.named[name]

    def input(self, elem_type, dims, values=None):
        """`dims`: numbers and names of symbols."""
        name = self.fresh("x")
        shapes = [[self.sizes[dim][k] if isinstance(dim, str) else dim for dim in dims] for k in range(self.set_count)]
        sets = values or [random_tensor(self.rng, shape, elem_type, self.is_special) for shape in shapes]
        value = self.declare(name, elem_type, sets)
        self.inputs.append((helper.make_tensor_value_info(name, elem_type, dims), value))
        self.values.append(value)
        return value

    def constant(self, array, elem_type):
        """`array`: held values. An initializer or a node."""
        name = self.fresh("c")
        array = np.asarray(array, held_dtype(elem_type))
        tensor = numpy_helper.from_array(stored(array, elem_type), name)
        if self.chance(0.3):
            self.nodes.append(helper.make_node("Constant", [], [name], value=tensor))
        else:
            self.initializers.append(tensor)
        return self.declare(name, elem_type, [array] * self.set_count, is_constant=True)

    def random_constant(self, shape, elem_type, is_special=None):
        is_special = self.is_special and self.chance(0.3) if is_special is None else is_special
        return self.constant(random_tensor(self.rng, tuple(shape), elem_type, is_special), elem_type)

    def scalar(self, number, elem_type, shape=()):
        return self.constant(np.full(shape, number), elem_type)

    def integers(self, *numbers):
        return self.constant(np.array(numbers, np.int64), T.INT64)

    def add(self, op, operands, outputs=1, **attributes):
        """The op's results (one: itself, not a list), which later motifs may use."""
        names = [operand.name if operand is not None else "" for operand in operands]
        node = helper.make_node(op, names, [self.fresh("v") for _ in range(outputs)], **attributes)
        return self.add_node(node)

    def add_node(self, node):
        before = len(self.nodes)
        try:
            results = self.evaluated(node)
        except Rejected:
            raise
        except Exception as error:  # whatever the reference implementation raises
            raise Rejected(f"{node.op_type}: {error}") from error
        assert before == len(self.nodes)
        self.nodes.append(node)
        self.values += results
        return results[0] if len(results) == 1 else results

    def evaluated(self, node):
        known = [helper.make_tensor_value_info(name, value.elem_type, [None] * value.rank) for name, value in self.named.items()]
        inferred = onnx.shape_inference.infer_shapes(
            helper.make_model(helper.make_graph([node], "node", known, [helper.make_empty_tensor_value_info(name) for name in node.output]),
                              opset_imports=[helper.make_opsetid("", self.opset)]), strict_mode=True)
        types = [info.type.tensor_type.elem_type for info in inferred.graph.output]
        if any(elem_type != T.BOOL and elem_type not in FLOATS and elem_type not in INTEGERS for elem_type in types):
            raise Rejected(f"{node.op_type} of another type")
        evaluate = NodeEvaluation(node, self.opset)
        sets = []
        for number in range(self.set_count):
            context = {name: value.sets[number] for name, value in self.named.items()}
            sets.append(step(node, evaluate, context, self.types, types, None))
        if any(array.size > MOST_ELEMENTS for results in sets for array in results.values()):
            raise Rejected("large")
        return [self.declare(name, elem_type, [results[name] for results in sets])
                for name, elem_type in zip(node.output, types)]

    def finish(self, outputs):
        infos = [helper.make_tensor_value_info(value.name, value.elem_type, [None] * value.rank) for value in outputs]
        graph = helper.make_graph(self.nodes, "random", [info for info, _ in self.inputs], infos, self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)])
        model.ir_version = 11 if self.opset >= 23 else 10
        sets = [{value.name: stored(value.sets[k], value.elem_type) for _, value in self.inputs} for k in range(self.set_count)]
        return model, sets
