"""Whose code runs: a cache that is its user's own and holds what was put there, files of options that name no files, signed packages."""

import fcntl
import os
import shutil
import stat
import subprocess
import unittest

import jobs
import numpy as np
import onnx
from onnx import TensorProto, helper

MLP = jobs.MODELS / "mlp/model.onnx"
BERT = jobs.MODELS / "bert/model.onnx"


class Case(jobs.ToolTest):
    def setUp(self):
        super().setUp()
        self.cache = self.folder / "cache"
        self.environment = {"MLC_CACHE": str(self.cache)}

    def expect(self, code, *arguments, environment=None, **options):
        return super().expect(code, *arguments, environment={**self.environment, **(environment or {})}, **options)

    def hit(self, *arguments, **environment):
        return jobs.report(*arguments, environment={**self.environment, **environment})["cache_hit"]

    def entries(self):
        """Of packages in the cache, the oldest in front."""
        return sorted((path for path in (self.cache / "packages").iterdir()), key=lambda path: (path / "entry.json").stat().st_mtime_ns)

    def linear(self, name, factor):
        """A model of which every one has the same sizes and kernels: x * factor."""
        path = self.folder / f"{name}.onnx"
        values = [helper.make_tensor_value_info(value, TensorProto.FLOAT, [3]) for value in ("x", "y")]
        constant = helper.make_tensor("c", TensorProto.FLOAT, [3], [factor] * 3)
        graph = helper.make_graph([helper.make_node("Mul", ["x", "c"], ["y"])], "g", values[:1], values[1:], [constant])
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
        return path

    def result(self, model, *arguments):
        out = self.folder / "out"
        self.expect(jobs.DONE, model, "--input", "x=3xf32=1", "--outputs", out, *arguments)
        return np.load(out / "y.npy").tolist()


class Cache(Case):
    def test_is_private(self):
        self.hit(MLP)
        for path in (self.cache, *(self.cache / name for name in ("packages", "devices", "hashes")), *self.entries()):
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o700, path)
        self.assertTrue(self.hit(MLP))

    def test_a_package_under_another_ones_key_is_not_run(self):
        self.assertEqual(self.result(self.linear("two", 2.0)), [2.0] * 3)
        self.assertEqual(self.result(self.linear("five", 5.0)), [5.0] * 3)
        two, five = self.entries()
        for planted in ("package.mlcpkg", ""):
            with self.subTest(planted=planted or "entry"):
                shutil.rmtree(two / planted)
                shutil.copytree(five / planted, two / planted)
                self.assertEqual(self.result(self.folder / "two.onnx"), [2.0] * 3)
                self.assertTrue(self.hit(self.folder / "two.onnx"))

    def test_changed_code_is_not_run(self):
        self.hit(MLP)
        program = next(self.entries()[0].rglob("*.so"))
        content = bytearray(program.read_bytes())
        content[len(content) // 2] ^= 1
        program.write_bytes(content)
        self.assertFalse(self.hit(MLP))
        self.assertTrue(self.hit(MLP))
        shutil.rmtree(self.entries()[0] / "package.mlcpkg")
        self.assertFalse(self.hit(MLP))
        (self.entries()[0] / "entry.json").write_text("[]")
        self.assertFalse(self.hit(MLP))

    def flip_a_weight(self):
        (weights,) = self.cache.rglob("weights.bin")
        content = bytearray(weights.read_bytes())
        content[0] ^= 1
        weights.write_bytes(content)

    def folded(self):
        """A model with a weight that its package holds itself: x * (1, 2, 3)."""
        path = self.folder / "folded.onnx"
        values = [helper.make_tensor_value_info(value, TensorProto.FLOAT, [3]) for value in ("x", "y")]
        constant = helper.make_tensor("c", TensorProto.FLOAT, [3], [1, 2, 3])
        graph = helper.make_graph([helper.make_node("Mul", ["x", "c"], ["y"])], "g", values[:1], values[1:], [constant])
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
        return path

    def test_changed_weights_are_not_used(self):
        model = self.folded()
        self.assertEqual(self.result(model), [1, 2, 3])
        self.flip_a_weight()
        self.expect(jobs.INVALID, model, words=["weights.bin", "has other bytes", "removed from the cache: run it again"])
        self.assertEqual(self.result(model), [1, 2, 3])
        self.assertTrue(self.hit(model))

    def test_changed_weights_are_not_copied(self):
        package = self.folder / "p.mlcpkg"
        for _ in range(2):
            self.expect(jobs.DONE, self.folded(), "-o", package, tool="mlc-compile")
            self.assertEqual(self.result(package), [1, 2, 3])
            self.flip_a_weight()

    def test_of_others_is_refused(self):
        self.hit(MLP)
        for path in (self.cache, self.cache / "packages", self.cache / "devices", self.entries()[0]):
            with self.subTest(path=path.name):
                path.chmod(0o777)
                self.expect(jobs.USAGE, MLP, words=[str(path), "others may write", "chmod go-w", "MLC_CACHE"])
                path.chmod(0o700)
                if os.geteuid() == 0:
                    os.chown(path, 65534, 65534)
                    self.expect(jobs.USAGE, MLP, words=[str(path), "belongs to another user", "MLC_CACHE"])
                    os.chown(path, 0, 0)
        self.assertTrue(self.hit(MLP))

    def test_links_are_refused(self):
        self.hit(MLP)
        entry = self.entries()[0]
        entry.rename(self.folder / "elsewhere")
        entry.symlink_to(self.folder / "elsewhere")
        self.expect(jobs.USAGE, MLP, words=[str(entry), "MLC_CACHE"])
        # But the cache as a whole may lie where there is room.
        entry.unlink()
        (self.folder / "elsewhere").rename(entry)
        self.cache.rename(self.folder / "room")
        self.cache.symlink_to(self.folder / "room")
        self.assertTrue(self.hit(MLP))

    def test_a_limit(self):
        models = [self.linear(name, factor) for name, factor in (("a", 1.0), ("b", 2.0), ("c", 3.0))]
        for model in models:
            self.assertFalse(self.hit(model))
        self.assertEqual(len(self.entries()), 3)
        # The first is used, so the second was used the longest ago.
        self.assertTrue(self.hit(models[0]))
        bytes_ = sum(file.stat().st_size for file in (self.cache / "packages").rglob("*") if file.is_file())
        self.assertFalse(self.hit(self.linear("d", 4.0), MLC_CACHE_LIMIT=str(bytes_ + 100)))
        self.assertEqual(len(self.entries()), 3)
        self.assertTrue(self.hit(models[0]))
        self.assertFalse(self.hit(models[1]))
        # What has just been made stays whatever it takes.
        self.expect(jobs.DONE, self.linear("e", 5.0), "--cache-limit", "1kB")
        self.assertEqual(len(self.entries()), 1)
        self.assertTrue(self.hit(self.folder / "e.onnx"))
        self.expect(jobs.USAGE, MLP, "--cache-limit", "much", words=["--cache-limit"])

    def test_list_and_clear(self):
        self.assertIn("0.0 MB of at most 10000.0 MB", self.expect(jobs.DONE, "--cache", "list").out)
        self.hit(MLP)
        self.hit(self.linear("a", 1.0))
        lines = self.expect(jobs.DONE, "--cache", "list").out.splitlines()
        self.assertEqual([line.split()[-1] for line in lines[:-1]], ["a.onnx", "model.onnx"])
        self.assertIn(str(self.cache), lines[-1])
        with open(self.entries()[0] / "entry.json") as used:
            fcntl.flock(used, fcntl.LOCK_SH)
            out = self.expect(jobs.DONE, "--cache", "clear").out
            self.assertIn("removed 1 packages", out)
            self.assertIn("1 are in use", out)
        self.assertTrue(self.hit(MLP))
        self.expect(jobs.DONE, "--cache", "clear")
        self.assertEqual(self.entries(), [])
        self.expect(jobs.USAGE, "--cache", "burn", words=["--cache"])
        self.expect(jobs.USAGE, words=["model"])

    def test_what_killed_jobs_left_is_collected(self):
        self.hit(MLP)
        left = self.cache / "packages" / f".{'0' * 64}.mlc-a1B2c3"
        left.mkdir()
        self.assertTrue(self.hit(MLP))
        self.assertFalse(left.exists())


class ExternalData(Case):
    def model(self, location, in_a_node=False):
        """Of a weight in a file beside it."""
        tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[64], data_location=TensorProto.EXTERNAL)
        for key, value in (("location", location), ("length", "256")):
            tensor.external_data.add(key=key, value=value)
        values = [helper.make_tensor_value_info(value, TensorProto.FLOAT, [64]) for value in ("x", "y")]
        nodes = [helper.make_node("Mul", ["x", "w"], ["y"])]
        if in_a_node:
            nodes.insert(0, helper.make_node("Constant", [], ["w"], value=tensor))
        graph = helper.make_graph(nodes, "g", values[:1], values[1:], [] if in_a_node else [tensor])
        path = self.folder / "model.onnx"
        path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString())
        return path

    def test_devices_and_pipes_are_refused_and_not_read(self):
        (self.folder / "zero").symlink_to("/dev/zero")
        os.mkfifo(self.folder / "pipe")
        (self.folder.parent / "outside.bin").write_bytes(bytes(256))
        for in_a_node in (False, True):
            for location in ("/dev/zero", "zero", "pipe", "../outside.bin", ".", "absent"):
                with self.subTest(location=location, in_a_node=in_a_node):
                    self.expect(jobs.INVALID, self.model(location, in_a_node), words=["tensor 'w'"])

    def test_a_package_depends_on_all_of_it(self):
        for in_a_node in (False, True):
            model = self.model("w.bin", in_a_node)
            for factor in (2, 3):
                (self.folder / "w.bin").write_bytes(np.full(64, factor, np.float32).tobytes())
                self.expect(jobs.DONE, model, "--input", "x=64xf32=1", "--outputs", self.folder / "out")
                self.assertEqual(np.load(self.folder / "out/y.npy")[0], factor)


class FileOfOptions(Case):
    def test_names_no_files_to_write(self):
        kept = self.folder / "kept"
        kept.write_text("precious")
        options = {key: f'"{kept}"' for key in ("json", "trace", "outputs", "dump-dir", "output", "sign", "cache-limit")}
        options |= {"cache": '"clear"', "dump-after": '"plan"'}
        for key, value in options.items():
            (self.folder / "mlc.toml").write_text(f"{key} = {value}\n")
            self.expect(jobs.USAGE, MLP, directory=self.folder, words=[key, "command line"])
            self.expect(jobs.USAGE, MLP, "--config", self.folder / "mlc.toml", words=[key, "command line"])
            self.expect(jobs.USAGE, MLP, "-o", self.folder / "p", tool="mlc-compile", directory=self.folder, words=[key, "command line"])
        self.assertEqual(kept.read_text(), "precious")
        self.assertEqual(sorted(os.listdir(self.folder)), ["kept", "mlc.toml"])

    def test_unknown_keys_are_errors(self):
        for text, word in (("treads = 3\n", "treads"), ("[run]\nthreads = 3\n", "run"), ("config = 'x'\n", "config"), ("help = true\n", "help")):
            (self.folder / "mlc.toml").write_text(text)
            self.expect(jobs.USAGE, MLP, directory=self.folder, words=[word])

    def test_serves_all_tools(self):
        (self.folder / "mlc.toml").write_text('iterations = 2\nranks = 1\ntarget = "host"\nmesh = "tp=1"\n')
        self.assertIn("2 runs", self.expect(jobs.DONE, MLP, directory=self.folder, once=False).out)
        self.expect(jobs.DONE, MLP, "-o", self.folder / "p.mlcpkg", tool="mlc-compile", directory=self.folder)

    def test_is_not_waited_for(self):
        os.mkfifo(self.folder / "mlc.toml")
        self.expect(jobs.DONE, MLP, directory=self.folder)


class Signatures(Case):
    def setUp(self):
        super().setUp()
        self.package = self.folder / "p.mlcpkg"
        for name in ("mine", "other"):
            self.openssl("genpkey", "-algorithm", "ed25519", "-out", f"{name}.pem")
            self.openssl("pkey", "-in", f"{name}.pem", "-pubout", "-out", f"{name}.pub")

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def sign(self, *arguments):
        self.expect(jobs.DONE, BERT, "-o", self.package, "--sign", self.folder / "mine.pem", *arguments, tool="mlc-compile")

    def test_what_is_signed_runs(self):
        self.sign("--mesh", "tp=2")
        for ranks in (None, 2):
            self.expect(jobs.DONE, self.package, "--trust", self.folder / "mine.pub", ranks=ranks)
        (self.folder / "both.pub").write_text((self.folder / "other.pub").read_text() + (self.folder / "mine.pub").read_text())
        self.expect(jobs.DONE, self.package, "--trust", self.folder / "both.pub")
        self.expect(jobs.DONE, self.package)
        # The signature is one that others can check.
        self.openssl("pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "mine.pub", "-in", "p.mlcpkg/manifest.json", "-sigfile",
                     "p.mlcpkg/manifest.sig")
        # A signed package is replaced like others.
        self.sign()
        self.expect(jobs.DONE, BERT, "-o", self.package, tool="mlc-compile")
        self.assertFalse((self.package / "manifest.sig").exists())

    def test_what_is_not_does_not(self):
        self.sign("--mesh", "tp=2")
        trust = ["--trust", self.folder / "mine.pub"]
        for ranks in (None, 2):
            self.expect(jobs.INVALID, self.package, "--trust", self.folder / "other.pub", ranks=ranks, words=["not signed by a trusted key"])
        # Another package's signature, and a change of any file.
        other = self.folder / "other.mlcpkg"
        self.expect(jobs.DONE, MLP, "-o", other, tool="mlc-compile")
        self.expect(jobs.INVALID, other, *trust, words=["is not signed"])
        shutil.copy(self.package / "manifest.sig", other)
        self.expect(jobs.INVALID, other, *trust, words=["not signed by a trusted key"])
        for name in sorted(os.listdir(self.package)):
            with self.subTest(file=name):
                path = self.package / name
                content = path.read_bytes()
                changed = bytearray(content)
                changed[len(changed) // 2] ^= 1
                path.write_bytes(changed)
                self.expect(jobs.INVALID, self.package, *trust)
                path.write_bytes(content)
        self.expect(jobs.DONE, self.package, *trust)

    def test_bad_keys(self):
        self.openssl("genpkey", "-algorithm", "rsa", "-out", "rsa.pem")
        self.openssl("pkey", "-in", "rsa.pem", "-pubout", "-out", "rsa.pub")
        for key in ("rsa.pem", "mine.pub", "absent"):
            self.expect(jobs.INVALID, MLP, "-o", self.package, "--sign", self.folder / key, tool="mlc-compile", words=[key])
            self.assertFalse(self.package.exists())
        self.sign()
        for key in ("rsa.pub", "mine.pem", "absent"):
            self.expect(jobs.INVALID, self.package, "--trust", self.folder / key, words=[key])
        self.expect(jobs.USAGE, MLP, "--trust", self.folder / "mine.pub", words=["--trust", "is a model"])


if __name__ == "__main__":
    unittest.main()
