"""LSTM, GRU and RNN: mlc-run gives what the formulas of the ONNX specification give in double precision, and what ONNX Runtime gives
wherever it follows them."""

import pathlib
import re
import tempfile
import unittest

import jobs
import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SEED = 7
STEPS, BATCH, INPUT, HIDDEN = 5, 3, 4, 6
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
DEFAULTS = {"LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"], "RNN": ["Tanh"]}
OUTPUTS = {"LSTM": ["y", "y_h", "y_c"], "GRU": ["y", "y_h"], "RNN": ["y", "y_h"]}
# Of a result of magnitude 1: sums in f32 over the steps, then one rounding.
TOLERANCE = {np.float32: 3e-6, np.float64: 1e-13, np.float16: 6e-4, ml_dtypes.bfloat16: 5e-3}

# Name, default alpha and beta (None: takes none), formula.
ACTIVATIONS = {
    "Relu": (None, None, lambda x, a, b: np.maximum(x, 0)),
    "Tanh": (None, None, lambda x, a, b: np.tanh(x)),
    "Sigmoid": (None, None, lambda x, a, b: 1 / (1 + np.exp(-x))),
    "Softsign": (None, None, lambda x, a, b: x / (1 + np.abs(x))),
    "Softplus": (None, None, lambda x, a, b: np.log1p(np.exp(x))),
    "Affine": (1, 0, lambda x, a, b: a * x + b),
    "ScaledTanh": (0, 0, lambda x, a, b: a * np.tanh(b * x)),
    "HardSigmoid": (0.2, 0.5, lambda x, a, b: np.clip(a * x + b, 0, 1)),
    "LeakyRelu": (0.01, None, lambda x, a, b: np.where(x >= 0, x, a * x)),
    "ThresholdedRelu": (1, None, lambda x, a, b: np.where(x >= a, x, 0)),
    "Elu": (1, None, lambda x, a, b: np.where(x >= 0, x, a * np.expm1(x))),
}


def activations(op, attributes):
    """The functions of all directions. Those that take parameters take the next ones."""
    directions = 2 if attributes.get("direction") == "bidirectional" else 1
    alphas, betas = iter(attributes.get("activation_alpha", [])), iter(attributes.get("activation_beta", []))
    functions = []
    for name in attributes.get("activations", DEFAULTS[op] * directions):
        alpha, beta, formula = ACTIVATIONS[name]
        alpha = next(alphas, alpha) if alpha is not None else None
        beta = next(betas, beta) if beta is not None else None
        clip = attributes.get("clip", np.inf)
        functions.append(lambda x, a=alpha, b=beta, formula=formula, clip=clip: formula(np.clip(x, -clip, clip), a, b))
    return functions


def step(op, attributes, functions, x, h, c, w, r, wb, rb, p):
    """One step of one direction: the formulas of the specification. Its parameters are those of the gates, one after another."""
    dot = lambda x, gate: x @ w[gate].T + wb[gate]
    recur = lambda h, gate: h @ r[gate].T + rb[gate]
    if op == "RNN":
        return functions[0](dot(x, 0) + recur(h, 0)), c
    if op == "GRU":
        f, g = functions
        z, reset = f(dot(x, 0) + recur(h, 0)), f(dot(x, 1) + recur(h, 1))
        if attributes.get("linear_before_reset", 0):
            new = g(dot(x, 2) + reset * recur(h, 2))
        else:
            new = g(dot(x, 2) + recur(reset * h, 2))
        return (1 - z) * new + z * h, c
    f, g, last = functions
    i = f(dot(x, 0) + recur(h, 0) + p[0] * c)
    forget = 1 - i if attributes.get("input_forget", 0) else f(dot(x, 2) + recur(h, 2) + p[2] * c)
    c = forget * c + i * g(dot(x, 3) + recur(h, 3))
    o = f(dot(x, 1) + recur(h, 1) + p[1] * c)
    return o * last(c), c


def expected(op, attributes, inputs):
    """The outputs in double precision, in the names of OUTPUTS."""
    value = {name: array.astype(np.float64) for name, array in inputs.items()}
    batch_first = attributes.get("layout", 0) == 1
    x, gates = value["x"].swapaxes(0, 1) if batch_first else value["x"], GATES[op]
    (steps, batch, _), (directions, _, hidden) = x.shape, value["r"].shape
    zeros = np.zeros((batch, directions, hidden) if batch_first else (directions, batch, hidden))
    h0, c0 = (value.get(name, zeros) for name in ("h", "c"))
    if batch_first:
        h0, c0 = h0.swapaxes(0, 1), c0.swapaxes(0, 1)
    bias = value.get("b", np.zeros((directions, 2 * gates * hidden))).reshape(directions, 2, gates, hidden)
    peepholes = value.get("p", np.zeros((directions, 3 * hidden))).reshape(directions, 3, hidden)
    lengths = inputs.get("lens", np.full(batch, steps))
    functions = activations(op, attributes)
    y, last_h, last_c = np.zeros((steps, directions, batch, hidden)), h0.copy(), c0.copy()
    for d in range(directions):
        backward = attributes.get("direction") == "reverse" or d == 1
        own = functions[d * len(DEFAULTS[op]):(d + 1) * len(DEFAULTS[op])]
        w, r = value["w"][d].reshape(gates, hidden, -1), value["r"][d].reshape(gates, hidden, hidden)
        for row in range(batch):
            h, c = h0[d, row], c0[d, row]
            order = range(lengths[row])
            for t in reversed(order) if backward else order:
                h, c = step(op, attributes, own, x[t, row], h, c, w, r, bias[d, 0], bias[d, 1], peepholes[d])
                y[t, d, row] = h
            last_h[d, row], last_c[d, row] = h, c
    if batch_first:
        y, last_h, last_c = y.transpose(2, 0, 1, 3), last_h.swapaxes(0, 1), last_c.swapaxes(0, 1)
    return dict(zip(OUTPUTS[op], (y, last_h, last_c)))


def random_inputs(op, attributes, names="", dtype=np.float32, steps=STEPS, batch=BATCH):
    """Inputs x, w, r, and of b, lens, h, c, p those that are named."""
    random = np.random.default_rng(SEED)
    directions, gates = 2 if attributes.get("direction") == "bidirectional" else 1, GATES[op]
    batch_first = attributes.get("layout", 0) == 1
    state = (batch, directions, HIDDEN) if batch_first else (directions, batch, HIDDEN)
    shapes = {"x": (batch, steps, INPUT) if batch_first else (steps, batch, INPUT), "w": (directions, gates * HIDDEN, INPUT),
              "r": (directions, gates * HIDDEN, HIDDEN), "b": (directions, 2 * gates * HIDDEN), "h": state, "c": state,
              "p": (directions, 3 * HIDDEN)}
    wanted = ["x", "w", "r", *names.split()]
    inputs = {name: random.normal(size=shape).astype(dtype) / dtype(2) for name, shape in shapes.items() if name in wanted}
    if "lens" in wanted:
        inputs["lens"] = (steps - np.arange(batch) * 2 % max(steps, 1)).astype(np.int32)
    return inputs


ORDER = ["x", "w", "r", "b", "lens", "h", "c", "p"]


def model_of(op, attributes, inputs, outputs=None, dims=None, opset=22, constants=("w", "r", "b", "p")):
    """One node. Parameters are constants; the others have the dims that are given for them, or their own."""
    used = ORDER[:max(ORDER.index(name) for name in inputs) + 1]
    names = OUTPUTS[op] if outputs is None else outputs
    node = helper.make_node(op, [name if name in inputs else "" for name in used], names, name="cell", hidden_size=HIDDEN, **attributes)
    infos = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), (dims or {}).get(name, value.shape))
             for name, value in inputs.items() if name not in constants]
    results = [helper.make_empty_tensor_value_info(name) for name in names if name]
    weights = [numpy_helper.from_array(value, name) for name, value in inputs.items() if name in constants]
    graph = helper.make_graph([node], "recurrent", infos, results, weights)
    return onnx.shape_inference.infer_shapes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10))


# Attributes and optional inputs. Each agrees with ONNX Runtime too.
CASES = {
    "lstm": ("LSTM", {}, ""),
    "lstm_of_all_inputs": ("LSTM", {}, "b lens h c p"),
    "lstm_in_reverse": ("LSTM", {"direction": "reverse"}, "b lens h c p"),
    "lstm_in_both_directions": ("LSTM", {"direction": "bidirectional"}, "b lens h c p"),
    "lstm_in_both_directions_without_lengths": ("LSTM", {"direction": "bidirectional"}, "b"),
    "lstm_with_coupled_gates": ("LSTM", {"input_forget": 1}, "b h c"),
    "lstm_with_other_activations": ("LSTM", {"activations": ["HardSigmoid", "Relu", "Softsign"], "activation_alpha": [0.3],
                                             "activation_beta": [0.4]}, "b h c p"),
    "lstm_with_activations_of_both_directions": (
        "LSTM", {"direction": "bidirectional", "activations": ["HardSigmoid", "Elu", "Tanh", "Sigmoid", "LeakyRelu", "ScaledTanh"],
                 "activation_alpha": [0.3, 0.7, 0.2, 1.1], "activation_beta": [0.4, 0.6]}, "b h c"),
    "gru": ("GRU", {}, ""),
    "gru_of_all_inputs": ("GRU", {}, "b lens h"),
    "gru_in_reverse": ("GRU", {"direction": "reverse"}, "b lens h"),
    "gru_in_both_directions": ("GRU", {"direction": "bidirectional"}, "b lens h"),
    "gru_that_resets_behind_the_product": ("GRU", {"linear_before_reset": 1}, "b lens h"),
    "gru_that_resets_behind_the_product_without_bias": ("GRU", {"linear_before_reset": 1, "direction": "bidirectional"}, "h"),
    "gru_that_clips": ("GRU", {"clip": 0.25}, "b h"),
    "gru_with_other_activations": ("GRU", {"activations": ["Softplus", "Affine"], "activation_alpha": [0.3], "activation_beta": [0.1]}, "b h"),
    "rnn": ("RNN", {}, ""),
    "rnn_of_all_inputs": ("RNN", {}, "b lens h"),
    "rnn_in_both_directions": ("RNN", {"direction": "bidirectional"}, "b lens h"),
    "rnn_that_clips": ("RNN", {"clip": 0.25}, "b h"),
}
for name, (alpha, beta, _) in ACTIVATIONS.items():
    given = {"activation_alpha": [0.4]} if alpha is not None else {}
    given |= {"activation_beta": [0.3]} if beta is not None else {}
    CASES[f"rnn_of_{name}"] = ("RNN", {"activations": [name], **given}, "b")

# ONNX Runtime refuses these or does something else.
OTHER_CASES = {
    # Layout 1 is not implemented there.
    "lstm_of_batches": ("LSTM", {"layout": 1}, "b lens h c p"),
    "lstm_of_batches_in_both_directions": ("LSTM", {"layout": 1, "direction": "bidirectional"}, "b lens h c p"),
    "gru_of_batches": ("GRU", {"layout": 1, "direction": "bidirectional"}, "b lens h"),
    "rnn_of_batches": ("RNN", {"layout": 1, "direction": "bidirectional"}, "b lens h"),
    # It does not clip what the last activation gets, though the specification says "the input of activations".
    "lstm_that_clips": ("LSTM", {"clip": 0.25}, "b h c p"),
    # Without parameters it takes 0 for both, not the operators' defaults.
    "rnn_of_default_parameters": ("RNN", {"activations": ["Affine", "ThresholdedRelu"], "direction": "bidirectional"}, "b"),
}


class Recurrent(unittest.TestCase):
    def run_model(self, model, inputs, *arguments):
        """The outputs of the model on those of the inputs that it has."""
        with tempfile.TemporaryDirectory(dir=jobs.SCRATCH) as name:
            folder = pathlib.Path(name)
            onnx.save(model, folder / "model.onnx")
            for i, info in enumerate(model.graph.input):
                jobs.write_tensor(folder / f"input_{i}.pb", info.name, inputs[info.name])
            result = jobs.mlc_run(folder / "model.onnx", "--inputs", folder, "--outputs", folder / "outputs", "--outputs-format", "pb",
                                  *arguments)
            self.assertEqual(result.code, jobs.DONE, result.err)
            return {info.name: jobs.read_tensor(folder / f"outputs/output_{i}.pb") for i, info in enumerate(model.graph.output)}

    def check(self, op, attributes, inputs, actual):
        dtype = inputs["x"].dtype
        for name, value in expected(op, attributes, inputs).items():
            if name in actual:
                self.assertEqual(actual[name].dtype, dtype)
                np.testing.assert_allclose(actual[name].astype(np.float64), value, rtol=TOLERANCE[dtype.type],
                                           atol=TOLERANCE[dtype.type], err_msg=name)

    def test_options(self):
        for name, (op, attributes, names) in {**CASES, **OTHER_CASES}.items():
            with self.subTest(name):
                inputs = random_inputs(op, attributes, names)
                self.check(op, attributes, inputs, self.run_model(model_of(op, attributes, inputs), inputs))

    def test_the_formulas_are_those_of_onnx_runtime(self):
        for name, (op, attributes, names) in CASES.items():
            with self.subTest(name), tempfile.TemporaryDirectory(dir=jobs.SCRATCH) as folder:
                inputs, path = random_inputs(op, attributes, names), pathlib.Path(folder) / "model.onnx"
                model = model_of(op, attributes, inputs)
                onnx.save(model, path)
                outputs = jobs.reference(path, {info.name: inputs[info.name] for info in model.graph.input})
                self.check(op, attributes, inputs, outputs)

    def test_types(self):
        for dtype in (np.float16, ml_dtypes.bfloat16, np.float64):
            for op, names in (("LSTM", "b lens h c p"), ("GRU", "b lens h"), ("RNN", "b lens h")):
                with self.subTest(op=op, dtype=dtype.__name__):
                    attributes = {"direction": "bidirectional"}
                    inputs = random_inputs(op, attributes, names, dtype)
                    self.check(op, attributes, inputs, self.run_model(model_of(op, attributes, inputs), inputs))

    def test_sizes_that_the_model_does_not_state(self):
        for op, names in (("LSTM", "b lens h c p"), ("GRU", "b lens h")):
            attributes = {"direction": "bidirectional"}
            dims = {"x": ["steps", "batch", INPUT], "lens": ["batch"], "h": [2, "batch", HIDDEN], "c": [2, "batch", HIDDEN]}
            for steps, batch in ((5, 3), (1, 1), (0, 2), (4, 0), (0, 0), (7, 1), (3, 200)):
                with self.subTest(op=op, steps=steps, batch=batch):
                    inputs = random_inputs(op, attributes, names, steps=steps, batch=batch)
                    actual = self.run_model(model_of(op, attributes, inputs, dims=dims), inputs, "--threads", 2)
                    self.check(op, attributes, inputs, actual)

    def test_sequences_without_steps(self):
        """They end with their initial states. ONNX Runtime gives zeros."""
        for op, names in (("LSTM", "b lens h c"), ("GRU", "b lens h"), ("RNN", "b lens h")):
            with self.subTest(op):
                inputs = {**random_inputs(op, {}, names), "lens": np.array([0, 3, 0], np.int32)}
                self.check(op, {}, inputs, self.run_model(model_of(op, {}, inputs), inputs))

    def test_one_step(self):
        for op, names in (("LSTM", "b lens h c p"), ("GRU", "b lens h"), ("RNN", "b")):
            with self.subTest(op):
                inputs = random_inputs(op, {}, names, steps=1)
                self.check(op, {}, inputs, self.run_model(model_of(op, {}, inputs), inputs))

    def test_outputs_that_are_not_wanted(self):
        for outputs in (["y"], ["", "y_h"], ["", "", "y_c"], ["y", "", "y_c"]):
            with self.subTest(outputs):
                inputs = random_inputs("LSTM", {}, "b")
                self.check("LSTM", {}, inputs, self.run_model(model_of("LSTM", {}, inputs, outputs), inputs))

    def test_parameters_that_are_inputs(self):
        for op, attributes, names in (("LSTM", {}, "b p"), ("GRU", {}, "b"), ("GRU", {"linear_before_reset": 1}, "b")):
            with self.subTest(op, **attributes):
                inputs = random_inputs(op, attributes, names)
                self.check(op, attributes, inputs, self.run_model(model_of(op, attributes, inputs, constants=()), inputs))

    def test_sizes_of_parameters_that_the_model_does_not_state(self):
        dims = {"x": ["s", "n", "i"], "w": ["d", "g", "i"], "r": ["d", "g", "k"], "b": ["d", "bias"], "p": ["d", "peep"],
                "h": ["d", "n", "k"], "c": ["d", "n", "k"]}
        for op, names in (("LSTM", "b h c p"), ("GRU", "b h"), ("RNN", "b h")):
            with self.subTest(op):
                inputs = random_inputs(op, {}, names)
                model = model_of(op, {}, inputs, dims=dims, constants=())
                del model.graph.node[0].attribute[:]  # hidden_size
                self.check(op, {}, inputs, self.run_model(model, inputs))

    def test_old_opsets(self):
        for opset in (7, 14):
            with self.subTest(opset):
                inputs = random_inputs("LSTM", {}, "b h c")
                self.check("LSTM", {}, inputs, self.run_model(model_of("LSTM", {}, inputs, opset=opset), inputs))

    def test_a_step_is_a_contraction_and_its_gates(self):
        for op, attributes in (("LSTM", {}), ("LSTM", {"direction": "reverse"}), ("GRU", {"linear_before_reset": 1})):
            with self.subTest(op, **attributes), tempfile.TemporaryDirectory(dir=jobs.SCRATCH) as name:
                folder = pathlib.Path(name)
                onnx.save(model_of(op, attributes, random_inputs(op, attributes, "b")), folder / "model.onnx")
                result = jobs.mlc_compile(folder / "model.onnx", "-o", folder / "model.mlcpkg", "--dump-after", "kernels", "--dump-dir", folder)
                self.assertEqual(result.code, jobs.DONE, result.err)
                kernels = (folder / "kernels_0.mlir").read_text()
                body = kernels.split("graph.loop")[1].split("graph.yield")[0]
                calls = re.findall(r"call @([a-z]+)_", body)
                # In reverse there is the index of the step too.
                self.assertEqual([call for call in calls if call != "sub"], ["contract", "mul" if op == "LSTM" else "add"])
                self.assertNotIn("graph.fail_if", body)
                self.assertNotIn("mlc.unpacked", kernels)

    def test_small_steps_are_run_by_one_thread(self):
        """A loop of them is in a branch that the other threads do not take."""
        for batch, is_small in ((1, True), (200, False)):
            with self.subTest(batch), tempfile.TemporaryDirectory(dir=jobs.SCRATCH) as name:
                folder = pathlib.Path(name)
                onnx.save(model_of("LSTM", {}, random_inputs("LSTM", {}, batch=batch)), folder / "model.onnx")
                result = jobs.mlc_compile(folder / "model.onnx", "-o", folder / "model.mlcpkg", "--dump-after", "host", "--dump-dir", folder)
                self.assertEqual(result.code, jobs.DONE, result.err)
                (indentation,) = re.findall(r"\n( *)%\S+ = scf.while", (folder / "host_0.mlir").read_text())
                self.assertEqual(len(indentation), 6 if is_small else 4)

    def test_meshes(self):
        for op, names in (("LSTM", "b lens h c p"), ("GRU", "b lens h"), ("RNN", "b h")):
            for layout in (0, 1):
                attributes = {"direction": "bidirectional", "layout": layout}
                inputs = random_inputs(op, attributes, names)
                model = model_of(op, attributes, inputs)
                for mesh in ("tp=2", "tp=3", "pp=2", "dp=2", "tp=2,pp=2"):
                    with self.subTest(op=op, layout=layout, mesh=mesh):
                        self.check(op, attributes, inputs, self.run_model(model, inputs, "--mesh", mesh))

    def test_lengths_beyond_the_steps_fail(self):
        inputs = random_inputs("LSTM", {}, "b lens")
        model = model_of("LSTM", {}, inputs)
        for length in (-1, STEPS + 1):
            with self.subTest(length), tempfile.TemporaryDirectory(dir=jobs.SCRATCH) as name:
                folder = pathlib.Path(name)
                onnx.save(model, folder / "model.onnx")
                jobs.write_tensor(folder / "input_0.pb", "x", inputs["x"])
                jobs.write_tensor(folder / "input_1.pb", "lens", np.full(BATCH, length, np.int32))
                result = jobs.mlc_run(folder / "model.onnx", "--inputs", folder)
                self.assertEqual(result.code, jobs.INVALID, result.err)
                self.assertIn("sequence_lens must be from 0 to the number of steps, 5", result.err)

    def test_attributes_that_are_wrong(self):
        for attributes, message in (({"direction": "up"}, "direction is 'up'"), ({"activations": ["Tanh"]}, "must have 3"),
                                    ({"activations": ["Sigmoid", "Tanh", "Cosh"]}, "there is no activation 'Cosh'"),
                                    ({"activations": ["Sigmoid", "Tanh", "ScaledTanh"]}, "needs activation_alpha"),
                                    ({"clip": -1.0}, "clip must be positive"), ({"layout": 2}, "layout is 2")):
            with self.subTest(**attributes), tempfile.TemporaryDirectory(dir=jobs.SCRATCH) as folder:
                inputs = random_inputs("LSTM", {}, "b")
                used = [name if name in inputs else "" for name in ORDER[:4]]
                node = helper.make_node("LSTM", used, ["y"], name="cell", **attributes)
                graph = helper.make_graph(
                    [node], "wrong", [helper.make_tensor_value_info("x", TensorProto.FLOAT, inputs["x"].shape)],
                    [helper.make_empty_tensor_value_info("y")],
                    [numpy_helper.from_array(value, name) for name, value in inputs.items() if name != "x"])
                path = pathlib.Path(folder) / "model.onnx"
                onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10), path)
                result = jobs.mlc_run(path)
                self.assertEqual(result.code, jobs.INVALID, result.err)
                self.assertIn("cell", result.err)
                self.assertIn(message, result.err)


if __name__ == "__main__":
    unittest.main()
