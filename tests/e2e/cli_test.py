"""The command lines as docs/command_line.md describes them."""

import contextlib
import json
import os
import pathlib
import pty
import re
import shutil
import struct
import subprocess
import time
import unittest

import jobs
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

BERT = jobs.MODELS / "bert"
MLP = jobs.MODELS / "mlp"


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = jobs.SCRATCH / self.id()
        self.folder.mkdir()

    def run_ok(self, *arguments, tool="mlc-run", **options):
        result = jobs.run(tool, *arguments, **options)
        self.assertEqual(result.code, jobs.DONE, result.err)
        return result


class Information(Case):
    def test_help_version_and_completion(self):
        for tool in ("mlc-run", "mlc-compile"):
            text = self.run_ok("--help", tool=tool).out
            self.assertIn("Examples:", text)
            version = self.run_ok("--version", tool=tool).out
            self.assertRegex(version, rf"^{tool} \d+\.\d+")
            script = self.run_ok("--completion", "bash", tool=tool).out
            options = set(re.findall(r"--[a-z][a-z-]*", text))
            self.assertIn("--mesh", options)
            # Bash itself says what it would complete.
            words = script + f'COMP_WORDS=({tool} --); COMP_CWORD=1; _{tool.replace("-", "_")}; printf "%s\\n" "${{COMPREPLY[@]}}"'
            completed = subprocess.run(["bash", "-c", words], capture_output=True, text=True, check=True).stdout.split()
            self.assertLessEqual(options, set(completed))
            script = self.run_ok("--completion=zsh", tool=tool).out
            self.assertTrue(script.startswith(f"#compdef {tool}\n"))
            self.assertEqual(set(re.findall(r"--[a-z][a-z-]*(?==?\[)", script)), options)
            self.assertIn("'*--dump-dir=[Where --dump-after writes (default\\: here)]:DIR:_files -/'", script)
            self.assertEqual("'*-o[Package folder" in script, tool == "mlc-compile")
            self.assertIn("'*--completion=[Print a completion script]:bash|zsh:(bash zsh)'", script)
        result = jobs.run("mlc-compile", "--completion", "fish")
        self.assertEqual(result.code, jobs.USAGE)
        self.assertIn("{bash,zsh}", result.err)

    def test_documented_options_are_those_that_there_are(self):
        text = (pathlib.Path(__file__).absolute().parents[2] / "docs/command_line.md").read_text()
        run, compile_ = text.split("\n## mlc-run")[1].split("\n## mlc-compile")
        every = {"--help", "--version", "--completion", "--config"}
        common = text.split("\n## ")[0]
        for option in every:
            self.assertIn(f"{option}", common)
        for tool, section in (("mlc-run", run), ("mlc-compile", compile_.split("\n## ")[0])):
            options = set(re.findall(r"--[a-z][a-z-]*", self.run_ok("--help", tool=tool).out.split("Examples:")[0]))
            self.assertEqual(set(re.findall(r"--[a-z][a-z-]*", section)), options - every, tool)

    def test_a_model_of_each_tool(self):
        self.assertIn("package folder (.mlcpkg)", self.run_ok("--help").out)
        self.assertNotIn("package folder (.mlcpkg)", self.run_ok("--help", tool="mlc-compile").out)

    def test_options_from_the_environment_and_a_file(self):
        config = self.folder / "mlc.toml"
        config.write_text('mesh = "tp=3"\niterations = 4\n')

        def mesh_of(*arguments, **variables):
            path = self.folder / "report.json"
            self.run_ok(MLP / "model.onnx", "--json", path, *arguments, environment=variables, directory=self.folder, once=False)
            report = json.loads(path.read_text())
            self.assertEqual(report["latency_ms"]["iterations"], 4)
            return report["plan"]["mesh"]["tp"]

        self.assertEqual(mesh_of(), 3)
        self.assertEqual(mesh_of(MLC_MESH="tp=2"), 2)
        self.assertEqual(mesh_of("--mesh", "tp=1", MLC_MESH="tp=2"), 1)


class Reports(Case):
    def test_keys(self):
        report = jobs.report(BERT / "model.onnx", "--mesh", "tp=2", "--input", "input_ids=1x4", "--verify", "--iterations", 5,
                             "--warmup", 2, "--outputs", self.folder)
        self.assertEqual(set(report), {"model", "plan", "ranks", "idle_ranks", "compile_seconds", "load_seconds", "cache_hit", "latency_ms",
                                       "runs_per_second", "predicted_ms", "verify", "outputs"})
        self.assertEqual(len(report["ranks"]), 2)
        for rank in report["ranks"]:
            self.assertEqual(set(rank), {"host", "device", "threads", "peak_rss_bytes", "weights_bytes", "arena_bytes", "flops",
                                         "memory_bandwidth"})
            self.assertGreater(rank["weights_bytes"], 10000)
            self.assertGreater(rank["peak_rss_bytes"], 1 << 20)
        latency = report["latency_ms"]
        self.assertEqual(set(latency), {"min", "p50", "p90", "p99", "mean", "iterations", "has_cold"})
        self.assertEqual(latency["iterations"], 5)
        self.assertTrue(0 < latency["min"] <= latency["p50"] <= latency["p90"] <= latency["p99"])
        self.assertEqual(set(report["verify"]), {"max_abs", "max_rel", "ok"})
        self.assertTrue(report["verify"]["ok"])
        for output in report["outputs"]:
            self.assertEqual(set(output), {"name", "shape", "dtype", "file"})
        self.assertEqual([output["name"] for output in report["outputs"]], ["last_hidden_state", "sentence_embedding"])
        self.assertEqual(report["outputs"][0]["shape"], [1, 4, 48])
        self.assertEqual(report["outputs"][0]["dtype"], "f32")

    def test_runs_that_are_timed(self):
        def runs_of(*arguments, model=MLP / "model.onnx"):
            path = self.folder / "report.json"
            begin = time.monotonic()
            text = self.run_ok(model, "--json", path, *arguments, once=False).out
            seconds = time.monotonic() - begin
            report = json.loads(path.read_text())
            speed, latency = report["runs_per_second"], report["latency_ms"]
            if latency["iterations"] > 1:
                # All that was timed, and what lies between.
                self.assertLessEqual(latency["iterations"] * latency["mean"] / 1e3, latency["iterations"] / speed)
            return latency["iterations"], latency["has_cold"], text, seconds

        runs_of("--iterations", 1)
        count, has_cold, text, seconds = runs_of()
        self.assertGreater(count, 10)
        self.assertFalse(has_cold)
        self.assertIn(f"({count} runs)", text)
        self.assertRegex(text, r"speed +\S+ runs/s")
        self.assertGreater(seconds, 1)
        self.assertEqual(runs_of("--iterations", 3)[:2], (3, True))
        self.assertIn("(3 runs, the first one cold)", runs_of("--iterations", 3)[2])
        self.assertEqual(runs_of("--iterations", 3, "--warmup", 1)[:2], (3, False))
        self.assertIn("(a cold run)", runs_of("--iterations", 1)[2])
        # At least one, and the longer the more.
        self.assertEqual(runs_of("--duration", 0)[:2], (1, False))
        self.assertGreater(runs_of("--duration", 2)[3], 2)
        self.assertEqual(runs_of("--trace", self.folder / "trace.json")[:2], (1, False))
        # A model that takes longer than a second.
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [3000, 3000])
        nodes = [helper.make_node("MatMul", [f"x{i}" if i else "x", "x"], [f"x{i + 1}"]) for i in range(12)]
        y = helper.make_tensor_value_info("x12", TensorProto.FLOAT, [3000, 3000])
        onnx.save(helper.make_model(helper.make_graph(nodes, "g", [x], [y])), self.folder / "slow.onnx")
        count, has_cold, text, _ = runs_of("--threads", 1, model=self.folder / "slow.onnx")
        self.assertEqual((count, has_cold), (1, True))

    def test_devices(self):
        # Whatever they are, as a file they describe themselves.
        path = self.folder / "devices.json"
        text = self.run_ok("--list-devices", "--json", path, ranks=2).out
        self.assertRegex(text, r"(?m)^ +0  rank 0 .* cpu +\d+ ")
        self.assertRegex(text, r"(?m)^link      within a host: \d+\.\d us, \d+\.\d\d GB/s$")
        self.assertEqual(len(json.loads(path.read_text())["devices"]), 2)
        self.assertEqual(self.run_ok("--list-devices", "--devices", path).out, text)
        self.assertEqual(self.run_ok("--list-devices", "--devices", path, "--json", "-").out, path.read_text())
        self.run_ok(MLP / "model.onnx", "--devices", path, "--mesh", "tp=2")
        self.assertEqual(jobs.mlc_run("--list-devices", MLP / "model.onnx").code, jobs.USAGE)

    def test_packages(self):
        package = self.folder / "bert.mlcpkg"
        self.run_ok(BERT / "model.onnx", "-o", package, "--mesh", "tp=2", tool="mlc-compile")
        text = self.run_ok("--info", package).out
        for line in ("input     input_ids: batch x seq, i64", "output    sentence_embedding: batch x 48, f32",
                     "size      32 must be at least seq, for '/embeddings/Add_1' (Add): ", "plan      dp=1 pp=1 tp=2"):
            self.assertIn(line, text)
        self.assertRegex(text, r"(?m)^package   \S+/bert.mlcpkg, by mlc \d.*, not signed$")
        self.assertRegex(text, r"(?m)^rank 1    cpu, for x86-64 .*; 0\.\d MB of weights$")
        info = json.loads(self.run_ok("--info", package, "--json", "-").out)
        manifest = json.loads((package / "manifest.json").read_text())
        self.assertEqual(info["code_bytes"], sum(file["bytes"] for file in manifest["files"] if file["path"].endswith(".so")))
        self.assertEqual([entry["dims"] for entry in info["inputs"]], [entry["dims"] for entry in manifest["inputs"]])
        self.assertEqual(jobs.mlc_run("--info", BERT / "model.onnx").code, jobs.USAGE)
        (package / "manifest.json").write_text("{}")
        self.assertEqual(jobs.mlc_run("--info", package).code, jobs.INVALID)

    def test_progress(self):
        # A model of many kernels, each another one, compiled by one core: for seconds.
        weights = [numpy_helper.from_array(np.ones((16 + i, 17 + i), np.float32), f"w{i}") for i in range(30)]
        nodes = []
        for i in range(30):
            nodes += [helper.make_node("MatMul", [f"x{i}", f"w{i}"], [f"m{i}"]), helper.make_node("Softmax", [f"m{i}"], [f"x{i + 1}"])]
        x = helper.make_tensor_value_info("x0", TensorProto.FLOAT, ["batch", 16])
        y = helper.make_tensor_value_info("x30", TensorProto.FLOAT, None)
        onnx.save(helper.make_model(helper.make_graph(nodes, "g", [x], [y], weights)), self.folder / "many.onnx")
        result = self.run_ok(self.folder / "many.onnx", before=["taskset", "-c", "0"], environment={"MLC_CACHE": str(self.folder / "one")})
        self.assertIn("mlc-run: compiling the kernels ...\n", result.err)
        # Two programs, counted together.
        drawn = self.drawn_on_a_terminal(self.folder / "many.onnx", "-o", self.folder / "many.mlcpkg", "--mesh", "pp=2")
        steps = re.findall(r"\r\x1b\[2Kcompiling the kernels \[=* *\] (\d+) of (\d+), \d+\.\d s", drawn)
        self.assertEqual([step for step in steps if int(step[0]) > int(step[1])], [])
        self.assertEqual(steps[-1][1], "60")

    def test_progress_of_measuring(self):
        # One core measures itself for 128 ranks.
        drawn = self.drawn_on_a_terminal(MLP / "model.onnx", "-o", self.folder / "mlp.mlcpkg", "--ranks", "128", "--mesh", "tp=1")
        self.assertRegex(drawn, r"\r\x1b\[2Kmeasuring the devices \d+\.\d s")

    def drawn_on_a_terminal(self, *arguments):
        """What mlc-compile, on one core and with a cache of its own, draws on a terminal and removes."""
        command = ["taskset", "-c", "0", jobs.RUNFILES / "tools/mlc-compile", *arguments]
        terminal, child = pty.openpty()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=child,
                              env={**os.environ, "MLC_CACHE": str(self.folder / "other")}) as process:
            os.close(child)
            drawn = b""
            with contextlib.suppress(OSError):  # as the terminal ends with who has it
                while piece := os.read(terminal, 4096):
                    drawn += piece
            output = process.stdout.read().decode()
        os.close(terminal)
        self.assertEqual(process.returncode, jobs.DONE)
        self.assertTrue(drawn.endswith(b"\r\x1b[2K"))
        self.assertTrue(output.startswith("package"), output)
        return drawn.decode()

    def test_standard_output_is_json_alone_or_text(self):
        json.loads(self.run_ok(MLP / "model.onnx", "--json", "-").out)
        json.loads(self.run_ok(MLP / "model.onnx", "--json", "-", ranks=2).out)
        text = self.run_ok(MLP / "model.onnx", "--mesh", "tp=2").out
        self.assertIn("dp=1 pp=1 tp=2", text)
        self.assertIn("latency", text)

    def test_what_fewer_and_more_devices_would_give(self):
        # No symbolic dims: of one device alone their sizes are others.
        device = {"kind": "cpu", "peak_flops": {"f32": 1e9}, "memory_bandwidth": 1e9}
        model = [BERT / "model.onnx", "--dim", "batch=8", "--dim", "seq=16"]

        def devices(*hosts):
            path = self.folder / f"{'_'.join(hosts)}.json"
            listed = [{"name": f"d{index}", "host": host, **device} for index, host in enumerate(hosts)]
            path.write_text(json.dumps({"devices": listed, "other_host": {"latency_seconds": 1e-5, "bandwidth": 1e9}}))
            return ["--devices", path]

        def planned(*hosts):
            report = jobs.report(*model, *devices(*hosts))
            return {"devices": len(hosts), "hosts": len(set(hosts)), "mesh": report["plan"]["mesh"],
                    "predicted_seconds": report["predicted_ms"] / 1e3}

        report = jobs.report(*model, *devices("a", "a", "a", "a"))
        found = report["plan"]["alternatives"]
        expected = [planned("a"), planned("a", "a"), planned(*"aaaabbbb")]
        for alternative in (*found, *expected):
            alternative["predicted_seconds"] = round(alternative["predicted_seconds"], 9)
        self.assertEqual(found, expected)
        # Of a mesh that is forced too, and wherever a plan is shown.
        package = self.folder / "p.mlcpkg"
        compiled = self.run_ok(*model, *devices("a", "a", "a", "a"), "--mesh", "pp=2", "-o", package, tool="mlc-compile").out
        times = [f"{alternative['predicted_seconds'] * 1e3:.3f} ms" for alternative in expected]
        line = f"with 1 such device {times[0]}, with 2 {times[1]}, with 8 on 2 hosts {times[2]}\n"
        for text in (compiled, self.run_ok("--info", package).out, self.run_ok(package).out):
            self.assertIn(line, text)
        # What does not fit is said.
        device["memory_bytes"] = 100_000
        text = self.run_ok(*model, *devices("a", "a", "a", "a")).out
        self.assertIn("with 1 such device too little memory, ", text)

    def test_idle_ranks(self):
        # The mesh was forced: nobody compared.
        text = self.run_ok(MLP / "model.onnx", "--mesh", "tp=1", ranks=2).out
        self.assertIn("1 rank is idle: the plan has no part for it", text)

    def test_compile_summary(self):
        result = self.run_ok(BERT / "model.onnx", "-o", self.folder / "p.mlcpkg", "--mesh", "tp=2", "--json", "-", tool="mlc-compile")
        summary = json.loads(result.out)
        self.assertEqual(summary["tp"], 2)
        self.assertEqual(len(summary["rank_weights_bytes"]), 2)
        self.assertGreater(summary["code_bytes"], 1000)
        self.assertEqual(set(summary), {"package", "cache_hit", "compile_seconds", "phases", "programs", "code_bytes", "weights_bytes", "dp",
                                        "pp", "tp", "predicted_ms", "alternatives", "rank_weights_bytes", "peak_rss_bytes"})

    def test_trace(self):
        path = self.folder / "trace.json"
        self.run_ok(BERT / "model.onnx", "--devices", jobs.equal_devices(self.folder, 2), "--mesh", "pp=2", "--microbatches", 3,
                    "--input", "input_ids=6x8", "--iterations", 2, "--warmup", 1, "--trace", path, ranks=2)
        events = json.loads(path.read_text())["traceEvents"]
        timed = [event for event in events if event["ph"] == "X"]
        self.assertEqual({event["pid"] for event in events}, {0, 1})
        for rank in (0, 1):
            mine = [event for event in timed if event["pid"] == rank]
            runs = [event for event in mine if event["name"] == "run"]
            self.assertEqual(len(runs), 2)
            for name in ("receive", "compute", "send"):
                parts = [event for event in mine if event["name"] == name]
                self.assertEqual([event["args"]["microbatch"] for event in parts], [0, 1, 2] * 2)
                for event in parts:
                    inside = [run for run in runs if run["ts"] <= event["ts"] + 1 and event["ts"] + event["dur"] <= run["ts"] + run["dur"] + 1]
                    self.assertEqual(len(inside), 1)
            self.assertEqual(len([event for event in mine if event["name"] == "load"]), 1)

    def test_dumps(self):
        stages = ["import", "optimize", "plan", "partition", "kernels", "host"]
        for tool, more in (("mlc-run", []), ("mlc-compile", ["-o", self.folder / "p.mlcpkg"])):
            dumps = self.folder / tool
            self.run_ok(BERT / "model.onnx", "--mesh", "tp=2", "--dump-after", ",".join(stages), "--dump-dir", dumps, *more, tool=tool)
            names = [path.name for path in dumps.iterdir()]
            for stage in stages:
                self.assertTrue([name for name in names if name.startswith(stage)], f"{stage} is not among {names}")
            self.assertEqual(json.loads((dumps / "plan.json").read_text())["mesh"], {"dp": 1, "pp": 1, "tp": 2})
            self.assertIn("graph.", (dumps / "import.mlir").read_text())
        self.run_ok(MLP / "model.onnx", "--dump-after", "plan", "--dump-dir", self.folder / "one")
        self.assertEqual([path.name for path in (self.folder / "one").iterdir()], ["plan.json"])


class Tensors(Case):
    def identity(self, names=("x",)):
        """A model that gives its inputs, whose first dim is of any size, as outputs, under names that no file can have."""
        nodes = [helper.make_node("Identity", [name], [f"out/{name}:0"], name=f"of_{name}") for name in names]
        values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in names]
        outputs = [helper.make_tensor_value_info(f"out/{name}:0", TensorProto.FLOAT, ["n", 3]) for name in names]
        path = self.folder / "model.onnx"
        graph = helper.make_graph(nodes, "identity", values, outputs)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
        return path

    def given(self, *arguments, output="out/x:0"):
        """The array that the model was given."""
        outputs = self.folder / "outputs"
        self.run_ok(self.folder / "model.onnx", "--outputs", outputs, *arguments)
        return np.load(outputs / json.loads((outputs / "outputs.json").read_text())[output])

    def test_inputs(self):
        self.identity()
        array = np.random.default_rng(1).standard_normal((4, 3)).astype(np.float32)
        np.save(self.folder / "x.npy", array)
        np.save(self.folder / "fortran.npy", np.asfortranarray(array))
        np.savez(self.folder / "stored.npz", first=np.zeros(2), second=array)
        np.savez_compressed(self.folder / "deflated.npz", first=np.zeros(2), second=array)
        np.savez_compressed(self.folder / "single.npz", array)
        jobs.write_tensor(self.folder / "x.pb", "x", array)
        for name in ("x.npy", "fortran.npy", "stored.npz:second", "deflated.npz:second", "single.npz", "single.npz:arr_0", "x.pb"):
            with self.subTest(file=name):
                np.testing.assert_array_equal(self.given("--input", f"x=@{self.folder}/{name}"), array)
        np.testing.assert_array_equal(self.given("--input", "x=2x3xf32=7"), np.full((2, 3), 7, np.float32))
        np.testing.assert_array_equal(self.given("--input", "x=2x3=-1.5"), np.full((2, 3), -1.5, np.float32))
        np.testing.assert_array_equal(self.given("--input", "x=2x3=iota"), np.arange(6, dtype=np.float32).reshape(2, 3))
        self.assertEqual(self.given("--dim", "n=5").shape, (5, 3))
        result = jobs.mlc_run(self.folder / "model.onnx", "--input", f"x=@{self.folder}/stored.npz:third")
        self.assertEqual(result.code, jobs.INVALID)
        self.assertIn("second", result.err)

    def test_random_inputs_follow_the_seed(self):
        self.identity(["x", "y"])
        first = self.given("--input", "x=9x3", "--seed", 1)
        self.assertGreater(len(np.unique(first)), 20)
        np.testing.assert_array_equal(self.given("--input", "x=9x3", "--seed", 1), first)
        self.assertFalse(np.array_equal(self.given("--input", "x=9x3", "--seed", 2), first))
        self.assertFalse(np.array_equal(self.given("--input", "x=9x3", "--seed", 1, output="out/y:0"), first))

    def test_folder_of_inputs_and_both_kinds_of_outputs(self):
        for kind, mesh in (("npy", "tp=1"), ("pb", "tp=2")):
            outputs = self.folder / kind
            report = jobs.report(BERT / "model.onnx", "--inputs", BERT, "--outputs", outputs, "--outputs-format", kind, "--mesh", mesh)
            names = json.loads((outputs / "outputs.json").read_text())
            self.assertEqual(list(names), ["last_hidden_state", "sentence_embedding"])
            self.assertEqual([output["file"] for output in report["outputs"]], list(names.values()))
            if kind == "pb":
                self.assertEqual(list(names.values()), ["output_0.pb", "output_1.pb"])
            for index, file in enumerate(names.values()):
                expected = jobs.read_tensor(BERT / f"output_{index}.pb")
                actual = np.load(outputs / file) if kind == "npy" else jobs.read_tensor(outputs / file)
                np.testing.assert_allclose(actual, expected, atol=1e-4 * np.abs(expected).max())
            # What was written can be expected of the next run.
            self.run_ok(BERT / "model.onnx", "--inputs", BERT, "--expect", outputs)


class Packages(Case):
    def test_need_no_compiler(self):
        package = self.folder / "p.mlcpkg"
        self.run_ok(BERT / "model.onnx", "-o", package, "--mesh", "tp=2", tool="mlc-compile")
        alone = self.folder / "bin"
        alone.mkdir()
        for name in ("mlc-run", "libmlc_mpi.so"):
            shutil.copy(jobs.RUNFILES / "tools" / name, alone)
        linked = subprocess.run(["ldd", alone / "mlc-run"], capture_output=True, text=True, check=True).stdout
        self.assertIn("libc.so", linked)
        for library in ("LLVM", "MLIR", "lld", "protobuf", "libmpi"):
            self.assertNotIn(library, linked)
        arguments = []
        for index, name in enumerate(("input_ids", "attention_mask", "token_type_ids")):
            np.save(self.folder / f"{name}.npy", jobs.read_tensor(BERT / f"input_{index}.pb"))
            arguments += ["--input", f"{name}=@{self.folder}/{name}.npy"]
        for ranks in (None, 2):
            self.run_ok(package, *arguments, "--outputs", self.folder, tool=alone / "mlc-run", ranks=ranks)
            expected = jobs.read_tensor(BERT / "output_1.pb")
            np.testing.assert_allclose(np.load(self.folder / "sentence_embedding.npy"), expected, atol=1e-4 * np.abs(expected).max())
        result = jobs.run(alone / "mlc-run", BERT / "model.onnx")
        self.assertEqual(result.code, jobs.UNSUPPORTED)
        self.assertIn("models are compiled by libmlc_compiler.so", result.err)
        # Before anything is run.
        for ranks in (None, 2):
            result = jobs.run(alone / "mlc-run", package, "--outputs", self.folder / "protos", "--outputs-format", "pb", "--trace",
                              self.folder / "trace.json", ranks=ranks)
            self.assertEqual(result.code, jobs.UNSUPPORTED)
            self.assertIn("files of --outputs-format pb are written by libmlc_compiler.so", result.err)
            self.assertFalse((self.folder / "trace.json").exists())
            self.assertFalse((self.folder / "protos").exists())
        result = jobs.run(alone / "mlc-run", package, "--inputs", BERT)
        self.assertEqual(result.code, jobs.UNSUPPORTED)
        self.assertIn("input_0.pb is read by libmlc_compiler.so", result.err)

    def test_a_compiler_without_a_build_id(self):
        # Packages would be found by that of any other one.
        folder = self.folder / "bin"
        folder.mkdir()
        shutil.copy(jobs.RUNFILES / "tools/mlc-run", folder)
        library = bytearray((jobs.RUNFILES / "tools/libmlc_compiler.so").read_bytes())
        at = library.index(struct.pack("<III", 4, 20, 3) + b"GNU\0")  # a note's sizes, type and name
        library[at + 12 : at + 15] = b"XXX"
        (folder / "libmlc_compiler.so").write_bytes(library)
        result = jobs.run(folder / "mlc-run", MLP / "model.onnx")
        self.assertEqual(result.code, jobs.UNSUPPORTED)
        self.assertIn("libmlc_compiler.so has no build id", result.err)


class WrongResults(Case):
    def test_expect(self):
        for index in range(2):
            expected = jobs.read_tensor(BERT / f"output_{index}.pb").copy()
            if index == 1:
                expected[1, 7] += 0.01
            jobs.write_tensor(self.folder / f"output_{index}.pb", "output", expected)
        arguments = [BERT / "model.onnx", "--inputs", BERT, "--expect", self.folder]
        for options in ({}, {"ranks": 2}):
            result = jobs.mlc_run(*arguments, **options)
            self.assertEqual(result.code, jobs.WRONG)
            self.assertIn("sentence_embedding", result.err)
        # The report is there all the same.
        self.assertIn("WRONG", result.out)
        self.run_ok(*arguments, "--atol", 0.02)
        jobs.write_tensor(self.folder / "output_1.pb", "output", np.zeros((2, 2), np.float32))
        self.assertEqual(jobs.mlc_run(*arguments).code, jobs.WRONG)

    def test_verify(self):
        # No result is exact: a tolerance of 0 is what --verify must fail.
        arguments = [BERT / "model.onnx", "--inputs", BERT, "--verify", "--mesh", "tp=2"]
        self.assertEqual(jobs.mlc_run(*arguments, "--rtol", 0, "--atol", 0).code, jobs.WRONG)
        self.run_ok(*arguments)
        self.run_ok(*arguments, ranks=2)


if __name__ == "__main__":
    unittest.main()
