"""Rewrites, fusion and folding keep values, special ones included: NaN, infinities, -0, overflow, integers that wrap.

Every case is a few nodes; all cases together are one model. It is run twice: compiled for inputs that come at run time,
and with the inputs as constants, which the reference evaluation folds while compiling. What is expected
is written out or comes from numpy, else from ONNX Runtime without its optimizations."""

import pathlib
import tempfile
import unittest

import jobs
import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper, numpy_helper

INF, NAN = np.inf, np.nan
node = helper.make_node


def f32(*values):
    return np.array(values, np.float32)


def f16(*values):
    return np.array(values, np.float16)


def f64(*values):
    return np.array(values, np.float64)


def bf16(*values):
    return np.array(values, np.float32).astype(ml_dtypes.bfloat16)


def i64(*values):
    return np.array(values, np.int64)


class Case:
    """`expected`: the last node's first result; None: ONNX Runtime's. `within`: the relative difference that is allowed; what is
    given is expected exactly, ONNX Runtime's sums up to the last bits. Sums of products are taken in any order: their errors go by
    the largest of them."""

    def __init__(self, name, nodes, inputs, expected=None, constants=None, within=None, folds=True):
        self.name, self.nodes, self.inputs, self.expected = name, nodes, inputs, expected
        self.constants = constants or {}
        self.within = within if within is not None else 4e-7 if expected is None else 0
        self.folds = folds
        self.sums = any(n.op_type in ("MatMul", "Attention") for n in nodes)


def squared_mean_norm(factor):
    """x / sqrt(mean(x * x * factor) + 1e-5)."""
    return [node("Mul", ["x", "x"], ["a"]), node("Mul", ["a", "k"], ["b"]), node("ReduceMean", ["b", "axis"], ["m"]),
            node("Add", ["m", "epsilon"], ["s"]), node("Sqrt", ["s"], ["r"]), node("Div", ["x", "r"], ["y"])], \
        {"k": np.float32(factor), "epsilon": np.float32(1e-5), "axis": i64(-1)}


def gelu(half):
    """x * (1 + erf(x / sqrt(2))) * half."""
    return [node("Mul", ["x", "root"], ["a"]), node("Erf", ["a"], ["b"]), node("Add", ["b", "one"], ["c"]),
            node("Mul", ["x", "c"], ["d"]), node("Mul", ["d", "half"], ["y"])], \
        {"root": np.float32(np.sqrt(0.5)), "one": np.float32(1), "half": np.float32(half)}


def attention_cases():
    """Masks that replace scores, and what they hide."""
    rng = np.random.default_rng(5)

    def inputs(batch=2, heads=3, dtype=np.float32):
        return {name: rng.normal(size=(batch, heads, *dims)).astype(dtype) for name, dims in (("q", (2, 4)), ("k", (4, 6)), ("v", (6, 5)))}

    def attention(*masking):
        """masking: nodes from the scores "s" to "t"."""
        return [node("MatMul", ["q", "k"], ["s"]), *masking, node("Softmax", ["t"], ["p"], axis=-1), node("MatMul", ["p", "v"], ["y"])]

    row = np.ones((2, 6), bool)
    row[1] = False
    column = np.array([True, True, False, True, True, True])
    low = np.float32(-10000)
    where = node("Where", ["row", "s", "low"], ["t"])
    yield Case("mask_that_replaces", attention(where), {**inputs(), "row": row}, None, {"low": low})
    yield Case("mask_that_is_true_where_it_replaces", attention(node("Where", ["row", "low", "s"], ["t"])), {**inputs(), "row": row}, None, {"low": low})
    two = (node("Where", ["column", "s", "low"], ["u"]), node("Where", ["row", "u", "low"], ["t"]))
    yield Case("masks_that_replace_one_another", attention(*two), {**inputs(), "row": row, "column": column}, None, {"low": np.float32(-3.4028235e38)})
    other = (node("Where", ["column", "s", "low"], ["u"]), node("Where", ["row", "u", "zero"], ["t"]))
    yield Case("masks_that_put_different_numbers", attention(*other), {**inputs(), "row": row, "column": column}, None, {"low": low, "zero": np.float32(0)})
    mixed = (node("Add", ["s", "m"], ["u"]), node("Where", ["row", "u", "low"], ["w"]), node("Add", ["w", "m"], ["t"]))
    yield Case("masks_that_replace_and_add", attention(*mixed), {**inputs(), "row": row, "m": rng.normal(size=(1, 1, 2, 6)).astype(np.float32)}, None, {"low": low})
    hidden = inputs()
    hidden["k"][..., 2] = INF
    yield Case("infinity_in_a_masked_key", attention(node("Where", ["column", "s", "low"], ["t"])), {**hidden, "column": column}, None, {"low": np.float32(-INF)})
    yield Case("attention_of_one_batch", attention(node("Mul", ["s", "half"], ["t"])), inputs(1), None, {"half": np.float32(0.5)})
    yield Case("attention_of_one_head", attention(node("Mul", ["s", "half"], ["t"])), inputs(2, 1), None, {"half": np.float32(0.5)})
    # Scores of f16 and bf16 are not rounded: two scores near 2048 differ by less than f16 tells apart.
    for name, dtype in (("f16", np.float16), ("bf16", ml_dtypes.bfloat16)):
        x = {**{n: v * 8 for n, v in inputs(1, 2).items()}, "v": rng.normal(size=(1, 2, 6, 5))}
        x = {n: v.astype(dtype) for n, v in x.items()}
        q, k, v = (x[n].astype(np.float64) for n in "qkv")
        scores = np.exp(q @ k - (q @ k).max(-1, keepdims=True))
        yield Case(f"attention_{name}", attention(node("Identity", ["s"], ["t"])), x, (scores / scores.sum(-1, keepdims=True) @ v).astype(dtype), within=2e-3 if dtype == np.float16 else 1e-2,
                   folds=False)  # constants are folded op by op, each rounded to the narrow type


def causal_attention_cases():
    """Query i sees keys up to the past's length + i; what lies behind a mask's end is not seen."""
    rng = np.random.default_rng(11)

    def expected(x, past, mask=None):
        keys, values = (np.concatenate([x[p], x[n]], 2) if past else x[n] for p, n in (("pk", "k"), ("pv", "v")))
        scores = x["q"].astype(np.float64) @ np.swapaxes(keys, 2, 3) / 2
        queries, count = scores.shape[2:]
        seen = np.arange(count) <= np.arange(queries)[:, None] + past if mask is None else mask
        weights = np.where(seen, np.exp(scores), 0)
        return (weights / weights.sum(-1, keepdims=True) @ values).astype(np.float32)

    for past, queries, present in ((4, 2, 3), (4, 3, 2), (3, 2, 2), (0, 2, 5)):
        x = {"q": rng.normal(size=(1, 2, queries, 4)), "k": rng.normal(size=(1, 2, present, 4)), "v": rng.normal(size=(1, 2, present, 4))}
        if past:
            x |= {"pk": rng.normal(size=(1, 2, past, 4)), "pv": rng.normal(size=(1, 2, past, 4))}
        x = {name: value.astype(np.float32) for name, value in x.items()}
        attention = node("Attention", ["q", "k", "v", *(["", "pk", "pv"] if past else [])], ["y", "present_key", "present_value"][:3 if past else 1], is_causal=1)
        yield Case(f"causal_attention_{past}_{queries}_{present}", [attention], x, expected(x, past), within=1e-6)
    x = {name: rng.normal(size=(1, 2, size, 4)).astype(np.float32) for name, size in (("q", 2), ("k", 5), ("v", 5))}
    for name, value in (("bool", np.array([[True, True, False], [True, False, True]])), ("f32", np.array([[0, 0, -INF], [0, -INF, 0]], np.float32))):
        seen = np.array([[1, 1, 0, 0, 0], [1, 0, 1, 0, 0]], bool)
        yield Case(f"attention_with_a_mask_of_one_key_of_{name}", [node("Attention", ["q", "k", "v", "m"], ["y"])], {**x, "m": value[:, :1]},
                   expected(x, 0, np.arange(5) < np.ones((2, 1))), within=1e-6)
        yield Case(f"attention_with_a_short_mask_of_{name}", [node("Attention", ["q", "k", "v", "m"], ["y"])], {**x, "m": value}, expected(x, 0, seen), within=1e-6)


def cases():
    # Casts round, also between ops of one kernel.
    to = {np.float16: T.FLOAT16, np.float32: T.FLOAT, ml_dtypes.bfloat16: T.BFLOAT16}
    x = f32(1.0001, 1e6, 300.7, -0.0, NAN, 1e-8)
    for name, narrow in (("f16", np.float16), ("bf16", ml_dtypes.bfloat16)):
        with np.errstate(over="ignore"):
            expected = x.astype(narrow).astype(np.float32)
        there = [node("Cast", ["x"], ["h"], to=to[narrow]), node("Cast", ["h"], ["y"], to=T.FLOAT)]
        yield Case(f"cast_to_{name}_and_back", there, {"x": x}, expected)
    yield Case("is_infinite_in_f16", [node("Cast", ["x"], ["h"], to=T.FLOAT16), node("IsInf", ["h"], ["y"])], {"x": f32(1e6, 1)},
               np.array([True, False]))
    yield Case("equal_in_f16", [node("Cast", ["x"], ["h"], to=T.FLOAT16), node("Equal", ["h", "one"], ["y"])], {"x": f32(1.0001, 2)},
               np.array([True, False]), {"one": np.float16(1)})
    # 1 + 2^-11 + 2^-30 rounds up to f16; rounded to f32 first it would be a tie, which goes down.
    yield Case("f64_rounds_once_to_f16", [node("Cast", ["x"], ["y"], to=T.FLOAT16)], {"x": f64(1 + 2**-11 + 2**-30, -1 - 2**-11 - 2**-30, 65519.99999999, NAN, 1e300)},
               f16(1 + 2**-10, -1 - 2**-10, 65504, NAN, INF))
    # Every op's result is rounded to its type.
    yield Case("sums_round_in_f16", [node("Add", ["x", "big"], ["s"]), node("Sub", ["s", "big"], ["y"])], {"x": f16(0.3, 1.7, 2049)},
               f16(0, 2, 2048), {"big": np.float16(2048)})
    yield Case("products_overflow_in_f16", [node("Mul", ["x", "x"], ["s"]), node("Div", ["s", "x"], ["y"])], {"x": f16(300, 2)}, f16(INF, 2))

    yield Case("sum_of_three_f16", [node("Sum", ["x", "a", "b"], ["y"])], {"x": f16(1), "a": f16(2048), "b": f16(-2048)}, f16(1))
    yield Case("mean_of_large_f16", [node("Mean", ["x", "a"], ["y"])], {"x": f16(60000), "a": f16(60064)}, f16(60032))

    # Parts of an odd number of elements of less than a byte are stacked.
    info, three = helper.make_tensor_value_info, f32(1, -2, 3)
    for name, element, expected in (("i4", T.INT4, three), ("u2", T.UINT2, f32(1, 2, 3)), ("f4", T.FLOAT4E2M1, f32(1.5, -6, 0.5))):
        body = helper.make_graph(
            [node("Identity", ["c"], ["d"]), node("Identity", ["p"], ["q"]), node("Identity", ["p"], ["part"])], "body",
            [info("i", T.INT64, []), info("c", T.BOOL, []), info("p", element, [3])], [info("d", T.BOOL, []), info("q", element, [3]), info("part", element, [3])])
        loop = [node("Cast", ["x"], ["n"], to=element), node("Loop", ["trips", "", "n"], ["last", "parts"], body=body), node("Cast", ["parts"], ["y"], to=T.FLOAT)]
        yield Case(f"stacked_parts_of_{name}", loop, {"x": expected}, np.stack([expected] * 3), {"trips": np.array(3)})
        body = helper.make_graph([node("Identity", ["p"], ["part"])], "body", [info("p", element, [3])], [info("part", element, [3])])
        scan = [node("Cast", ["x"], ["n"], to=element), node("Scan", ["n"], ["parts"], body=body, num_scan_inputs=1), node("Cast", ["parts"], ["y"], to=T.FLOAT)]
        yield Case(f"scanned_parts_of_{name}", scan, {"x": np.stack([expected, expected[::-1]])}, np.stack([expected, expected[::-1]]))

    # Integers are shrunk by fractions.
    shrink = [node("Shrink", ["x"], ["y"], lambd=1.5, bias=1.5)]
    yield Case("shrink_of_i32", shrink, {"x": np.array([0, 1, 2, 5, -1, -2, -5], np.int32)}, np.array([0, 0, 0, 3, 0, 0, -3], np.int32))
    yield Case("shrink_of_u8", shrink, {"x": np.array([0, 1, 2, 5, 255], np.uint8)}, np.array([0, 0, 0, 3, 253], np.uint8))
    # Exponents are not cut to the base's type.
    power = [node("Pow", ["x", "e"], ["y"])]
    yield Case("power_of_f32_with_a_large_odd_exponent", power, {"x": f32(-1, -1, 2), "e": i64(16777217, 16777215, -3)}, f32(-1, -1, 0.125))
    yield Case("power_of_f16_with_a_large_odd_exponent", power, {"x": f16(-1, -1, 2), "e": i64(2049, 2047, -3)}, f16(-1, -1, 0.125))
    yield Case("power_of_i32_with_an_exponent_of_i64", power, {"x": np.array([0, 3, -1, 2], np.int32), "e": i64(2**32, 3, 2**32 + 1, -1)}, np.array([0, 27, -1, 0], np.int32))
    yield Case("power_of_u64_with_an_exponent_of_i64", power, {"x": np.array([1, 2**64 - 1, 3], np.uint64), "e": i64(-1, -1, 4)}, np.array([1, 0, 81], np.uint64))

    # Factors are not merged where the product would not be what two products are.
    twice = [node("Mul", ["x", "k"], ["a"]), node("Mul", ["a", "l"], ["y"])]
    yield Case("factors_that_overflow", twice, {"x": f32(0, 1e-30)}, f32(0, np.float32(1e-30) * np.float32(1e20) * np.float32(1e20)),
               {"k": np.float32(1e20), "l": np.float32(1e20)})
    yield Case("factors_that_overflow_f16", twice, {"x": f16(0.5)}, f16(45000), {"k": np.float16(300), "l": np.float16(300)})
    yield Case("factors_that_underflow_f16", twice, {"x": f16(60000)}, (f16(60000) * np.float16(1e-4)) * np.float16(1e-4), {"k": np.float16(1e-4), "l": np.float16(1e-4)})
    yield Case("factors_that_cancel", twice, {"x": f32(1e30, -0.0)}, f32(INF, -0.0), {"k": np.float32(1e20), "l": np.float32(1e-20)})
    yield Case("factors_that_round", twice, {"x": f32(1 / 3, 0.1, 7e5)}, f32(1 / 3, 0.1, 7e5) * np.float32(0.1) * np.float32(1 / 3),
               {"k": np.float32(0.1), "l": np.float32(1 / 3)})

    # Powers at special values.
    special = f32(-INF, -0.0, 0, INF, NAN, 4, -4)
    powers = {0.5: (INF, 0, 0, INF, NAN, 2, NAN), -0.5: (0, INF, INF, 0, NAN, 0.5, NAN), 1: special, 2: (INF, 0, 0, INF, NAN, 16, 16),
              3: (-INF, -0.0, 0, INF, NAN, 64, -64), -1: (-0.0, -INF, INF, 0, NAN, 0.25, -0.25), -2: (0, INF, INF, 0, NAN, 1 / 16, 1 / 16), 0: [1] * 7}
    for exponent, expected in powers.items():
        yield Case(f"power_{exponent}", [node("Pow", ["x", "k"], ["y"])], {"x": special}, f32(*expected), {"k": np.float32(exponent)})
    yield Case("minus_zero_plus_zero", [node("Add", ["x", "zero"], ["s"]), node("Reciprocal", ["s"], ["y"])], {"x": f32(-0.0, 0)}, f32(INF, INF), {"zero": f32(0)})
    yield Case("minus_zero_minus_zero", [node("Sub", ["x", "zero"], ["s"]), node("Reciprocal", ["s"], ["y"])], {"x": f32(-0.0, 0)}, f32(-INF, INF), {"zero": f32(0)})
    yield Case("minus_zero_minus_minus_zero", [node("Sub", ["x", "zero"], ["s"]), node("Reciprocal", ["s"], ["y"])], {"x": f32(-0.0, 0)}, f32(INF, INF), {"zero": f32(-0.0)})

    # What nearly has the form of a composite is none.
    x = np.arange(1, 5, dtype=np.float32).reshape(1, 4)
    nodes, constants = squared_mean_norm(1.0015)
    yield Case("almost_a_norm", nodes, {"x": x}, constants=constants)
    nodes, constants = gelu(0.5009)
    yield Case("almost_a_gelu", nodes, {"x": x}, constants=constants)
    exponentials = [node("Exp", ["x"], ["e"]), node("ReduceSum", ["e", "axis"], ["s"]), node("Div", ["e", "s"], ["y"])]
    yield Case("softmax_without_maximum", exponentials, {"x": f32(1000, 1000, -1000, -1000).reshape(2, 2)},
               np.full((2, 2), NAN, np.float32), {"axis": i64(-1)})
    yield Case("logarithm_of_softmax", [node("Softmax", ["x"], ["s"]), node("Log", ["s"], ["y"])], {"x": f32(0, -1000).reshape(1, 2)}, f32(0, -INF).reshape(1, 2))

    # Contraction to fma would leave the rounding error of the square.
    rows = f32(0.1, 0.2, 0.3, 0.7, 1.1)
    yield Case("variance_of_constants", [node("Mul", ["x", "x"], ["a"]), node("Mul", ["x", "z"], ["b"]), node("Sub", ["a", "b"], ["s"]), node("Sqrt", ["s"], ["y"])],
               {"x": rows, "z": rows}, np.zeros(5, np.float32))

    # Means of integers.
    yield Case("mean_of_unsigned", [node("ReduceMean", ["x", "axis"], ["y"])], {"x": np.array([[3000000000, 1000000002]], np.uint32)}, np.array([[2000000001]], np.uint32), {"axis": i64(1)})
    yield Case("mean_that_would_wrap", [node("ReduceMean", ["x", "axis"], ["y"])], {"x": np.array([[2**31 - 1, 2**31 - 3], [-7, 2]], np.int32)}, np.array([[2**31 - 2], [-2]], np.int32), {"axis": i64(1)})

    # Integers are not computed through floating point.
    yield Case("integer_power", [node("Pow", ["x", "k"], ["y"])], {"x": i64(3, -3, 0, 1, 2, -1)}, i64(3**39, -(3**39), 0, 1, 2**39, -1), {"k": i64(39)})
    large, one = np.array([2**63, 2**64 - 1, 5], np.uint64), np.array([1, 2**63, 7], np.uint64)
    for op, expected in (("Greater", large > one), ("Less", large < one), ("Max", np.maximum(large, one)), ("Min", np.minimum(large, one)), ("Mod", large % one), ("Div", large // one)):
        yield Case(f"u64_{op}", [node(op, ["x", "z"], ["y"])], {"x": large, "z": one}, expected)
    yield Case("u64_maximum", [node("ReduceMax", ["x", "axis"], ["y"])], {"x": large}, large[1:2], {"axis": i64(0)})
    yield Case("u64_to_f64", [node("Cast", ["x"], ["y"], to=T.DOUBLE)], {"x": large}, large.astype(np.float64))
    yield Case("i64_arg_max", [node("ArgMax", ["x"], ["y"], axis=0, keepdims=0)], {"x": i64(2**53, 2**53 + 1)}, np.int64(1))
    yield Case("max_pool_of_bytes", [node("MaxPool", ["x"], ["y"], kernel_shape=[2], strides=[2])], {"x": np.array([[[1, 200, 3, 4]]], np.uint8)}, np.array([[[200, 4]]], np.uint8))

    # Special values where a comparison decides.
    yield Case("arg_max_of_nan", [node("ArgMax", ["x"], ["y"], axis=0, keepdims=0)], {"x": f32(1, 2, NAN, 0)}, np.int64(2))
    yield Case("arg_min_of_nan", [node("ArgMin", ["x"], ["y"], axis=0, keepdims=0)], {"x": f32(NAN, 2, NAN, 0)}, np.int64(0))

    # Attributes have the values that the operator states, in every type.
    yield Case("leaky_relu_f64", [node("LeakyRelu", ["x"], ["y"])], {"x": f64(-1, -3)}, f64(-1, -3) * np.float64(np.float32(0.01)))
    yield Case("hard_sigmoid_f64", [node("HardSigmoid", ["x"], ["y"])], {"x": f64(1, 0.25)}, f64(1, 0.25) * np.float64(np.float32(0.2)) + 0.5)

    zeros = [node("DynamicQuantizeLinear", ["x"], ["q", "s", "p"]), node("Cast", ["q"], ["r"], to=T.FLOAT), node("Add", ["r", "s"], ["y"])]
    yield Case("dynamic_quantization_of_zeros", zeros, {"x": f32(0, 0)}, f32(1, 1))

    yield from attention_cases()
    yield from causal_attention_cases()

    # Statistics in f32.
    x = f16(1000, 1000, 1000.5).reshape(1, 1, 1, 3)
    wide = x.astype(np.float64)
    yield Case("sum_of_squares_f16", [node("ReduceL2", ["x", "axis"], ["y"], keepdims=0)], {"x": f16(300, 400)}, np.float16(500), {"axis": i64(0)})
    yield Case("lp_norm_f16", [node("LpNormalization", ["x"], ["y"], axis=0)], {"x": f16(300, 400)}, f16(0.6, 0.8))
    normal = ((wide - wide.mean()) / np.sqrt(wide.var() + 1e-5)).astype(np.float16)
    yield Case("instance_norm_f16", [node("InstanceNormalization", ["x", "s", "b"], ["y"])], {"x": x}, normal, {"s": f16(1), "b": f16(0)})


def merged(chosen, folded):
    """One model of all cases, and its inputs and the cases by output."""
    nodes, inputs, initializers, feeds, outputs = [], [], [], {}, {}
    for case in chosen:
        names = {name: name and f"{case.name}.{name}" for n in case.nodes for name in [*n.input, *n.output]}
        for n in case.nodes:
            copy = onnx.NodeProto()
            copy.CopyFrom(n)
            copy.input[:] = [names[name] for name in n.input]
            copy.output[:] = [names[name] for name in n.output]
            nodes.append(copy)
        for name, value in {**case.constants, **(case.inputs if folded else {})}.items():
            initializers.append(numpy_helper.from_array(np.asarray(value), names[name]))
        for name, value in () if folded else case.inputs.items():
            inputs.append(helper.make_tensor_value_info(names[name], helper.np_dtype_to_tensor_dtype(value.dtype), value.shape))
            feeds[names[name]] = value
        outputs[nodes[-1].output[0]] = case
    if folded:
        inputs.append(helper.make_tensor_value_info("unused", T.FLOAT, [1]))
        feeds["unused"] = f32(0)
        nodes.append(node("Identity", ["unused"], ["unused.y"]))
    infos = [onnx.ValueInfoProto(name=name) for name in [*outputs, *(["unused.y"] if folded else [])]]
    model = helper.make_model(helper.make_graph(nodes, "values", inputs, infos, initializers),
                              opset_imports=[helper.make_opsetid("", 25)], ir_version=12)
    return onnx.shape_inference.infer_shapes(model, strict_mode=True), feeds, outputs


def wide(array):
    return array.astype(np.float64) if array.dtype in (ml_dtypes.bfloat16, np.float16) else array


class Values(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cases = list(cases())
        without = [case for case in cls.cases if case.expected is None]
        model, feeds, outputs = merged(without, False)
        with tempfile.TemporaryDirectory(dir=jobs.SCRATCH) as name:
            path = pathlib.Path(name) / "model.onnx"
            onnx.save(model, path)
            computed = jobs.reference(path, feeds)
        cls.expected = {case.name: case.expected for case in cls.cases}
        cls.expected.update({case.name: computed[name] for name, case in outputs.items()})

    def check(self, folded):
        model, feeds, outputs = merged([case for case in self.cases if case.folds or not folded], folded)
        with tempfile.TemporaryDirectory(dir=jobs.SCRATCH) as name:
            folder = pathlib.Path(name)
            onnx.save(model, folder / "model.onnx")
            (folder / "in").mkdir()
            for i, value in enumerate(model.graph.input):
                jobs.write_tensor(folder / f"in/input_{i}.pb", value.name, feeds[value.name])
            result = jobs.mlc_run(folder / "model.onnx", "--inputs", folder / "in", "--outputs", folder / "out", "--outputs-format", "pb")
            self.assertEqual(result.code, jobs.DONE, result.out + result.err)
            for i, info in enumerate(model.graph.output):
                if info.name not in outputs:
                    continue
                case = outputs[info.name]
                with self.subTest(case.name, folded=folded):
                    self.same(jobs.read_tensor(folder / f"out/output_{i}.pb"), self.expected[case.name], case.within, case.sums)

    def same(self, actual, expected, within, sums):
        expected = np.asarray(expected)
        self.assertEqual((actual.dtype, actual.shape), (expected.dtype, expected.shape))
        actual, expected = wide(actual), wide(expected)
        if within == 0:
            np.testing.assert_array_equal(actual, expected)
            if actual.dtype.kind == "f":
                np.testing.assert_array_equal(np.signbit(actual), np.signbit(np.where(np.isnan(expected), actual, expected)))
        else:
            largest = np.abs(expected[np.isfinite(expected)]).max(initial=0) if sums else 0
            np.testing.assert_allclose(actual, expected, rtol=within, atol=within * largest)

    def test_computed(self):
        self.check(False)

    def test_folded(self):
        self.check(True)


if __name__ == "__main__":
    unittest.main()
