"""Packages that were changed (also with a right checksum), are for another CPU, or could not be written because the disk was full."""

import copy
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import unittest

import jobs

BERT = jobs.MODELS / "bert/model.onnx"


class ChangedPackages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.package = jobs.SCRATCH / "whole.mlcpkg"
        result = jobs.mlc_compile(BERT, "-o", cls.package, "--mesh", "tp=2")
        if result.code != jobs.DONE:
            raise AssertionError(result.err)

    def setUp(self):
        self.changed = jobs.SCRATCH / f"{self.id()}.mlcpkg"
        self.restore()

    def restore(self):
        shutil.rmtree(self.changed, ignore_errors=True)
        shutil.copytree(self.package, self.changed)

    def expect_refused(self, *words, **options):
        result = jobs.mlc_run(self.changed, **options)
        self.assertEqual(result.code, jobs.INVALID, result.err)
        for word in words:
            self.assertIn(word, result.err)
        self.assertEqual(result.out, "")

    def test_whole_package_runs(self):
        self.assertEqual(jobs.mlc_run(self.changed).code, jobs.DONE)

    def test_every_flipped_file_is_noticed(self):
        files = sorted(path.name for path in self.package.iterdir() if path.is_file())
        self.assertIn("manifest.json", files)
        self.assertTrue(any(name.endswith(".so") for name in files))
        for name in files:
            size = (self.package / name).stat().st_size
            for at in {0, size // 3, size // 2, size - 2}:
                with self.subTest(file=name, at=at):
                    self.restore()
                    content = bytearray((self.package / name).read_bytes())
                    content[at] ^= 1
                    (self.changed / name).write_bytes(content)
                    self.expect_refused(name)

    def test_files_cut_short_or_gone(self):
        for path in self.package.iterdir():
            with self.subTest(file=path.name):
                self.restore()
                os.truncate(self.changed / path.name, path.stat().st_size // 2)
                self.expect_refused(path.name)
                (self.changed / path.name).unlink()
                self.expect_refused(path.name)

    def test_numbers_changed_in_the_manifest(self):
        manifest = self.changed / "manifest.json"
        text = manifest.read_text()
        for old, new in (('"tp": 2', '"tp": 1'), ('"first_hash": 0', '"first_hash": 1'), ('"seq"', '"qes"'),
                         ('"format_version": 5', '"format_version": 7')):
            with self.subTest(change=new):
                self.assertIn(old, text)
                manifest.write_text(text.replace(old, new, 1))
                self.expect_refused("manifest.json" if "version" not in new else "version")

    def test_damaged_pieces_are_named(self):
        """By the rank that reads them."""
        manifest = json.loads((self.package / "manifest.json").read_text())
        split = [weight for weight in manifest["weights"] if len(weight["offsets"]) == 2]
        self.assertGreater(len(split), 0)
        for rank, ranks in ((0, None), (1, None), (1, 2)):
            weight = split[rank]
            with self.subTest(weight=weight["name"], rank=rank, ranks=ranks):
                self.restore()
                with (self.changed / "weights.bin").open("r+b") as file:
                    file.seek(weight["offsets"][rank])
                    byte = file.read(1)[0]
                    file.seek(weight["offsets"][rank])
                    file.write(bytes([byte ^ 1]))
                self.expect_refused(f"rank {rank}", "weights.bin", f"weight '{weight['name']}' has other bytes", ranks=ranks)

    def test_not_a_package(self):
        empty = jobs.SCRATCH / "empty.mlcpkg"
        empty.mkdir()
        result = jobs.mlc_run(empty)
        self.assertEqual(result.code, jobs.INVALID)
        self.assertIn("manifest.json", result.err)

    def test_under_mpirun(self):
        (self.changed / "plan.json").write_text("{}")
        self.expect_refused("plan.json", ranks=2)

    def test_model_changed_behind_a_package_by_reference(self):
        # mlc-run's own packages refer to the model's files; a changed file is a changed model, which is compiled anew.
        folder = jobs.SCRATCH / "changing"
        shutil.copytree(BERT.parent, folder)
        os.chmod(folder / "model.onnx.data", 0o644)
        arguments = [folder / "model.onnx", "--inputs", folder]
        jobs.report(*arguments)
        self.assertTrue(jobs.report(*arguments)["cache_hit"])
        data = bytearray((folder / "model.onnx.data").read_bytes())
        data[-2] ^= 1
        (folder / "model.onnx.data").write_bytes(data)
        self.assertFalse(jobs.report(*arguments)["cache_hit"])

    def test_another_cpu(self):
        # Of this architecture, a CPU may have every feature that code is made with: loader_test has one that none has.
        shutil.rmtree(self.changed)
        result = jobs.mlc_compile(BERT, "-o", self.changed, "--target", "aarch64")
        self.assertEqual(result.code, jobs.DONE, result.err)
        self.expect_refused("compiled for aarch64", "CPU")


class RewrittenManifests(unittest.TestCase):
    """A manifest that says something else than its programs do, or than its other parts, with the checksum that goes with it."""

    def compiled(self, model, *arguments):
        package = jobs.SCRATCH / f"{model}.mlcpkg"
        if not package.exists():
            result = jobs.mlc_compile(jobs.MODELS / model / "model.onnx", "-o", package, *arguments)
            self.assertEqual(result.code, jobs.DONE, result.err)
        return package, json.loads((package / "manifest.json").read_text())

    def expect_refused(self, package, manifest, words, *arguments):
        changed = jobs.SCRATCH / "rewritten.mlcpkg"
        shutil.rmtree(changed, ignore_errors=True)
        shutil.copytree(package, changed)

        def printed():
            return json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n"

        manifest["checksum"] = ""
        manifest["checksum"] = hashlib.blake2b(printed().encode(), digest_size=32).hexdigest()
        (changed / "manifest.json").write_text(printed())
        result = jobs.mlc_run(changed, *arguments)
        self.assertEqual(result.code, jobs.INVALID, result.err)
        self.assertIn(words, result.err)
        self.assertIn("rewritten.mlcpkg", result.err)

    def test_the_whole_one_runs(self):
        package, _ = self.compiled("mlp")
        self.assertEqual(jobs.mlc_run(package).code, jobs.DONE)

    def test_other_lists_than_the_code_reads(self):
        package, manifest = self.compiled("gpt2_with_past", "--keep-states", "--mesh", "tp=1")
        for key in ("inputs", "outputs", "weights", "states", "symbols"):
            with self.subTest(key=key):
                changed = copy.deepcopy(manifest)
                changed["programs"][0][key] = []
                self.expect_refused(package, changed, "was compiled for other symbols, inputs, outputs, weights or states")

    def test_other_shapes_than_the_code_reads(self):
        package, manifest = self.compiled("bert")
        changed = copy.deepcopy(manifest)
        for output in (changed["outputs"][0], changed["programs"][0]["outputs"][0]["spec"]):
            output["dims"] = ["batch"] * len(output["dims"])
        self.expect_refused(package, changed, "was compiled for other")
        changed = copy.deepcopy(manifest)
        changed["weights"][0]["shape"][0] //= 2
        self.expect_refused(package, changed, "was compiled for other")

    def test_stages_that_do_not_meet(self):
        # So slow that both stages have work.
        devices = jobs.equal_devices(jobs.SCRATCH, 2, peak_flops={"f32": 1e8})
        package, manifest = self.compiled("llama_with_past", "--keep-states", "--mesh", "pp=2", "--devices", devices)

        def receive(manifest):
            return next(value for value in manifest["programs"][1]["inputs"] if value["kind"] == "receive")

        def send(manifest):
            return next(value for value in manifest["programs"][0]["outputs"] if value["kind"] == "send")

        for words, change in (
            ("receives what no earlier stage sends", lambda m: receive(m).update(channel=9)),
            ("receives what no earlier stage sends", lambda m: receive(m).update(from_stage=1)),
            ("receives what no earlier stage sends", lambda m: m["programs"][0]["outputs"].remove(send(m))),
            ("other dims", lambda m: receive(m)["spec"].update(dims=["0"])),
            ("stage", lambda m: m["ranks"][0].update(program=1)),
            ("no stage behind", lambda m: send(m).update(to_stage=0)),
        ):
            with self.subTest(words=words):
                changed = copy.deepcopy(manifest)
                change(changed)
                self.expect_refused(package, changed, words)

    def test_numbers_and_names(self):
        package, manifest = self.compiled("mlp")
        for words, change in (
            ("plan", lambda m: m.update(plan="/dev/zero")),
            ("microbatches", lambda m: m.update(microbatches=2**31 - 1)),
            ("tp must be an integer of 32 bits", lambda m: m.update(tp=2**32 + 1)),
            ("extra is no key", lambda m: m.update(extra=1)),
            ("panel", lambda m: m["programs"][0]["weights"][0].update(layout="panels", panel=2**62)),
        ):
            with self.subTest(words=words):
                changed = copy.deepcopy(manifest)
                change(changed)
                self.expect_refused(package, changed, words)

    def test_sizes_without_end(self):
        package, manifest = self.compiled("mlp")
        for dim in (" * ".join(f"(a{i} + b{i})" for i in range(24)), " % ".join(["n"] + [f"k{i}" for i in range(3000)]),
                    " / ".join(["n"] + [f"k{i}" for i in range(300)])):
            changed = copy.deepcopy(manifest)
            changed["outputs"][0]["dims"][0] = dim
            self.expect_refused(package, changed, "bad dimension")


class FullDisk(unittest.TestCase):
    def test_file_size_limits(self):
        """Every file that grows beyond the limit fails, as on a full disk, whichever of them it is."""
        cache = jobs.SCRATCH / "limited_cache"
        output = jobs.SCRATCH / "limited.mlcpkg"
        failed = 0
        for kilobytes in (1, 16, 64, 256):
            shutil.rmtree(cache, ignore_errors=True)
            result = jobs.mlc_compile(BERT, "-o", output, before=["prlimit", f"--fsize={kilobytes * 1024}"],
                                      environment={"MLC_CACHE": str(cache)})
            if result.code == jobs.DONE:
                shutil.rmtree(output)
                continue
            failed += 1
            self.assertEqual(result.code, jobs.INVALID, result.err)
            self.assertIn("File too large", result.err)
            self.assertFalse(output.exists())
            jobs.check_nothing_half_written(self, cache)
            self.assertEqual(list(cache.glob("packages/*")), [])
        self.assertGreater(failed, 1)

    def test_full_file_system(self):
        disk = jobs.SCRATCH / "disk"
        disk.mkdir()
        for kilobytes in (64, 200):
            mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(disk)]
            if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
                self.skipTest("may not mount a file system")
            try:
                for output, cache in ((disk / "out.mlcpkg", jobs.SCRATCH / "cache"), (jobs.SCRATCH / "out.mlcpkg", disk / "cache")):
                    shutil.rmtree(jobs.SCRATCH / "out.mlcpkg", ignore_errors=True)
                    result = jobs.mlc_compile(BERT, "-o", output, environment={"MLC_CACHE": str(cache)})
                    with self.subTest(kilobytes=kilobytes, output=output.parent.name):
                        if result.code != jobs.DONE:
                            self.assertEqual(result.code, jobs.INVALID, result.err)
                            self.assertIn("No space left", result.err)
                            self.assertFalse(output.exists())
                            jobs.check_nothing_half_written(self, disk)
                        self.assertTrue(result.code != jobs.DONE or kilobytes > 64)
            finally:
                subprocess.run(["umount", str(disk)], check=True)


if __name__ == "__main__":
    unittest.main()
