"""The archives of //tools:dist and //tools:dist_runtime where nothing but glibc is, and with an older glibc."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

import jobs
import numpy as np

ARCHIVES = {"mlc": jobs.RUNFILES / "tools/mlc.tar.gz", "mlc-runtime": jobs.RUNFILES / "tools/mlc-runtime.tar.gz"}
PACK = jobs.RUNFILES / "tools/dist/pack.py"
LINEAR = jobs.MODELS / "linear"
BERT = jobs.MODELS / "bert"

# Of Ubuntu 22.04, the oldest system that the archives are for.
NEWEST_GLIBC = (2, 35)

# With the folders of mount and chroot, which not every user's has.
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"

# Enters a root: unshare ... sh -c ENTER ROOT COMMAND. The kernel's own folders are the only ones from outside.
ENTER = 'set -e; for folder in proc sys dev; do mount --rbind /$folder "$0/$folder"; done; exec chroot "$0" "$@"'


def namespaces():
    """How to get a mount namespace of one's own: as root, or in a user namespace. None where neither is allowed."""
    for options in (["--mount"], ["--mount", "--user", "--map-root-user"]):
        command = ["unshare", *options]
        if subprocess.run([*command, "sh", "-c", "mount --rbind /proc /proc && chroot / true"], env={"PATH": PATH}, capture_output=True, check=False).returncode == 0:
            return command
    return None


def unpack(archive, folder):
    with tarfile.open(ARCHIVES[archive]) as file:
        file.extractall(folder)
    return folder / "mlc"


def binaries(root):
    return [path for folder in ("bin", "lib") for path in (root / folder).iterdir()]


class BareSystem:
    """A root with the shared objects of Debian's libc6, mlc's archive in /big and the runtime's in /small, and nothing else."""

    def __init__(self, folder, command):
        self.root, self.command = folder, command
        for name in ("proc", "sys", "dev", "tmp", "root"):
            (folder / name).mkdir()
        files = subprocess.run(["dpkg", "-L", "libc6"], check=True, capture_output=True, text=True).stdout.split()
        for file in map(pathlib.Path, files):
            if ".so" in file.name and file.is_file() and not str(file).startswith("/usr/share"):
                target = folder / file.relative_to("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target)
        self.big = unpack("mlc", folder / "big")
        self.small = unpack("mlc-runtime", folder / "small")

    def run(self, *arguments, given=None):
        """Runs a program by its path in the root, with an empty environment."""
        command = [*self.command, "sh", "-c", ENTER, self.root, *arguments]
        environment = {"PATH": PATH, "HOME": "/root"}
        return subprocess.run(list(map(str, command)), input=given, capture_output=True, env=environment, timeout=jobs.TIME_LIMIT, check=False)


class InABareSystem(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        command = namespaces()
        if command is None:
            print("SKIPPED: neither root nor user namespaces: no bare system can be entered", file=sys.stderr)
            raise unittest.SkipTest("needs root or user namespaces")
        scratch = tempfile.TemporaryDirectory(dir=jobs.SCRATCH)
        cls.addClassCleanup(scratch.cleanup)
        cls.system = BareSystem(pathlib.Path(scratch.name), command)
        for model in (LINEAR, BERT):
            shutil.copytree(model, cls.system.root / model.name)
        (cls.system.root / "inputs").mkdir()
        for index, name in enumerate(("input_ids", "attention_mask", "token_type_ids")):
            np.save(cls.system.root / f"inputs/{name}.npy", jobs.read_tensor(BERT / f"input_{index}.pb"))
        for model in (LINEAR, BERT):
            cls.run_ok("/big/mlc/bin/mlc-compile", f"/{model.name}/model.onnx", "-o", f"/{model.name}.mlcpkg")

    @classmethod
    def run_ok(cls, *arguments, **options):
        result = cls.system.run(*arguments, **options)
        if result.returncode != jobs.DONE:
            raise AssertionError(f"exit code {result.returncode}: {arguments}\n{result.stderr.decode()}")
        return result.stdout

    def test_nothing_else_is_there(self):
        self.assertNotEqual(self.system.run("/bin/sh", "-c", "true").returncode, 0)
        names = {path.name for path in self.system.root.rglob("*.so*") if "mlc" not in path.relative_to(self.system.root).parts}
        self.assertIn("libc.so.6", names)
        self.assertEqual({name for name in names if re.search(r"LLVM|MLIR|hwloc|tbb|libz|sodium", name)}, set())

    def test_runs_models(self):
        for tool in ("mlc-run", "mlc-compile"):
            self.assertIn(b"Usage", self.run_ok(f"/big/mlc/bin/{tool}", "--help"))
        for model in ("linear", "bert"):
            for mesh in ("tp=1", "tp=2"):
                self.run_ok("/big/mlc/bin/mlc-run", f"/{model}/model.onnx", "--inputs", f"/{model}", "--expect", f"/{model}", "--verify",
                            "--mesh", mesh)

    def test_runs_packages_with_the_small_archive(self):
        self.run_ok("/small/mlc/bin/mlc-run", "/bert.mlcpkg", "--inputs", "/inputs", "--outputs", "/outputs")
        expected = jobs.read_tensor(BERT / "output_1.pb")
        result = np.load(self.system.root / "outputs/sentence_embedding.npy")
        np.testing.assert_allclose(result, expected, atol=1e-4 * np.abs(expected).max())
        refused = self.system.run("/small/mlc/bin/mlc-run", "/bert/model.onnx")
        self.assertEqual(refused.returncode, jobs.UNSUPPORTED)
        self.assertIn(b"libmlc_compiler.so", refused.stderr)

    def test_runs_a_program_in_c(self):
        x, expected = (jobs.read_tensor(LINEAR / f"{name}_0.pb") for name in ("input", "output"))
        for archive, folder in (("big", self.system.big), ("small", self.system.small)):
            program = self.system.root / f"{archive}_program"
            subprocess.run(["clang-22", "-std=c11", "-Wall", "-Werror", jobs.RUNFILES / "tests/e2e/use_c_api.c", "-I", folder / "include",
                            "-L", folder / "lib", "-lmlc", f"-Wl,-rpath,/{archive}/mlc/lib", "-o", program], check=True)
            output = self.run_ok(f"/{program.name}", "/linear.mlcpkg", *x.shape, given=x.tobytes())
            np.testing.assert_allclose(np.frombuffer(output, np.float32).reshape(expected.shape), expected, rtol=1e-4, atol=1e-5)

    def test_each_carried_library_is_needed(self):
        for library in (self.system.big / "lib").iterdir():
            if library.name == "libmlc.so":
                continue
            with self.subTest(library=library.name):
                away = library.rename(library.with_suffix(".away"))
                result = self.system.run("/big/mlc/bin/mlc-run", "/linear/model.onnx")
                away.rename(library)
                self.assertEqual(result.returncode, jobs.UNSUPPORTED)
                self.assertIn(library.name, result.stderr.decode())


class Contents(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(dir=jobs.SCRATCH)
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def test_need_no_newer_glibc(self):
        for archive in ARCHIVES:
            for binary in binaries(unpack(archive, self.folder / archive)):
                text = subprocess.run(["readelf", "--version-info", "--wide", binary], check=True, capture_output=True, text=True).stdout
                versions = {tuple(map(int, version.split("."))) for version in re.findall(r"Name: GLIBC_([\d.]+)", text)}
                self.assertTrue(versions, binary)
                self.assertLessEqual(max(versions), NEWEST_GLIBC, binary)

    def test_the_runtime_is_small(self):
        self.assertLessEqual(ARCHIVES["mlc-runtime"].stat().st_size, 10_000_000)

    def test_licenses(self):
        licenses = {archive: {path.name for path in (unpack(archive, self.folder / archive) / "share/licenses").iterdir()} for archive in ARCHIVES}
        both = {"libsodium-dev", "libminizip-dev", "zlib1g-dev", "nlohmann-json3-dev", "libcli11-dev", "libfmt-dev", "libxxhash-dev",
                "libstdc++-12-dev", "GPL-3"}
        compiler = {"libmlir-22-dev", "llvm-22-dev", "liblld-22-dev", "libprotobuf-dev", "libzstd-dev"}
        self.assertEqual(both - licenses["mlc-runtime"], set())
        self.assertEqual(compiler & licenses["mlc-runtime"], set())
        self.assertEqual((both | compiler) - licenses["mlc"], set())

    def test_under_mpirun(self):
        tool = unpack("mlc-runtime", self.folder) / "bin/mlc-run"
        package = self.folder / "linear.mlcpkg"
        self.assertEqual(jobs.mlc_compile(LINEAR / "model.onnx", "-o", package, "--mesh", "tp=2").code, jobs.DONE)
        result = jobs.run(tool, package, ranks=2)
        self.assertEqual(result.code, jobs.DONE, result.err)

    def pack(self, name, library):
        (self.folder / "licenses").write_text("libsodium-dev\n")
        command = ["python3", PACK, self.folder / name, "--licenses", self.folder / "licenses", "--add", "lib", library]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def test_are_the_same_bytes_each_time(self):
        copies = []
        for index, when in enumerate((1, 1_500_000_000)):
            library = self.folder / f"{index}/libmlc.so"
            library.parent.mkdir()
            shutil.copyfile(jobs.RUNFILES / "runtime/api/libmlc.so", library)
            os.utime(library, (when, when))
            self.assertEqual(self.pack(f"{index}.tar.gz", library).returncode, 0)
            copies.append((self.folder / f"{index}.tar.gz").read_bytes())
        self.assertEqual(copies[0], copies[1])

    def test_what_needs_something_else_is_not_packed(self):
        result = self.pack("bad.tar.gz", jobs.RUNFILES / "compiler/library/libmlc_compiler.so")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("libmlc_compiler.so needs libprotobuf-lite.so.32, which is not in the archive", result.stderr)
        self.assertFalse((self.folder / "bad.tar.gz").exists())


if __name__ == "__main__":
    unittest.main()
