"""Makes a model that shows a defect smaller, while it shows it (delta debugging)."""

import numpy as np
import onnx
from element_types import held, stored
from onnx import helper, numpy_helper
from oracle import Oracle


def copy_of(model):
    other = onnx.ModelProto()
    other.CopyFrom(model)
    return other


def names_used(node):
    """In its bodies too."""
    yield from node.input
    for attribute in node.attribute:
        if attribute.HasField("g"):
            for inner in attribute.g.node:
                yield from names_used(inner)
            yield from (info.name for info in attribute.g.output)


def without_dead(model, sets):
    graph = model.graph
    needed = {info.name for info in graph.output}
    nodes = []
    for node in reversed(graph.node):
        if needed & set(node.output):
            nodes.insert(0, node)
            needed |= set(names_used(node))
    initializers = [tensor for tensor in graph.initializer if tensor.name in needed]
    inputs = [info for info in graph.input if info.name in needed]
    made = helper.make_graph(nodes, graph.name, inputs, list(graph.output), initializers)
    result = copy_of(model)
    result.graph.CopyFrom(made)
    return result, [{info.name: inputs_of[info.name] for info in inputs} for inputs_of in sets]


def outputs_only(model, names, ranks, types):
    result = copy_of(model)
    del result.graph.output[:]
    result.graph.output.extend(helper.make_tensor_value_info(name, types[name], [None] * ranks[name]) for name in names)
    return result


def candidates(model, sets):
    """Smaller models, most of them invalid or without the defect, the boldest first."""
    if len(sets) > 1:
        for inputs in sets:
            yield model, [inputs]
    oracle = Oracle(model)
    values = []
    for inputs in sets:
        held_set = {info.name: held(inputs[info.name], info.type.tensor_type.elem_type) for info in model.graph.input}
        try:
            values.append(oracle.all_values(held_set))
        except Exception:  # a set of sizes that the model need not take
            return
    types = oracle.types
    ranks = {name: value.ndim for name, value in values[0].items()}
    outputs = [info.name for info in model.graph.output]
    made = [name for node in model.graph.node for name in node.output if name]
    if len(outputs) > 1:
        for name in outputs:
            yield outputs_only(model, [name], ranks, types), sets
    # From an inner value on.
    inner = [name for name in made if name not in outputs]
    for name in reversed(inner):
        cut = copy_of(model)
        for node in cut.graph.node:
            for i, output in enumerate(node.output):
                if output == name:
                    node.output[i] = name + "_dropped"
        shapes = [value[name].shape for value in values]
        dims = [sizes[0] if len(set(sizes)) == 1 else f"{name}_{axis}" for axis, sizes in enumerate(zip(*shapes))]
        cut.graph.input.append(helper.make_tensor_value_info(name, types[name], dims))
        yield cut, [{**inputs, name: stored(value[name], types[name])} for inputs, value in zip(sets, values)]
    # Up to an inner value.
    for name in made:
        if name not in outputs:
            yield outputs_only(model, [name], ranks, types), sets
    # Without a node: its first input of the same type and shape instead.
    for node in model.graph.node:
        for operand in node.input:
            if operand and len(node.output) == 1 and types.get(operand) == types.get(node.output[0]) and all(
                    value[operand].shape == value[node.output[0]].shape for value in values):
                cut = copy_of(model)
                for other in cut.graph.node:
                    for i, name in enumerate(other.input):
                        if name == node.output[0]:
                            other.input[i] = operand
                if node.output[0] not in outputs:
                    yield cut, sets
    # Static dims.
    for at, info in enumerate(model.graph.input):
        for axis, dim in enumerate(info.type.tensor_type.shape.dim):
            sizes = {inputs[info.name].shape[axis] for inputs in sets}
            if dim.dim_param and len(sizes) == 1:
                fixed = copy_of(model)
                fixed.graph.input[at].type.tensor_type.shape.dim[axis].dim_value = sizes.pop()
                yield fixed, sets
    # Inputs as constants.
    if len(sets) == 1:
        for at, info in enumerate(model.graph.input):
            if len(model.graph.input) > 1 and sets[0][info.name].size <= 1:
                folded = copy_of(model)
                del folded.graph.input[at]
                folded.graph.initializer.append(numpy_helper.from_array(sets[0][info.name], info.name))
                yield folded, [{name: value for name, value in sets[0].items() if name != info.name}]
    yield from with_less_values(model, sets)


def with_less_values(model, sets):
    for number, inputs in enumerate(sets):
        for name, value in inputs.items():
            yield from ((model, [*sets[:number], {**inputs, name: simple}, *sets[number + 1:]]) for simple in simpler(value))
    for i, tensor in enumerate(model.graph.initializer):
        for simple in simpler(numpy_helper.to_array(tensor)):
            changed = copy_of(model)
            changed.graph.initializer[i].CopyFrom(numpy_helper.from_array(simple, tensor.name))
            yield changed, sets


def simpler(value):
    """All ones, half of it ones, single elements ones."""
    ones = np.ones_like(value)
    flat = value.reshape(-1)
    if (flat == ones.reshape(-1)).all():
        return
    yield ones
    changed = np.flatnonzero(flat != ones.reshape(-1))
    if len(changed) > 1:
        for part in np.array_split(changed, min(8, len(changed))):
            simple = flat.copy()
            simple[part] = 1
            yield simple.reshape(value.shape)


def size_of(model, sets):
    """What gets smaller: nodes, outputs, inputs, sets, symbols, then values that are not one."""
    graph = model.graph
    symbols = sum(bool(dim.dim_param) for info in graph.input for dim in info.type.tensor_type.shape.dim)
    values = sum(np.count_nonzero(value != 1) for inputs in sets for value in inputs.values())
    values += sum(np.count_nonzero(numpy_helper.to_array(tensor) != 1) for tensor in graph.initializer)
    return len(graph.node), len(graph.output), len(graph.input), len(sets), symbols, values


def smaller(model, sets, shows_defect, most_tries=200):
    """`shows_defect(model, sets)` is asked for each candidate."""
    tries = 0
    model, sets = without_dead(model, sets)
    progress = True
    while progress:
        progress = False
        for candidate in candidates(model, sets):
            try:
                other, other_sets = without_dead(*candidate)
                if size_of(other, other_sets) >= size_of(model, sets):
                    continue
                tries += 1
                if tries > most_tries:
                    return model, sets
                if shows_defect(other, other_sets):
                    model, sets, progress = other, other_sets, True
                    break
            except Exception:  # not a valid model
                continue
    return model, sets
