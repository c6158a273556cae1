"""Reductions, normalizations and pooling."""

from elementwise_motifs import is_float, is_number
from model_builder import Rejected
from movement_motifs import any_axis
from onnx import TensorProto as T

REDUCE = "ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare".split()


def reduce(b):
    op = b.one_of(REDUCE)
    x = b.pick(is_number if op in ("ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceMean") else is_float)
    axes = [a if b.chance(0.7) else a - x.rank for a in range(x.rank) if b.chance(0.5)]
    attributes = {"keepdims": b.between(0, 1)} if b.chance(0.7) else {}
    if b.opset < 18 and not (op == "ReduceSum" and b.opset >= 13):
        b.add(op, [x], **attributes, **({"axes": axes} if axes else {}))
        return
    if b.chance(0.2):
        attributes["noop_with_empty_axes"] = 1
    b.add(op, [x, b.integers(*axes)] if axes or b.chance(0.2) else [x], **attributes)


def arg(b):
    x = b.pick(lambda v: is_number(v) and v.rank >= 1)
    _, written = any_axis(b, x)
    b.add(b.one_of(["ArgMax", "ArgMin"]), [x], axis=written, keepdims=b.between(0, 1), select_last_index=b.between(0, 1))


def softmax(b):
    x = b.pick(lambda v: is_float(v) and v.rank >= 1)
    b.add(b.one_of(["Softmax", "Softmax", "LogSoftmax"]), [x], axis=any_axis(b, x)[1])


def features(b, least_rank=2):
    """A value with a static last dim."""
    return b.pick(lambda v: is_float(v) and v.rank >= least_rank and v.is_static(v.rank - 1) and v.shape()[-1] > 0)


def layer_norm(b):
    x = features(b)
    if b.opset < 17:
        raise Rejected("opset")
    shape = [x.shape()[-1]]
    bias = [b.random_constant(shape, x.elem_type, False)] if b.chance(0.6) else []
    b.add("LayerNormalization", [x, b.random_constant(shape, x.elem_type, False), *bias], **({"epsilon": 1e-3} if b.chance(0.5) else {}))


def rms_norm(b):
    x = features(b)
    if b.opset < 23:
        raise Rejected("opset")
    b.add("RMSNormalization", [x, b.random_constant([x.shape()[-1]], x.elem_type, False)])


def spelled_norm(b):
    """A norm as exporters write it, at times with a factor that makes it another function."""
    x = features(b)
    axes = [b.integers(-1)] if b.opset >= 18 else []
    attributes = {} if b.opset >= 18 else {"axes": [-1]}
    centered = x
    if b.chance(0.5):
        centered = b.add("Sub", [x, b.add("ReduceMean", [x, *axes], keepdims=1, **attributes)])
    square = b.add("Mul", [centered, centered]) if b.chance(0.5) else b.add("Pow", [centered, b.scalar(2, x.elem_type)])
    if b.chance(0.2):
        square = b.add("Mul", [square, b.scalar(b.one_of([1.0015, 0.9, 2]), x.elem_type)])
    mean = b.add("ReduceMean", [square, *axes], keepdims=1, **attributes)
    root = b.add("Sqrt", [b.add("Add", [mean, b.scalar(b.one_of([1e-5, 1e-6, 0.1]), x.elem_type)])])
    y = b.add("Div", [centered, root]) if b.chance(0.6) else b.add("Mul", [centered, b.add("Reciprocal", [root])])
    if b.chance(0.6):
        y = b.add("Mul", [y, b.random_constant([x.shape()[-1]], x.elem_type, False)])


def channels(b):
    return b.pick(lambda v: is_float(v) and 3 <= v.rank <= 5 and v.is_static(1) and v.shape()[1] > 0 and all(s.size for s in v.sets))


def batch_norm(b):
    x = b.pick(lambda v: is_float(v) and v.rank >= 2 and v.is_static(1) and v.shape()[1] > 0)
    shape = [x.shape()[1]]
    scale, bias, mean = (b.random_constant(shape, x.elem_type, False) for _ in range(3))
    variance = b.constant(abs(scale.sets[0]) + 0.1, x.elem_type)
    b.add("BatchNormalization", [x, scale, bias, mean, variance])


def instance_norm(b):
    x = channels(b)
    b.add("InstanceNormalization", [x, *[b.random_constant([x.shape()[1]], x.elem_type, False) for _ in range(2)]])


def lp_norm(b):
    x = b.pick(lambda v: is_float(v) and v.rank >= 1)
    b.add("LpNormalization", [x], axis=any_axis(b, x)[1], p=b.between(1, 2))


def lrn(b):
    x = b.pick(lambda v: is_float(v) and v.rank == 4)
    b.add("LRN", [x], size=b.one_of([1, 3, 5]), alpha=0.1, beta=0.75, bias=1.5)


def pool(b):
    x = channels(b)
    kernel = [b.between(1, 3) for _ in range(x.rank - 2)]
    attributes = {"kernel_shape": kernel}
    if b.chance(0.6):
        attributes["strides"] = [b.between(1, 2) for _ in kernel]
    if b.chance(0.4):
        attributes["pads"] = [b.between(0, k - 1) for k in kernel] + [b.between(0, k - 1) for k in kernel]
    elif b.chance(0.3):
        attributes["auto_pad"] = b.one_of(["SAME_UPPER", "SAME_LOWER", "VALID"])
    if "auto_pad" not in attributes and b.chance(0.3):
        ends = attributes.get("pads", [0] * 2 * len(kernel))[len(kernel):]
        if any(stride > size - end for stride, size, end in zip(attributes.get("strides", [1] * len(kernel)), kernel, ends, strict=True)):
            raise Rejected("a window may begin in the padding at the end, which shape inference counts and the operator does not")
        attributes["ceil_mode"] = 1
    if b.chance(0.5):
        b.add("MaxPool", [x], **attributes)
    else:
        b.add("AveragePool", [x], **attributes, **({"count_include_pad": 1} if b.chance(0.5) else {}))


def global_pool(b):
    b.add(b.one_of(["GlobalAveragePool", "GlobalMaxPool"]), [channels(b)])


MOTIFS = [reduce] * 4 + [arg, softmax, softmax, layer_norm, layer_norm, rms_norm, spelled_norm, batch_norm, instance_norm, lp_norm, lrn, pool,
                         pool, global_pool]
