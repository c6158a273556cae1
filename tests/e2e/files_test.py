"""What the tools write, and what they leave alone: only packages are replaced, devices and pipes are written into, nothing is left."""

import json
import os
import stat
import subprocess
import threading
import unittest

import jobs
import numpy as np
import onnx
from onnx import TensorProto, helper

MLP = jobs.MODELS / "mlp/model.onnx"


class Case(jobs.ToolTest):
    @classmethod
    def setUpClass(cls):
        cls.package = jobs.SCRATCH / f"{cls.__name__}.mlcpkg"
        result = jobs.mlc_compile(MLP, "-o", cls.package)
        if result.code != jobs.DONE:
            raise AssertionError(result.err)


class Packages(Case):
    def test_other_folders_are_not_replaced(self):
        app = self.folder / "app"
        (app / "src").mkdir(parents=True)
        (app / "manifest.json").write_text('{"name": "my web app"}')
        (app / "src/main.js").write_text("precious")
        self.expect(jobs.USAGE, MLP, "-o", app, tool="mlc-compile", words=["app exists and is not a package"])
        self.assertEqual((app / "src/main.js").read_text(), "precious")
        self.assertEqual(sorted(os.listdir(self.folder)), ["app"])

    def test_what_lies_in_a_package_besides_stays(self):
        out = self.folder / "out.mlcpkg"
        self.expect(jobs.DONE, MLP, "-o", out, tool="mlc-compile")
        (out / "notes.txt").write_text("precious")
        self.expect(jobs.USAGE, MLP, "-o", out, tool="mlc-compile", words=["notes.txt"])
        self.assertEqual((out / "notes.txt").read_text(), "precious")
        (out / "notes.txt").unlink()
        self.expect(jobs.DONE, MLP, "-o", f"{out}/", "--mesh", "tp=2", tool="mlc-compile")
        self.assertEqual(json.loads((out / "manifest.json").read_text())["tp"], 2)
        jobs.check_nothing_half_written(self, self.folder)

    def test_what_a_killed_compilation_left_is_collected(self):
        left = self.folder / ".out.mlcpkg.mlc-a1B2c3"
        (left / "deep").mkdir(parents=True)
        kept = self.folder / ".out.mlcpkg.mlc-mine"
        kept.mkdir()
        self.expect(jobs.DONE, MLP, "-o", self.folder / "out.mlcpkg", tool="mlc-compile")
        self.assertEqual(sorted(os.listdir(self.folder)), [kept.name, "out.mlcpkg"])

    def test_foreign_temporary_names_are_not_followed(self):
        # As a job would have been tricked that names its files after its process.
        outside = self.folder / "outside"
        outside.mkdir()
        for number in range(os.getpid(), os.getpid() + 3000):
            (self.folder / f"report.json.tmp.{number}").symlink_to(outside / "file")
        self.expect(jobs.DONE, self.package, "--json", self.folder / "report.json")
        self.assertEqual(os.listdir(outside), [])


class Reports(Case):
    def through_a_pipe(self, option):
        pipe = self.folder / f"{option}.pipe"
        os.mkfifo(pipe)
        got = []
        reader = threading.Thread(target=lambda: got.append(pipe.read_text()), daemon=True)
        reader.start()
        self.expect(jobs.DONE, self.package, option, pipe)
        self.assertTrue(stat.S_ISFIFO(os.lstat(pipe).st_mode))
        reader.join(10)
        return json.loads(got[0])

    def test_pipes(self):
        self.assertIn("latency_ms", self.through_a_pipe("--json"))
        self.assertIn("traceEvents", self.through_a_pipe("--trace"))

    def test_devices(self):
        null = self.folder / "null"
        try:
            os.mknod(null, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        except PermissionError:
            self.skipTest("only root makes devices")
        self.expect(jobs.DONE, self.package, "--trace", null, "--json", null)
        self.assertTrue(stat.S_ISCHR(os.lstat(null).st_mode))
        self.expect(jobs.INVALID, self.package, "--json", "/dev/full", words=["/dev/full", "No space left"])
        self.assertEqual(os.listdir(self.folder), ["null"])

    def test_files_that_are_open(self):
        command = '"$0" "$1" --json >(cat > process) > /dev/null && "$0" "$1" --json /dev/stdout > both && sleep 1'
        subprocess.run(["bash", "-c", command, jobs.RUNFILES / "tools/mlc-run", self.package], cwd=self.folder, check=True)
        self.assertIn("latency_ms", json.loads((self.folder / "process").read_text()))
        # The report for people, and behind it the other.
        text = (self.folder / "both").read_text()
        self.assertTrue(text.startswith("model "), text)
        self.assertIn("latency_ms", json.loads(text[text.index("{"):]))

    def test_a_report_that_nobody_can_read_is_an_error(self):
        # A file system that is full, a pipe that was closed.
        with open("/dev/full", "w") as full:
            process = subprocess.run([jobs.RUNFILES / "tools/mlc-run", self.package], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(process.returncode, jobs.INVALID, process.stderr)
        self.assertIn("standard output", process.stderr)
        command = '"$0" "$1" --json >(true) > /dev/null'
        process = subprocess.run(["bash", "-c", command, jobs.RUNFILES / "tools/mlc-run", self.package], stderr=subprocess.PIPE, text=True)
        self.assertIn(process.returncode, (jobs.DONE, jobs.INVALID))

    def test_folders(self):
        for option in ("--json", "--trace"):
            self.expect(jobs.INVALID, self.package, option, self.folder, words=[str(self.folder), "directory"])
            self.assertEqual(os.listdir(self.folder), [])
        self.assertEqual([name for name in os.listdir(jobs.SCRATCH) if self.id() in name], [self.id()])

    def test_a_link_stays_and_a_mode_is_kept(self):
        (self.folder / "report.json").write_text("before")
        os.chmod(self.folder / "report.json", 0o600)
        (self.folder / "link").symlink_to("report.json")
        self.expect(jobs.DONE, self.package, "--json", self.folder / "link")
        self.assertTrue((self.folder / "link").is_symlink())
        json.loads((self.folder / "report.json").read_text())
        self.assertEqual(stat.S_IMODE(os.stat(self.folder / "report.json").st_mode), 0o600)


class Outputs(Case):
    def test_pipes(self):
        os.mkfifo(self.folder / "y.npy")
        got = []
        reader = threading.Thread(target=lambda: got.append((self.folder / "y.npy").read_bytes()), daemon=True)
        name = json.loads((self.package / "manifest.json").read_text())["outputs"][0]["name"]
        (self.folder / "y.npy").rename(self.folder / f"{name}.npy")
        reader = threading.Thread(target=lambda: got.append((self.folder / f"{name}.npy").read_bytes()), daemon=True)
        reader.start()
        self.expect(jobs.DONE, self.package, "--outputs", self.folder)
        reader.join(10)
        self.assertTrue(got[0].startswith(b"\x93NUMPY"))

    def test_only_the_tensors_of_a_longer_sequence_go(self):
        # A sequence of two is written where one of four lay, and other things.
        values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in ("a", "b")]
        sequence = helper.make_value_info("s", helper.make_sequence_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, [2])))
        graph = helper.make_graph([helper.make_node("SequenceConstruct", ["a", "b"], ["s"])], "g", values, [sequence])
        model = self.folder / "model.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), model)
        held = self.folder / "out/s"
        held.mkdir(parents=True)
        for index in range(4):
            np.save(held / f"{index}.npy", np.zeros(1))
        (held / "notes.txt").write_text("precious")
        self.expect(jobs.DONE, model, "--outputs", self.folder / "out")
        self.assertEqual(sorted(os.listdir(held)), ["0.npy", "1.npy", "notes.txt"])


class Paths(Case):
    def test_that_cannot_be_looked_at(self):
        (self.folder / "loop").symlink_to("loop")
        for bad in ("a" * 300, self.folder / "loop"):
            self.expect(jobs.INVALID, bad, directory=self.folder)
            self.expect(jobs.INVALID, MLP, "-o", self.folder / bad, tool="mlc-compile")
            self.expect(jobs.INVALID, self.package, "--input", f"x=@{self.folder / bad}")
            self.expect(jobs.INVALID, self.package, "--inputs", self.folder / bad)
            self.expect(jobs.INVALID, self.package, "--outputs", self.folder / bad)
            self.expect(jobs.INVALID, self.package, "--expect", self.folder / bad)
            self.expect(jobs.INVALID, self.package, "--json", self.folder / bad)
            self.expect(jobs.INVALID, MLP, "--plan", self.folder / bad)
            self.expect(jobs.INVALID, MLP, "--devices", self.folder / bad)
            self.expect(jobs.INVALID, MLP, "--dump-after", "plan", "--dump-dir", self.folder / bad)
        self.assertEqual(os.listdir(self.folder), ["loop"])

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody who may not read the folder")
    def test_without_permission(self):
        private = self.folder / "private"
        private.mkdir(mode=0o700)
        (private / "model.onnx").write_bytes(MLP.read_bytes())
        nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        if subprocess.run([*nobody, "ls", jobs.RUNFILES / "tools/mlc-run"], capture_output=True, check=False).returncode != 0:
            self.skipTest("the tools lie where nobody else may look")
        self.expect(jobs.INVALID, private / "model.onnx", before=nobody, words=["Permission denied"])

    def test_pipes_and_devices_in_place_of_models(self):
        os.mkfifo(self.folder / "pipe")
        for path in (self.folder / "pipe", "/dev/zero", "/dev/null"):
            self.expect(jobs.INVALID, path, words=["not a regular file"])
            for ending in ("npy", "npz", "pb"):
                link = self.folder / f"x.{ending}"
                link.symlink_to(path)
                self.expect(jobs.INVALID, self.package, "--input", f"x=@{link}", words=["not a regular file"])
                link.unlink()
        self.expect(jobs.INVALID, MLP, "--plan", "/dev/zero", words=["too large"])

    def test_names_that_are_not_utf8(self):
        model = os.fsencode(self.folder) + b"/m\xff\xfe.onnx"
        with open(model, "wb") as file:
            file.write(MLP.read_bytes())
        environment = {**os.environ, "TMPDIR": "/tmp"}
        for tool, arguments in (("mlc-run", [b"--json", b"-"]), ("mlc-compile", [b"-o", os.fsencode(self.folder) + b"/p\xff.mlcpkg"]),
                                ("mlc-run", [b"--trace", os.fsencode(self.folder) + b"/t\xff"])):
            process = subprocess.run([os.fsencode(jobs.RUNFILES / "tools" / tool), model, *arguments], capture_output=True, env=environment)
            self.assertEqual(process.returncode, jobs.DONE, process.stderr)


if __name__ == "__main__":
    unittest.main()
