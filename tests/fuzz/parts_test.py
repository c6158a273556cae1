"""What the fuzzer is made of can tell right from wrong."""

import os
import pathlib
import re
import unittest
import warnings

import numpy as np
from comparison import difference
from onnx import TensorProto as T
from onnx import helper, numpy_helper
from oracle import Oracle
from random_model import random_model
from smaller_model import smaller


def model_of(nodes, inputs, output, initializers=()):
    infos = [helper.make_tensor_value_info(name, kind, dims) for name, kind, dims in inputs]
    graph = helper.make_graph(nodes, "g", infos, [helper.make_empty_tensor_value_info(output)],
                              [numpy_helper.from_array(value, name) for name, value in initializers])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])


class Comparison(unittest.TestCase):
    def difference(self, actual, model, inputs, elem_type=T.FLOAT):
        samples = [run[0] for run in Oracle(model).samples(inputs, 10, 1)]
        return (difference(np.asarray(actual), samples, elem_type) or ("", 0))[0]

    def test_allows_the_rounding_of_a_product_but_no_more(self):
        model = model_of([helper.make_node("Mul", ["x", "c"], ["y"])], [("x", T.FLOAT, [3])], "y", [("c", np.float32(3.3))])
        x = np.array([1.1, -2.7, 1e30], np.float32).astype(np.float64)
        right = (x * float(np.float32(3.3))).astype(np.float32)
        self.assertEqual(self.difference(right, model, {"x": x}), "")
        self.assertIn("element [1]", self.difference(right * np.array([1, 1 + 1e-5, 1], np.float32), model, {"x": x}))

    def test_allows_what_cancellation_leaves(self):
        model = model_of([helper.make_node("Mul", ["x", "c"], ["a"]), helper.make_node("Sub", ["a", "b"], ["y"])],
                         [("x", T.FLOAT, [1]), ("b", T.FLOAT, [1])], "y", [("c", np.float32(1 / 3))])
        inputs = {"x": np.array([3.0]), "b": np.array([1.0])}
        self.assertEqual(self.difference(np.array([3e-8], np.float32), model, inputs), "")
        self.assertNotEqual(self.difference(np.array([3e-5], np.float32), model, inputs), "")

    def test_a_batch_normalization_cancels_in_single_precision(self):
        def wrong(kind, dtype, actual):
            statistics = [np.full(1, value, dtype) for value in (1.3, -1.3, 0, 1)]
            names = ["scale", "bias", "mean", "variance"]
            model = model_of([helper.make_node("BatchNormalization", ["x", *names], ["y"], epsilon=0.0)], [("x", kind, [1, 1])], "y",
                             list(zip(names, statistics, strict=True)))
            return self.difference(np.full((1, 1), actual, dtype), model, {"x": np.ones((1, 1))}, kind)

        self.assertEqual(wrong(T.FLOAT, np.float32, 1e-7), "")
        self.assertNotEqual(wrong(T.FLOAT, np.float32, 1e-5), "")
        self.assertEqual(wrong(T.FLOAT16, np.float16, 1e-7), "")
        self.assertNotEqual(wrong(T.FLOAT16, np.float16, 1e-5), "")

    def test_allows_the_error_of_a_probability_that_is_nearly_one(self):
        model = model_of([helper.make_node("LogSoftmax", ["x"], ["y"])], [("x", T.DOUBLE, [2])], "y")
        inputs, right = {"x": np.array([0.0, -12.0])}, -np.log1p(np.exp(-12.0))
        self.assertEqual(self.difference(np.array([right + 2e-16, right - 12]), model, inputs, T.DOUBLE), "")
        self.assertNotEqual(self.difference(np.array([right + 2e-14, right - 12]), model, inputs, T.DOUBLE), "")

    def test_allows_a_probability_that_is_one_when_rounded(self):
        nodes = [helper.make_node("Softmax", ["x"], ["a"]), helper.make_node("Equal", ["a", "one"], ["p"]),
                 helper.make_node("Where", ["p", "hundred", "a"], ["y"])]
        weights = [("one", np.float32(1)), ("hundred", np.float32(100))]
        model = model_of(nodes, [("x", T.FLOAT, [2])], "y", weights)
        for probability, apart in ((1 - 2**-24, 17.2), (100, 17.2)):
            actual = np.array([np.exp(-apart), probability], np.float32)
            self.assertEqual(self.difference(actual, model, {"x": np.array([0, apart])}), "")
        self.assertNotEqual(self.difference(np.array([np.exp(-8), 100], np.float32), model, {"x": np.array([0.0, 8.0])}), "")

    def test_allows_what_does_not_overflow_within_a_composite(self):
        nodes = [helper.make_node("Mul", ["x", "x"], ["a"]), helper.make_node("Sqrt", ["a"], ["y"])]
        model = model_of(nodes, [("x", T.FLOAT16, [1])], "y")
        for actual in (1000, np.inf):
            self.assertEqual(self.difference(np.array([actual], np.float16), model, {"x": np.array([1000.0])}, T.FLOAT16), "")
        model.graph.output[0].name = "a"
        self.assertNotEqual(self.difference(np.array([65504], np.float16), model, {"x": np.array([1000.0])}, T.FLOAT16), "")

    def test_allows_sums_that_do_not_overflow_within_a_composite(self):
        nodes = [helper.make_node("MatMul", ["x", "w"], ["a"]), helper.make_node("Greater", ["a", "c"], ["p"]),
                 helper.make_node("Where", ["p", "a", "hidden"], ["m"]), helper.make_node("Softmax", ["m"], ["y"])]
        weights = [("w", np.full((2, 1), 500, np.float16)), ("c", np.float16(1)), ("hidden", np.float16(-np.inf))]
        model = model_of(nodes, [("x", T.FLOAT16, [1, 2])], "y", weights)
        for actual in (1, np.nan):
            self.assertEqual(self.difference(np.array([[actual]], np.float16), model, {"x": np.array([[1000.0, 1000.0]])}, T.FLOAT16), "")
        self.assertNotEqual(self.difference(np.array([[0.9]], np.float16), model, {"x": np.array([[10.0, 10.0]])}, T.FLOAT16), "")

    def test_allows_any_result_where_squares_overflow(self):
        model = model_of([helper.make_node("LayerNormalization", ["x", "s"], ["y"])], [("x", T.FLOAT, [2])], "y", [("s", np.ones(2, np.float32))])
        for actual in (0, 7, np.nan):
            self.assertEqual(self.difference(np.full(2, actual, np.float32), model, {"x": np.array([1e20, 1])}), "")
            self.assertNotEqual(self.difference(np.full(2, actual, np.float32), model, {"x": np.array([1e3, 1])}), "")

    def test_allows_any_result_where_an_order_of_additions_overflows(self):
        model = model_of([helper.make_node("MatMul", ["x", "w"], ["y"])], [("x", T.FLOAT, [1, 3])], "y", [("w", np.ones((3, 1), np.float32))])
        for actual in (1e38, np.inf, np.nan):
            wrong = [self.difference(np.full((1, 1), actual, np.float32), model, {"x": np.array([[x, x, -x]])}) for x in (3e38, 1e37)]
            self.assertEqual(wrong[0], "")
            self.assertNotEqual(wrong[1], "")
        # What is infinite from the start is so in all orders.
        self.assertNotEqual(self.difference(np.zeros((1, 1), np.float32), model, {"x": np.array([[np.inf, 1, 1]])}), "")

    def test_a_sum_of_one_is_exact(self):
        nodes = [helper.make_node("ReduceMean", ["x"], ["m"], axes=[1]), helper.make_node("Sub", ["x", "m"], ["d"]),
                 helper.make_node("DynamicQuantizeLinear", ["d"], ["q", "y", "z"])]
        model = model_of(nodes, [("x", T.FLOAT, [3, 1])], "y")
        model.opset_import[0].version = 17
        self.assertEqual(self.difference(np.float32(1), model, {"x": np.array([[0.5], [0.25], [7]])}), "")

    def test_a_probability_of_nearly_one_may_be_one(self):
        nodes = [helper.make_node("LogSoftmax", ["x"], ["a"]), helper.make_node("Div", ["a", "a"], ["y"])]
        model = model_of(nodes, [("x", T.FLOAT, [2])], "y")
        self.assertEqual(self.difference(np.array([np.nan, 1], np.float32), model, {"x": np.array([0.0, -18.0])}), "")

    def test_sums_of_doubles_overflow_too(self):
        model = model_of([helper.make_node("MatMul", ["x", "w"], ["y"])], [("x", T.DOUBLE, [1, 3])], "y", [("w", np.ones((3, 1)))])
        inputs = {"x": np.array([[1.7e308, 1.7e308, -1.7e308]])}
        for actual in (1.7e308, np.inf, np.nan):
            self.assertEqual(self.difference(np.full((1, 1), actual), model, inputs, T.DOUBLE), "")

    def test_undefined_integers_may_all_be_the_same(self):
        nodes = [helper.make_node("Cast", ["x"], ["a"], to=T.UINT32), helper.make_node("ReduceMax", ["a"], ["y"], keepdims=0)]
        model = model_of(nodes, [("x", T.FLOAT, [30])], "y")
        for actual in (0, 2**32 - 7):
            self.assertEqual(self.difference(np.uint32(actual), model, {"x": np.full(30, -7.0)}, T.UINT32), "")

    def test_scores_may_overflow_before_they_are_scaled(self):
        model = model_of([helper.make_node("Attention", ["x", "x", "x"], ["y"])], [("x", T.FLOAT, [1, 1, 1, 2])], "y")
        model.opset_import[0].version = 23
        self.assertEqual(self.difference(np.full((1, 1, 1, 2), np.nan, np.float32), model, {"x": np.array([[[[1.0, -2.1e19]]]])}), "")
        self.assertNotEqual(self.difference(np.full((1, 1, 1, 2), np.nan, np.float32), model, {"x": np.array([[[[1.0, -2.1e17]]]])}), "")

    def test_gathers_fewer_elements_than_there_are(self):
        model = model_of([helper.make_node("GatherElements", ["x", "i"], ["y"], axis=1)], [("x", T.FLOAT, [2, 2])], "y", [("i", np.array([[1]]))])
        self.assertEqual(self.difference(np.array([[3]], np.float32), model, {"x": np.array([[2.0, 3], [4, 5]])}), "")
        with self.assertRaisesRegex(Exception, "more indices"):
            self.difference(np.array([[3]], np.float32), model, {"x": np.zeros((0, 2))})

    def test_undefined_integers_may_be_unlike(self):
        nodes = [helper.make_node("Cast", ["x"], ["a"], to=T.UINT8), helper.make_node("Cast", ["a"], ["b"], to=T.FLOAT),
                 helper.make_node("Reciprocal", ["b"], ["c"]), helper.make_node("Cast", ["c"], ["y"], to=T.UINT8)]
        model = model_of(nodes, [("x", T.FLOAT, [3])], "y")
        for actual in (0, 1, 255):
            self.assertEqual(self.difference(np.full(3, actual, np.uint8), model, {"x": np.array([-1.0, -2.0, -3.0])}, T.UINT8), "")

    def test_squares_that_overflow_may_leave_nothing_or_infinity(self):
        norm = helper.make_node("LayerNormalization", ["x", "s"], ["a"])
        for test in (helper.make_node("Equal", ["a", "z"], ["y"]), helper.make_node("IsInf", ["a"], ["y"])):
            model = model_of([norm, test], [("x", T.FLOAT, [2])], "y", [("s", np.ones(2, np.float32)), ("z", np.float32(0))])
            for actual in (False, True):
                self.assertEqual(self.difference(np.full(2, actual), model, {"x": np.array([1e20, 1])}, T.BOOL), "")

    def test_what_is_hidden_from_a_query_may_reach_it_only_where_it_is_no_number(self):
        model = model_of([helper.make_node("Attention", ["x", "x", "x"], ["y"], is_causal=1)], [("x", T.FLOAT, [1, 1, 2, 1])], "y")
        model.opset_import[0].version = 23
        for number, says in ((np.nan, ""), (2.0, "element")):
            inputs = {"x": np.array([1, number]).reshape(1, 1, 2, 1)}
            self.assertIn(says, self.difference(np.array([7, number], np.float32).reshape(1, 1, 2, 1), model, inputs))

    def test_a_negative_number_has_a_power_of_an_integer(self):
        model = model_of([helper.make_node("Pow", ["x", "three"], ["y"])], [("x", T.FLOAT, [1])], "y", [("three", np.float32(3))])
        self.assertEqual(self.difference(np.array([-8], np.float32), model, {"x": np.array([-2.0])}), "")
        self.assertNotEqual(self.difference(np.array([np.nan], np.float32), model, {"x": np.array([-2.0])}), "")

    def test_a_threshold_is_a_number_of_f32_or_of_the_type(self):
        model = model_of([helper.make_node("ThresholdedRelu", ["x"], ["y"], alpha=0.3)], [("x", T.FLOAT16, [1])], "y")
        at = float(np.float16(0.3))
        for actual in (0, at):
            self.assertEqual(self.difference(np.array([actual], np.float16), model, {"x": np.array([at])}, T.FLOAT16), "")
            self.assertNotEqual(self.difference(np.array([actual], np.float16), model, {"x": np.array([0.5])}, T.FLOAT16), "")

    def test_tells_types_shapes_and_kinds_of_numbers(self):
        model = model_of([helper.make_node("Sqrt", ["x"], ["y"])], [("x", T.FLOAT, [2])], "y")
        inputs = {"x": np.array([-1.0, np.inf])}
        self.assertEqual(self.difference(np.array([np.nan, np.inf], np.float32), model, inputs), "")
        self.assertNotEqual(self.difference(np.array([0, np.inf], np.float32), model, inputs), "")
        self.assertNotEqual(self.difference(np.array([np.nan, 3e38], np.float32), model, inputs), "")
        self.assertIn("expected float32[2]", self.difference(np.array([np.nan], np.float32), model, inputs))
        self.assertIn("expected float32[2]", self.difference(np.array([np.nan, np.inf]), model, inputs))

    def test_leaves_alone_what_onnx_leaves_undefined(self):
        model = model_of([helper.make_node("Cast", ["x"], ["y"], to=T.INT8)], [("x", T.FLOAT, [2])], "y")
        inputs = {"x": np.array([np.nan, 3.0])}
        self.assertEqual(self.difference(np.array([77, 3], np.int8), model, inputs, T.INT8), "")
        self.assertNotEqual(self.difference(np.array([77, 4], np.int8), model, inputs, T.INT8), "")

    def test_the_sum_of_a_mean_of_integers_may_be_wider(self):
        model = model_of([helper.make_node("ReduceMean", ["x"], ["y"], keepdims=0)], [("x", T.INT8, [3])], "y")
        for actual in (78, -7):
            self.assertEqual(self.difference(np.int8(actual), model, {"x": np.array([107, 127, 0], np.int8)}, T.INT8), "")
        self.assertNotEqual(self.difference(np.int8(78), model, {"x": np.array([7, 27, 0], np.int8)}, T.INT8), "")

    def test_an_undefined_element_may_be_any_that_implementations_give(self):
        nodes = [helper.make_node("Cast", ["x"], ["a"], to=T.UINT8), helper.make_node("Cast", ["a"], ["b"], to=T.INT32),
                 helper.make_node("Min", ["b", "c"], ["y"])]
        model = model_of(nodes, [("x", T.FLOAT, [1])], "y", [("c", np.int32(3))])
        for actual in (0, 3):
            self.assertEqual(self.difference(np.array([actual], np.int32), model, {"x": np.array([-2.5])}, T.INT32), "")


class MendedOps(unittest.TestCase):
    def outputs(self, op, x, elem_type=T.FLOAT, constants=(), **attributes):
        node = helper.make_node(op, ["x", *(name for name, _ in constants)], ["y"], **attributes)
        (samples, *_) = Oracle(model_of([node], [("x", elem_type, list(x.shape))], "y", constants)).samples({"x": x}, 0, 1)
        return samples[0]

    def test_a_convolution_refuses_images_that_no_window_fits_into(self):
        filters = [("w", np.ones((1, 1, 3)))]
        self.assertEqual(self.outputs("Conv", np.ones((1, 1, 3)), T.DOUBLE, filters), 3)
        self.assertEqual(self.outputs("Conv", np.ones((1, 1, 2)), T.DOUBLE, filters, pads=[1, 0]), 2)
        with self.assertRaisesRegex(ValueError, "no window fits"):
            self.outputs("Conv", np.ones((1, 1, 2)), T.DOUBLE, filters)

    def test_a_one_hot_tensor_may_hold_infinity(self):
        constants = [("depth", np.array(3)), ("values", np.array([-np.inf, 1], np.float32))]
        np.testing.assert_array_equal(self.outputs("OneHot", np.array([1]), T.INT64, constants), [[-np.inf, 1, -np.inf]])

    def test_minus_infinity_has_a_power_of_a_half(self):
        half = [("half", np.float32(0.5))]
        np.testing.assert_array_equal(self.outputs("Pow", np.array([-np.inf, np.inf, 4, -4]), constants=half), [np.inf, np.inf, 2, np.nan])

    def test_a_dilated_convolution_leaves_infinity_between_its_weights_alone(self):
        x = np.array([[[1, np.inf, 2, 3]]])
        outputs = self.outputs("Conv", x, T.DOUBLE, [("w", np.ones((1, 1, 2)))], dilations=[2])
        np.testing.assert_array_equal(outputs, [[[3, np.inf]]])

    def test_a_hard_swish_of_one_is_two_thirds(self):
        self.assertEqual(self.outputs("HardSwish", np.ones(()), T.DOUBLE), 2 / 3)

    def test_a_causal_attention_spreads_the_row_of_its_mask(self):
        x = np.array([0.0, 1, 1]).reshape(1, 1, 3, 1)
        inputs = [("x", T.DOUBLE, [1, 1, 3, 1])]
        nodes = [helper.make_node("Attention", ["x", "x", "x", "m"], ["y"], is_causal=1)]
        outputs = []
        for rows in (1, 3):
            model = model_of(nodes, inputs, "y", [("m", np.ones((rows, 3), bool))])
            model.opset_import[0].version = 23
            outputs.append(Oracle(model).samples({"x": x}, 0, 1)[0][0])
        np.testing.assert_array_equal(*outputs)

    def test_a_pooling_pads_by_itself_but_never_less_than_nothing(self):
        def pooled(op, size, kernel, stride, upper):
            x = np.arange(1.0, size + 1).reshape(1, 1, size)
            return list(self.outputs(op, x, kernel_shape=[kernel], strides=[stride], auto_pad="SAME_UPPER" if upper else "SAME_LOWER")[0, 0])

        self.assertEqual(pooled("MaxPool", 5, 2, 2, True), [2, 4, 5])
        self.assertEqual(pooled("MaxPool", 5, 2, 2, False), [1, 3, 5])
        self.assertEqual(pooled("AveragePool", 5, 2, 2, False), [1, 2.5, 4.5])
        for op in ("MaxPool", "AveragePool"):
            self.assertEqual(pooled(op, 4, 1, 2, True), [1, 3])

    def test_blocks_fill_the_dims_of_an_empty_tensor_too(self):
        with self.assertRaisesRegex(ValueError, "multiple"):
            self.outputs("SpaceToDepth", np.ones((0, 1, 5, 4)), blocksize=2)
        self.assertEqual(self.outputs("SpaceToDepth", np.ones((0, 1, 6, 4)), blocksize=2).shape, (0, 4, 3, 2))
        with self.assertRaisesRegex(ValueError, "multiple"):
            self.outputs("DepthToSpace", np.ones((0, 3, 3, 2)), blocksize=2, mode="DCR")
        self.assertEqual(self.outputs("DepthToSpace", np.ones((0, 4, 3, 2)), blocksize=2, mode="DCR").shape, (0, 1, 6, 4))

    def test_a_mean_of_nan_is_nan(self):
        x = np.array([[[np.nan, 1, 2]]])
        np.testing.assert_array_equal(self.outputs("AveragePool", x, kernel_shape=[2], pads=[1, 0]), x * [[[np.nan, np.nan, 0.75]]])
        np.testing.assert_array_equal(self.outputs("AveragePool", np.ones((1, 1, 2)), kernel_shape=[2], pads=[1, 0], count_include_pad=1), [[[0.5, 1]]])
        np.testing.assert_array_equal(self.outputs("AveragePool", np.ones((1, 1, 2)), kernel_shape=[2], pads=[1, 0]), [[[1, 1]]])

    def test_a_response_is_normalized_in_double_precision(self):
        alpha = float(np.float32(0.1))
        outputs = self.outputs("LRN", np.ones((1, 3, 1, 1)), T.DOUBLE, alpha=0.1, beta=0.75, bias=1.5, size=3)
        np.testing.assert_allclose(outputs[0, :, 0, 0], (1.5 + alpha / 3 * np.array([2, 3, 2])) ** -0.75, rtol=1e-15)

    def test_the_logarithm_of_a_softmax_is_that_of_small_probabilities_too(self):
        np.testing.assert_array_equal(self.outputs("LogSoftmax", np.array([1.0, 5000.0])), [-4999, 0])


class Generation(unittest.TestCase):
    # Neither the reference implementation nor ONNX's schemas have them.
    ABSENT = {"SimplifiedLayerNormalization"}
    # Sizes that depend on data, and weights in blocks: tests/e2e has them (computed_sizes_test, block_weights_test).
    COMPUTED_SIZES = {"Compress", "MatMulNBits", "NonMaxSuppression", "NonZero", "Scan", "TopK", "Unique"}
    # Functions of one number: tests/functions goes through all of them, value by value.
    FUNCTIONS = {"Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Cosh", "Sinh"}
    # Values that are no tensors of numbers, and recurrent cells: tests/e2e has them (sequences_test, recurrent_test).
    NO_NUMBERS = {"ConcatFromSequence", "Optional", "OptionalGetElement", "OptionalHasElement", "SequenceAt", "SequenceConstruct", "SequenceEmpty",
                  "SequenceErase", "SequenceInsert", "SequenceLength", "SequenceMap", "SplitToSequence", "StringConcat", "StringNormalizer", "StringSplit"}
    RECURRENT = {"GRU", "LSTM", "RNN"}
    # The motifs lack it: the ONNX suite has its cases (28, all types and directions).
    WITHOUT_MOTIF = {"BitShift"}

    def test_makes_every_operator_that_is_supported(self):
        warnings.simplefilter("ignore")
        np.seterr(all="ignore")
        table = (pathlib.Path(os.environ["MLC_RUNFILES"]) / "docs/supported_ops.md").read_text()
        wanted = set(re.findall(r"^\| (\w+) \| \d", table, re.MULTILINE)) - self.ABSENT - self.COMPUTED_SIZES - self.FUNCTIONS
        wanted -= self.NO_NUMBERS | self.RECURRENT | self.WITHOUT_MOTIF
        for seed in range(1, 2001):
            wanted -= {node.op_type for node in random_model(seed)[0].graph.node}
            if not wanted:
                break
        self.assertEqual(wanted, set())

    def test_depends_on_the_seed_alone(self):
        self.assertEqual(random_model(5)[0].SerializeToString(), random_model(5)[0].SerializeToString())


class SmallerModel(unittest.TestCase):
    def test_leaves_the_node_that_matters(self):
        nodes = [helper.make_node("Abs", ["x"], ["a"]), helper.make_node("Erf", ["a"], ["b"]), helper.make_node("Neg", ["b"], ["c"]),
                 helper.make_node("Add", ["c", "w"], ["y"])]
        model = model_of(nodes, [("x", T.FLOAT, ["n", 2])], "y", [("w", np.float32([1, 2]))])
        sets = [{"x": np.array([[0.5, 7]], np.float32)}, {"x": np.ones((3, 2), np.float32)}]
        model, sets = smaller(model, sets, lambda m, s: any(n.op_type == "Erf" for n in m.graph.node) and any(
            (value == 7).any() for one in s for value in one.values()))
        self.assertEqual([node.op_type for node in model.graph.node], ["Erf"])
        self.assertEqual(len(sets), 1)
        (value,) = sets[0].values()
        np.testing.assert_array_equal(value, np.array([[1, 7]], np.float32))
        self.assertFalse(model.graph.input[0].type.tensor_type.shape.dim[0].dim_param)

    def test_keeps_a_set_that_the_oracle_refuses(self):
        model = model_of([helper.make_node("Add", ["x", "z"], ["y"])], [("x", T.FLOAT, ["n"]), ("z", T.FLOAT, ["n"])], "y")
        sets = [{"x": np.ones(2, np.float32), "z": np.ones(rows, np.float32)} for rows in (2, 3)]
        _, (only,) = smaller(model, sets, lambda m, s: any(one["z"].size == 3 for one in s))
        self.assertEqual(only["z"].size, 3)


if __name__ == "__main__":
    unittest.main()
