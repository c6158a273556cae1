"""Decoders whose keys and values are kept as states, through the C API, beside ONNX Runtime with its explicit past."""

import ctypes
import os
import pathlib
import unittest

import jobs
import numpy as np
from c_api import Error, Session

STEPS = 20
CACHES = {"gpt2_with_past": (4, 8), "llama_with_past": (3, 8)}  # heads and depth of keys and values


class Reference:
    """A sequence of ONNX Runtime: its past is given and taken in every step."""

    sessions = {}

    def __init__(self, model, batch=1):
        import onnxruntime

        if model not in self.sessions:
            path = jobs.MODELS / model / "model.onnx"
            self.sessions[model] = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        self.session = self.sessions[model]
        heads, depth = CACHES[model]
        empty = np.zeros((batch, heads, 0, depth), np.float32)
        self.past = {value.name: empty for value in self.session.get_inputs() if value.name.startswith("past")}

    def copy(self):
        copied = Reference.__new__(Reference)
        copied.session, copied.past = self.session, dict(self.past)
        return copied

    def inputs(self, ids):
        """All but the past."""
        batch, count = ids.shape
        past = next(iter(self.past.values())).shape[2]
        made = {"input_ids": ids, "attention_mask": np.ones((batch, past + count), np.int64),
                "position_ids": np.broadcast_to(np.arange(past, past + count), ids.shape)}
        return {value.name: made[value.name] for value in self.session.get_inputs() if value.name in made}

    def run(self, inputs):
        logits, *present = self.session.run(None, {**inputs, **self.past})
        self.past = dict(zip(self.past, present, strict=True))
        return logits


class Decoder:
    """The same sequence in both."""

    def __init__(self, test, session, reference, sequence=None):
        self.test, self.session, self.reference = test, session, reference
        self.sequence = session.create() if sequence is None else sequence

    def step(self, ids):
        inputs = self.reference.inputs(ids)
        expected = self.reference.run(inputs)
        actual = self.session.run(self.sequence, inputs)
        self.test.assertEqual(actual.shape, expected.shape)
        np.testing.assert_allclose(actual, expected, atol=1e-4 * np.abs(expected).max())
        return expected[:, -1:].argmax(-1)

    def fork(self):
        return Decoder(self.test, self.session, self.reference.copy(), self.session.copy(self.sequence))


class States(unittest.TestCase):
    def open(self, model, *arguments):
        package = jobs.SCRATCH / f"{self.id()}{len(os.listdir(jobs.SCRATCH))}.mlcpkg"
        result = jobs.mlc_compile(jobs.MODELS / model / "model.onnx", "--keep-states", "-o", package, *arguments)
        self.assertEqual(result.code, jobs.DONE, result.err)
        session = Session(package)
        self.addCleanup(session.close)
        self.package = package
        return session

    def test_decoding_is_that_of_an_explicit_past(self):
        for model in CACHES:
            for mesh in ("tp=1", "tp=2", "tp=3", "pp=2", "pp=2,tp=2"):
                with self.subTest(model=model, mesh=mesh):
                    session = self.open(model, "--mesh", mesh)
                    decoder = Decoder(self, session, Reference(model))
                    self.assertEqual(len(session.states), 6)
                    self.assertEqual(session.outputs, ["logits"])
                    ids = decoder.step(np.array([[3, 1, 4, 1, 5]]))
                    for _ in range(STEPS):
                        ids = decoder.step(ids)
                    self.assertEqual(session.length(decoder.sequence), 5 + STEPS)

    def test_states_in_the_memory_of_devices(self):
        """More rows than fit what is allocated first, and a copy of them, beside one that goes on."""
        for model in CACHES:
            for ranks, mesh in ((1, "tp=1"), (2, "tp=2"), (2, "pp=2")):
                with self.subTest(model=model, mesh=mesh):
                    session = self.open(model, "--mesh", mesh, "--devices", jobs.equal_devices(jobs.SCRATCH, ranks, "fake"))
                    decoder = Decoder(self, session, Reference(model))
                    ids = decoder.step(np.array([[3, 1]]))
                    for _ in range(6):
                        ids = decoder.step(ids)
                    fork = decoder.fork()
                    fork.step(np.array([[7, 8, 9]]))
                    decoder.step(ids)
                    fork.step(np.array([[1]]))

    def test_sequences_do_not_touch_each_other(self):
        for model in CACHES:
            with self.subTest(model=model):
                session = self.open(model, "--mesh", "tp=2")
                one, two = Decoder(self, session, Reference(model)), Decoder(self, session, Reference(model, batch=2))
                a, b = one.step(np.array([[7, 8, 9]])), two.step(np.array([[1, 2], [3, 4]]))
                for step in range(6):
                    a, b = one.step(a), two.step(b)
                    if step == 3:
                        fork, c = one.fork(), np.array([[11, 12]])
                    if step > 3:
                        c = fork.step(c)
                session.drop(one.sequence)
                with self.assertRaises(Error) as caught:
                    session.length(one.sequence)
                self.assertEqual(caught.exception.code, jobs.INVALID)
                fork.step(c)
                two.step(b)

    def test_replicas_and_microbatches_keep_their_part_of_the_batch(self):
        for mesh in (["--mesh", "dp=2"], ["--mesh", "pp=2", "--microbatches", "2"]):
            with self.subTest(mesh=mesh):
                session = self.open("llama_with_past", *mesh)
                decoder = Decoder(self, session, Reference("llama_with_past", batch=4))
                ids = decoder.step(np.arange(12).reshape(4, 3))
                for _ in range(4):
                    ids = decoder.step(ids)

    def test_errors_leave_the_session_usable(self):
        session = self.open("gpt2_with_past", "--mesh", "tp=2")
        limited = session.create(max_tokens=4)
        ids = {"input_ids": np.array([[1, 2, 3]])}
        session.run(limited, ids)
        for sequence, inputs, message in (
            (limited, ids, "6 rows, of 4"),
            (limited, {"input_ids": np.array([[1], [2]])}, "rows of 1 x 4 x 8"),
            (limited, {"input_ids": np.array([[1000]])}, "outside of a dim"),
            (ctypes.c_int64(99), ids, "no sequence 99"),
        ):
            with self.assertRaises(Error) as caught:
                session.run(sequence, inputs)
            self.assertEqual(caught.exception.code, jobs.INVALID)
            self.assertIn(message, str(caught.exception))
        self.assertEqual(session.length(limited), 3)
        session.run(limited, {"input_ids": np.array([[4]])})
        # Without a sequence nothing is kept.
        first, second = (session.run(None, ids) for _ in range(2))
        np.testing.assert_array_equal(first, second)

    def test_a_step_copies_nothing_of_the_past(self):
        """No kernel of the compiled program makes a tensor with the past's length and the depth of keys."""
        for model, (_, depth) in CACHES.items():
            with self.subTest(model=model):
                folder = jobs.SCRATCH / f"dump_{model}"
                self.open(model, "--mesh", "tp=1", "--dump-after", "kernels", "--dump-dir", folder)
                host, in_host = [], False
                for line in (folder / "kernels_0.mlir").read_text().splitlines():
                    if "func.func" in line:
                        in_host = "mlc.kernel" not in line
                    elif in_host and " = " in line:
                        host.append(line)
                # A state itself is a name, an append writes what is new, a reshape is a view.
                made = [line for line in host if not any(f"graph.{op}" in line for op in ("state", "append", "reshape"))]
                whole = [line for line in made if "past" in line.rsplit("->", 1)[-1] and f"x{depth}xf32" in line.rsplit("->", 1)[-1]]
                self.assertEqual(whole, [])
                self.assertGreater(len(made), 10)
                self.assertIn(sum("graph.append" in line for line in host), (2, 6))

    def test_a_package_with_states_runs_by_itself(self):
        self.open("llama_with_past")
        result = jobs.mlc_run(self.package, "--iterations", 2)
        self.assertEqual(result.code, jobs.DONE, result.err)
        model = jobs.MODELS / "llama_with_past"
        plain = jobs.mlc_run(model / "model.onnx", "--inputs", model, "--expect", model)
        self.assertEqual(plain.code, jobs.DONE, plain.err)

    def test_a_model_without_states_is_bad_usage(self):
        result = jobs.mlc_compile(jobs.MODELS / "mlp/model.onnx", "--keep-states", "-o", jobs.SCRATCH / "mlp.mlcpkg")
        self.assertEqual(result.code, jobs.USAGE)
        self.assertIn("the model has none", result.err)


if __name__ == "__main__":
    unittest.main()
