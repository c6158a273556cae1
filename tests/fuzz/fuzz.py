"""Random models, compiled and evaluated by mlc, beside the oracle and ONNX Runtime. See README.md.

    fuzz.py RUN_MODELS [--models N | --minutes M] [--seed S] [--keep FOLDER]

Exits with 1 where there are findings.
"""

import argparse
import collections
import json
import pathlib
import re
import shutil
import sys
import tempfile
import time
import warnings

import case_folder
import numpy as np
from child_process import Child
from examination import Children, examine, is_like
from random_model import random_model
from smaller_model import smaller

MESHES = ("one", "one", "one", "one", "one", "tp=2", "pp=2", "dp=2", "tp=3")


def start_children(run_models, scratch):
    here = pathlib.Path(__file__).parent
    return Children(Child([str(run_models)], scratch / "mlc.log"),
                    Child([sys.executable, "-B", str(here / "onnx_runtime_child.py")], scratch / "onnx_runtime.log"))


def mesh_of(seed):
    return MESHES[seed % len(MESHES)]


class Fuzzer:
    def __init__(self, run_models, keep):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="fuzz"))
        self.children = start_children(run_models, self.scratch)
        self.keep = keep
        self.counts = collections.Counter()
        self.refusals = collections.Counter()

    def close(self):
        self.children.stop()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def try_seed(self, seed):
        """The findings, which are reported and made smaller as they come."""
        self.counts["models"] += 1
        try:
            model, sets = random_model(seed)
        except Exception as error:  # a defect of the generator
            print(f"seed {seed}: no model: {error!r}", flush=True)
            self.counts["not generated"] += 1
            return []
        mesh = mesh_of(seed)
        case_folder.write(self.scratch / "case", model, sets)
        findings, refusal = examine(self.scratch / "case", self.children, mesh)
        if refusal:
            self.counts["refused"] += 1
            self.refusals[re.sub(r"/\S+/model\.onnx: node (\w+) of '\w+'", r"\1", refusal)] += 1
        elif not findings:
            self.counts["right"] += 1
        else:
            self.counts["wrong"] += 1
            self.report(seed, model, sets, mesh, findings[0])
        return findings

    def report(self, seed, model, sets, mesh, finding):
        print(f"seed {seed} {mesh}: {finding['kind']}: {finding['text']}", flush=True)
        if self.keep is None:
            return

        def shows(other, other_sets, mesh=mesh):
            case_folder.write(self.scratch / "smaller", other, other_sets)
            found, _ = examine(self.scratch / "smaller", self.children, mesh)
            return any(is_like(one, finding) for one in found)

        if mesh != "one" and shows(model, sets, "one"):
            mesh = "one"
        model, sets = smaller(model, sets, lambda m, s: shows(m, s, mesh))
        folder = self.keep / f"seed_{seed}"
        case_folder.write(folder, model, sets)
        found, _ = examine(folder, self.children, mesh)
        (folder / "finding.json").write_text(json.dumps({"seed": seed, "mesh": mesh, "findings": found or [finding]}, indent=1) + "\n")
        ops = [node.op_type for node in model.graph.node if node.op_type != "Constant"]
        print(f"    {' '.join(ops)}: {(found or [finding])[0]['text']}\n    {folder}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("run_models")
    parser.add_argument("--models", type=int, default=10**9)
    parser.add_argument("--minutes", type=float, default=10**6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=pathlib.Path, help="where minimal cases are left")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    fuzzer = Fuzzer(pathlib.Path(options.run_models).resolve(), options.keep and options.keep.resolve())
    end = time.time() + 60 * options.minutes
    start, seed = time.time(), options.seed
    shown = start
    try:
        while seed < options.seed + options.models and time.time() < end:
            fuzzer.try_seed(seed)
            seed += 1
            if time.time() > shown + 60:
                shown = time.time()
                print(f"{dict(fuzzer.counts)} in {shown - start:.0f} s", flush=True)
    except KeyboardInterrupt:
        pass
    finally:
        fuzzer.close()
    for reason, count in fuzzer.refusals.most_common():
        print(f"{count} refused: {reason}")
    print(f"{dict(fuzzer.counts)} in {time.time() - start:.0f} s; next seed {seed}")
    return 1 if fuzzer.counts["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
