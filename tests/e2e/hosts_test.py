"""Jobs over several hosts: what they compute, and what hosts that share no files are sent."""

import json
import os
import shutil
import subprocess
import sys
import unittest

import hosts
import jobs

RTOL = 1e-4


class Case(jobs.ToolTest):
    def hosts(self, count=2, **options):
        made = hosts.Hosts(count, self.folder / "hosts", **options)
        self.addCleanup(made.close)
        return made


class Meshes(Case):
    def check(self, made, model, mesh, ranks):
        folder = jobs.MODELS / model
        with self.subTest(model=model, mesh=mesh, ranks=ranks):
            report = hosts.report(made, folder / "model.onnx", "--mesh", mesh, "--inputs", folder, "--expect", folder, "--rtol", RTOL,
                                  "--threads", 1, "--devices", jobs.equal_devices(made.shared, ranks), ranks=ranks)
            self.assertTrue(report["expect"]["ok"])
            return [rank["host"] for rank in report["ranks"]]

    def test_two_hosts(self):
        made = self.hosts()
        for model, mesh in (("bert", "tp=2"), ("bert", "pp=2"), ("bert", "dp=2"), ("mlp", "tp=2"), ("cnn", "pp=2"), ("cnn", "dp=2")):
            self.assertEqual(self.check(made, model, mesh, 2), ["host0", "host1"])

    def round_trip(self, made):
        """Seconds until the other host says that nobody listens."""
        script = (f"import socket, time\nfor _ in range(5):\n    begin = time.monotonic()\n"
                  f"    socket.socket().connect_ex(('{made.addresses[1]}', 9))\n    print(time.monotonic() - begin)")
        result = subprocess.run([*made.on(0), sys.executable, "-c", script], check=True, capture_output=True, text=True)
        return min(map(float, result.stdout.split()))

    def test_a_link_that_is_slow_and_loses_messages(self):
        made = self.hosts(rate="100mbit", delay=5, loss=0.01)
        self.assertGreater(self.round_trip(made), 0.010)
        for model, mesh in (("bert", "tp=2"), ("bert", "pp=2"), ("cnn", "dp=2")):
            self.check(made, model, mesh, 2)

    def test_two_ranks_on_each_host(self):
        made = self.hosts(slots=2)
        for mesh in ("tp=4", "dp=2,tp=2"):
            self.assertEqual(self.check(made, "bert", mesh, 4), ["host0", "host0", "host1", "host1"])


class Names(Case):
    def test_hosts_of_one_name(self):
        """As copies of a virtual machine have, and containers."""
        made = self.hosts(name="twin")
        shutil.copytree(jobs.MODELS / "bert", made.own(0) / "bert")
        report = hosts.report(made, "/mnt/bert/model.onnx", "--mesh", "tp=2", "--expect", "/mnt/bert", "--inputs", "/mnt/bert", "--rtol", RTOL,
                              "--threads", 1, ranks=2)
        self.assertTrue(report["expect"]["ok"])
        self.assertEqual([rank["host"] for rank in report["ranks"]], ["twin", "twin#2"])
        devices = self.expect(jobs.DONE, "--list-devices", "--json", "-", before=made.mpirun(2), environment=made.environment())
        self.assertEqual([device["host"] for device in json.loads(devices.out)["devices"]], ["twin", "twin#2"])


class Cores(Case):
    def test_hosts_of_one_machine_share_its_cores(self):
        """As containers do; two ranks on one core are as slow as one."""
        made = self.hosts()
        report = hosts.report(made, jobs.MODELS / "mlp/model.onnx", "--mesh", "dp=2", ranks=2)
        self.assertEqual(sum(rank["threads"] for rank in report["ranks"]), max(2, len(os.sched_getaffinity(0))))


class Files(Case):
    """A model, or a package, that only the first host has; every host has a cache of its own, under the same name."""

    def setUp(self):
        super().setUp()
        self.made = self.hosts(slots=2)
        shutil.copytree(jobs.MODELS / "bert", self.made.own(0) / "bert")
        self.devices = jobs.equal_devices(self.made.own(0), 4)
        self.arguments = ["--inputs", "/mnt/bert", "--expect", "/mnt/bert", "--rtol", RTOL, "--threads", 1]

    def run_mesh(self, mesh, *arguments, **options):
        return hosts.report(self.made, "/mnt/bert/model.onnx", "--mesh", mesh, "--devices", "/mnt/4_equal_cpu_devices.json",
                            *self.arguments, *arguments, ranks=4, **options)

    def parts(self):
        """The packages in the second host's cache."""
        return sorted((self.made.own(1) / "cache/packages").glob("*/package.mlcpkg"))

    def weights(self, package):
        return sum(path.stat().st_size for path in package.glob("weights*"))

    def test_a_host_gets_what_its_ranks_need(self):
        self.run_mesh("tp=2,pp=2")
        (half,) = self.parts()
        self.run_mesh("tp=2,dp=2")
        (whole,) = set(self.parts()) - {half}
        self.assertLess(self.weights(half), 0.75 * self.weights(whole))
        # Of what tp splits between the hosts, their own pieces.
        self.run_mesh("tp=4")
        (pieces,) = set(self.parts()) - {half, whole}
        self.assertLess(self.weights(pieces), 0.75 * self.weights(whole))
        # Each once, and later not at all.
        times = {path: path.stat().st_mtime_ns for path in self.parts()}
        report = self.run_mesh("tp=2,pp=2")
        self.assertTrue(report["cache_hit"])
        self.assertEqual({path: path.stat().st_mtime_ns for path in self.parts()}, times)

    def test_what_was_sent_is_checked(self):
        self.run_mesh("tp=2,pp=2")
        (part,) = self.parts()
        (weights,) = part.glob("weights*")
        with weights.open("r+b") as file:
            file.seek(weights.stat().st_size // 2)
            file.write(b"\xff" * 64)
        self.run_mesh("tp=2,pp=2")

    def test_hosts_that_share_files_copy_nothing(self):
        shared = {"MLC_CACHE": "/mnt/shared/cache"}
        packages = self.made.shared / "cache/packages"
        shutil.copytree(jobs.MODELS / "bert", self.made.shared, dirs_exist_ok=True)
        hosts.report(self.made, "/mnt/shared/model.onnx", "--mesh", "tp=2,pp=2", "--devices", "/mnt/4_equal_cpu_devices.json",
                     *self.arguments, ranks=4, environment=shared)
        self.assertEqual(len(list(packages.iterdir())), 1)
        # A cache that is shared is not enough where the model is not: the package refers to its weights.
        self.run_mesh("tp=2,pp=2", environment=shared)
        self.assertEqual(len(list(packages.iterdir())), 3)

    def test_other_files_of_the_same_name(self):
        """A package at the same path, and a model, that are not those of rank 0."""
        for index, model in enumerate(("bert", "mlp")):
            package = self.made.own(index) / "model.mlcpkg"
            self.assertEqual(jobs.mlc_compile(jobs.MODELS / model / "model.onnx", "-o", package, "--ranks", 4, "--mesh", "tp=4").code, jobs.DONE)
        report = hosts.report(self.made, "/mnt/model.mlcpkg", *self.arguments, ranks=4)
        self.assertTrue(report["expect"]["ok"])

    def test_ranks_without_work(self):
        report = self.run_mesh("tp=2")
        self.assertEqual(report["idle_ranks"], 2)
        self.assertEqual([self.weights(part) for part in self.parts()], [0])

    def sign(self):
        """Makes /mnt/model.mlcpkg on the first host, signed by the key of /mnt/shared/mine.pub; other.pub there is another one."""
        for name in ("mine", "other"):
            subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", f"{name}.pem"], cwd=self.made.shared, check=True)
            subprocess.run(["openssl", "pkey", "-in", f"{name}.pem", "-pubout", "-out", f"{name}.pub"], cwd=self.made.shared, check=True)
        self.expect(jobs.DONE, jobs.MODELS / "bert/model.onnx", "-o", self.made.own(0) / "model.mlcpkg", "--mesh", "tp=4", "--sign",
                    self.made.shared / "mine.pem", tool="mlc-compile")

    def test_signatures(self):
        """Each host demands them by its own file of keys."""
        self.sign()
        first, second, keys = self.made.own(0), self.made.own(1), self.made.shared
        run = ["/mnt/model.mlcpkg", *self.arguments, "--trust", "/mnt/key.pub"]
        options = {"before": self.made.mpirun(4), "environment": self.made.environment()}
        shutil.copy(keys / "mine.pub", first / "key.pub")
        self.expect(jobs.INVALID, *run, words=["rank 2 (host1)", "/mnt/key.pub"], **options)
        shutil.copy(keys / "other.pub", second / "key.pub")
        self.expect(jobs.INVALID, *run, words=["rank 2 (host1)", "not signed by a key that rank 2 trusts"], **options)
        self.assertEqual(self.parts(), [])
        shutil.copy(keys / "mine.pub", second / "key.pub")
        self.expect(jobs.DONE, *run, **options)

    def test_signatures_that_one_rank_demands(self):
        """And not the one that receives the package for it."""
        self.sign()
        trusting = 'if [ "$OMPI_COMM_WORLD_RANK" = 3 ]; then exec "$@" --trust "$0"; else exec "$@"; fi'
        for code, key, words in ((jobs.INVALID, "other.pub", ["rank 2 (host1)", "not signed by a key that rank 3 trusts"]),
                                 (jobs.INVALID, "absent.pub", ["rank 3 (host1)", "absent.pub"]), (jobs.DONE, "mine.pub", [])):
            self.assertEqual(self.parts(), [])
            self.expect(code, "/mnt/model.mlcpkg", *self.arguments, words=words, environment=self.made.environment(),
                        before=[*self.made.mpirun(4), "sh", "-c", trusting, f"/mnt/shared/{key}"])

    def test_containers_that_share_a_host_and_not_its_files(self):
        own_cache = 'mount -t tmpfs -o mode=0700 none /mnt/cache && exec "$@"'
        (self.made.own(0) / "cache").mkdir()
        report = hosts.report(self.made, "/mnt/bert/model.onnx", "--mesh", "tp=2", "--devices", jobs.equal_devices(self.made.shared, 2),
                              *self.arguments, ranks=2, wrapper=["unshare", "--mount", "sh", "-c", own_cache, "sh"])
        self.assertTrue(report["expect"]["ok"])
        self.assertEqual([rank["host"] for rank in report["ranks"]], ["host0", "host0"])

    def test_a_damaged_package_is_sent_to_nobody(self):
        package = self.made.own(0) / "model.mlcpkg"
        self.expect(jobs.DONE, jobs.MODELS / "bert/model.onnx", "-o", package, "--mesh", "tp=4", tool="mlc-compile")
        with (package / "program_0.so").open("ab") as file:
            file.write(b"x")
        self.expect(jobs.INVALID, "/mnt/model.mlcpkg", *self.arguments, words=["program_0.so"], before=self.made.mpirun(4),
                    environment=self.made.environment())
        self.assertEqual(self.parts(), [])

    def test_a_cache_that_takes_nothing(self):
        cache = self.made.own(1) / "cache"
        command = ["/mnt/bert/model.onnx", "--mesh", "tp=2,pp=2", "--devices", "/mnt/4_equal_cpu_devices.json", *self.arguments]
        options = {"before": self.made.mpirun(4), "environment": self.made.environment()}
        cache.write_text("not a folder")
        self.expect(jobs.INVALID, *command, words=["rank 2 (host1)", "/mnt/cache"], **options)
        cache.unlink()
        cache.mkdir(mode=0o700)
        self.made.run(1, "mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "none", "/mnt/cache")
        self.expect(jobs.INVALID, *command, words=["rank 2 (host1)", "cannot write", "No space left on device"], **options)
        self.made.run(1, "sh", "-c", "! find /mnt/cache -name '*.mlc-*' | grep .")


class SlowLinks(Case):
    def test_who_waits_for_a_package_to_be_sent_is_told(self):
        made = self.hosts(rate="200kbit")
        package = made.own(0) / "model.mlcpkg"
        self.expect(jobs.DONE, jobs.MODELS / "bert/model.onnx", "-o", package, "--mesh", "tp=2", tool="mlc-compile")
        result = self.expect(jobs.DONE, "/mnt/model.mlcpkg", before=made.mpirun(2), environment=made.environment())
        self.assertIn("mlc-run: giving the other hosts the package ...\n", result.err)


if __name__ == "__main__":
    hosts.main()
