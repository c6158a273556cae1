"""Runs one model in every way and says what is wrong with the answers.

A finding is a dict: "kind" (crash, hang, error, compiled, evaluated, accepted), "text", and "set" and "output" where it
is one of an output. "times" says how many times the allowed error it is. is_like() says whether two
findings count as one defect while a model is made smaller.
"""

import re

import case_folder
import numpy as np
from comparison import difference
from element_types import held
from oracle import Oracle
from random_model import UNLIKE_SET

# Of a wrong-looking answer, before it is believed.
MORE_SAMPLES = 60
SAMPLES = 3
COMPILE_SECONDS = 60
UNSUPPORTED = 4
# What ONNX leaves undefined, and others crash at, and results whose rank depends on a size.
ALLOWED_ERRORS = "divides an integer by zero|it divides by a size|it would squeeze dim"


class Children:
    """mlc and ONNX Runtime."""

    def __init__(self, mlc, onnx_runtime):
        self.mlc, self.onnx_runtime = mlc, onnx_runtime

    def stop(self):
        self.mlc.stop()
        self.onnx_runtime.stop()


def parse(lines):
    """Answers of a child by what they are of: (what, set) -> (code, message)."""
    answers = {}
    for line in lines:
        found = re.match(r"(compile|crash|hang|run \d+|evaluate \d+) ?(\d+)? ?(.*)", line)
        if not found:
            continue  # a library's own words
        what, _, number = found[1].partition(" ")
        answers[what, int(number) if number else None] = (int(found[2] or 0), found[3])
    return answers


def held_inputs(model, inputs):
    return {info.name: held(inputs[info.name], info.type.tensor_type.elem_type) for info in model.graph.input}


class Reference:
    """The oracle's outputs for each set of inputs; more samples are made when they are needed."""

    def __init__(self, model, sets):
        self.oracle = Oracle(model)
        self.inputs = [held_inputs(model, inputs) for inputs in sets]
        self.few = []
        for inputs in self.inputs:
            try:
                self.few.append(self.oracle.samples(inputs, SAMPLES, 1))
            except Exception as error:  # whatever the reference implementation raises
                self.few.append(error)

    def difference(self, number, output, actual, others):
        elem_type = self.oracle.output_types()[output]

        def against(runs):
            return difference(actual, [run[output] for run in runs], elem_type, others)

        return against(self.few[number]) and against(self.oracle.samples(self.inputs[number], MORE_SAMPLES, 2))


def examine(folder, children, mesh="one", use_onnx_runtime=True):
    """(findings, refusal): refusal is the importer's message for models that are not supported."""
    model, sets = case_folder.read(folder)
    children.mlc.begin(f"{folder} {mesh}")
    if use_onnx_runtime:
        children.onnx_runtime.begin(str(folder))
    reference = Reference(model, sets)
    others = parse(children.onnx_runtime.finish(20)) if use_onnx_runtime else {}
    answers = parse(children.mlc.finish(COMPILE_SECONDS))
    for kind in ("crash", "hang"):
        if (kind, None) in answers:
            return [{"kind": kind, "text": answers[kind, None][1]}], None
    code, message = answers.get(("compile", None), (3, "no answer"))
    right = [number for number, runs in enumerate(reference.few) if not isinstance(runs, Exception)]
    if code == UNSUPPORTED or mesh != "one" and code == 2:
        return [], message
    if code:
        excused = not right or re.search(ALLOWED_ERRORS, message) or refuses(others)
        return ([] if excused else [{"kind": "error", "text": message}]), None
    findings = []
    for number in range(len(sets)):
        peer = case_folder.outputs(folder, number, "onnx_runtime")
        for kind, what in (("compiled", "run"), ("evaluated", "evaluate")):
            if what == "evaluate" and answers.get(("run", number), (3, ""))[0]:
                continue  # only what could be run is evaluated
            code, message = answers.get((what, number), (3, "no answer"))
            actual = case_folder.outputs(folder, number, kind)
            if number not in right:
                if not code and refuses(others, number):
                    text = f"{kind}, while others say: {reference.few[number]}; {others}"
                    findings.append({"kind": "accepted", "set": number, "text": text})
            elif code:
                if number != UNLIKE_SET and not re.search(ALLOWED_ERRORS, message) and not refuses(others, number):
                    findings.append({"kind": "error", "set": number, "text": f"{kind}: {message}"})
            else:
                findings += differences(reference, number, kind, actual, peer)
    return findings, None


def refuses(others, number=0):
    """Whether ONNX Runtime, too, says that the model or its inputs are wrong, and not only that it has no code for them."""
    code, message = others.get(("compile", None)) or others.get(("run", number)) or (0, "")
    return code != 0 and "NOT_IMPLEMENTED" not in message and "Type Error" not in message


def differences(reference, number, kind, actual, peer):
    for output in range(len(reference.oracle.outputs)):
        if output >= len(actual):
            yield {"kind": kind, "set": number, "output": output, "text": "is missing"}
            continue
        others = [peer[output]] if output < len(peer) else []
        wrong = reference.difference(number, output, actual[output], others)
        if wrong:
            yield {"kind": kind, "set": number, "output": output, "text": wrong[0], "times": wrong[1]}


def without_names(text):
    """A message without files, names and numbers."""
    return re.sub(r"/\S+/model\.onnx: |'[^']*'|[\d.]+|\b[a-z]+\d+\b", "_", text)[:80]


def is_like(finding, first):
    """Whether a smaller model's finding may be that of the first one."""
    if finding["kind"] != first["kind"]:
        return False
    if finding["kind"] == "error":
        return without_names(finding["text"]) == without_names(first["text"])
    # A large error is not made smaller into another, small one.
    return finding.get("times", 1) >= min(first.get("times", 1), 1e6) / 100
