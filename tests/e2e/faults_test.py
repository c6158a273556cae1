"""Ranks that are killed, stopped, crash, or have no memory, signals that ask to stop, and messages that must move meanwhile."""

import json
import os
import pathlib
import signal
import subprocess
import time
import unittest

import faults
import jobs

BERT = jobs.MODELS / "bert/model.onnx"
MLP = jobs.MODELS / "mlp/model.onnx"


class Case(jobs.ToolTest):
    def job(self, *arguments, ranks=2, **options):
        job = faults.Job([*arguments, "--devices", jobs.equal_devices(self.folder, ranks), "--threads", 1], ranks, **options)
        self.addCleanup(job.clean)
        return job

    def running(self, *arguments, **options):
        job = self.job(BERT, "--iterations", 1000000, *arguments, **options)
        job.wait_until(lambda: job.all_ranks_map(".mlcpkg/"), "running")
        time.sleep(1.5)
        return job


class LostRanks(Case):
    def check(self, kind, rank, moment, mesh):
        fault = faults.Fault(kind, rank, moment, mesh)
        with self.subTest(fault=str(fault)):
            self.assertEqual(faults.outcome_of(fault, BERT).problems, [])

    def test_two_ranks(self):
        for moment in faults.MOMENTS:
            for rank, mesh in ((0, "tp=2"), (1, "tp=2"), (1, "pp=2")):
                for kind in ("kill", "stop"):
                    self.check(kind, rank, moment, mesh)

    def test_crashes(self):
        self.check("crash", 0, "steady", "pp=2")
        self.check("abort", 1, "steady", "tp=2")
        self.check("crash", 1, "load", "tp=2")

    def test_nothing_delays_a_crash(self):
        """A handler that allocates memory hangs where the crash was in malloc: Open MPI has one."""
        job = self.running("--mesh", "tp=2")
        for pid in job.ranks().values():
            caught = int(pathlib.Path(f"/proc/{pid}/status").read_text().split("SigCgt:")[1].split()[0], 16)
            crashes = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE)
            self.assertEqual([number.name for number in crashes if caught >> (number - 1) & 1], [])
        os.kill(job.process.pid, signal.SIGUSR1)
        self.assertEqual(job.end(5).code, jobs.DONE)

    def test_four_ranks(self):
        for kind, rank in (("kill", 3), ("stop", 2), ("stop", 0)):
            self.check(kind, rank, "steady", "tp=2,pp=2")

    def test_a_rank_that_does_not_start(self):
        """MPI would wait for it for ever."""
        for rank in (0, 1):
            script = self.folder / f"stop{rank}"
            script.write_text(f'#!/bin/sh\n[ "$OMPI_COMM_WORLD_RANK" = {rank} ] && kill -STOP $$\nexec "$@"\n')
            script.chmod(0o755)
            job = self.job(BERT, "--mesh", "tp=2", "--stall-timeout", 0.1, wrapper=[script])
            code, _, err, _, _ = job.end(15)
            with self.subTest(rank=rank):
                self.assertEqual(code, jobs.FAILED, err)
                self.assertIn("mlc-run: the ranks of the job have not all started within 3 s: one of them may be stopped", err)
                self.assertEqual(err.count("mlc-run: "), 1)
                self.assertEqual(job.leftovers(), [])

    def test_silence_by_default(self):
        job = self.running("--mesh", "tp=2")
        job.send(1, signal.SIGSTOP)
        code, _, err, _, seconds = job.end(15)
        self.assertEqual(code, jobs.FAILED)
        self.assertRegex(err, r"mlc-run: rank 1 \(\S+\) has been silent for 10 s")
        self.assertLess(seconds, 12)
        self.assertEqual(job.leftovers(), [])

    def test_silence_that_is_allowed(self):
        job = self.running("--mesh", "tp=2", "--stall-timeout", 0)
        job.send(1, signal.SIGSTOP)
        time.sleep(12)
        self.assertIsNone(job.process.poll())
        job.send(1, signal.SIGCONT)
        os.kill(job.process.pid, signal.SIGUSR1)
        self.assertEqual(job.end(5)[0], jobs.DONE)

    def test_mpirun_is_killed(self):
        job = self.running("--mesh", "tp=2")
        job.process.kill()
        job.end(5)
        time.sleep(5)
        self.assertEqual([left for left in job.leftovers() if left.startswith("process")], [])


class FailuresOfOneRank(Case):
    def test_files_of_rank_0_alone(self):
        """As on hosts with different files: those of rank 0 count."""
        script = self.folder / "start"
        script.write_text(f'#!/bin/sh\n[ "$OMPI_COMM_WORLD_RANK" = "$RANK_WITH_FILES" ] && cd {self.folder}\nexec "$@"\n')
        script.chmod(0o755)
        path = jobs.equal_devices(self.folder, 2)
        for rank, expected in ((0, jobs.DONE), (1, jobs.INVALID)):
            job = faults.Job([BERT.absolute(), "--mesh", "tp=2", "--devices", path.name], 2, {"RANK_WITH_FILES": str(rank)},
                             wrapper=[str(script.absolute())])
            self.addCleanup(job.clean)
            code, _, err, _, _ = job.end(20)
            with self.subTest(rank=rank):
                self.assertEqual(code, expected, err)
                # Of what takes long it says how far it is.
                said = [line for line in err.splitlines() if line.startswith("mlc-run: ") and not line.endswith(" ...")]
                self.assertEqual(len(said), 0 if rank == 0 else 1, err)

    def test_no_memory_on_one_rank(self):
        """In rank 1's address space there is room for the process, but not for the run."""
        package = self.folder / "bert.mlcpkg"
        self.assertEqual(jobs.mlc_compile(BERT, "-o", package, "--mesh", "tp=2").code, jobs.DONE)
        small = faults.Job([package, "--input", "input_ids=1x4", "--threads", 1, "--iterations", 1000000], 2)
        self.addCleanup(small.clean)
        small.wait_until(lambda: small.all_ranks_map(".mlcpkg/"), "running")
        time.sleep(0.5)
        status = pathlib.Path(f"/proc/{small.ranks()[1]}/status").read_text()
        # Without what is reserved for memory that ranks share: of a limited address space that is less.
        maps = pathlib.Path(f"/proc/{small.ranks()[1]}/maps").read_text().splitlines()
        shared = sum(int(end, 16) - int(begin, 16) for begin, end in (line.split()[0].split("-") for line in maps if "/memfd:mlc" in line))
        used = int(status.split("VmPeak:")[1].split()[0]) - shared // 1024
        os.kill(small.process.pid, signal.SIGUSR1)
        self.assertEqual(small.end(5)[0], jobs.DONE)
        script = self.folder / "start"
        for extra in (0, 1, 4, 16, 64):
            script.write_text(f'#!/bin/sh\nif [ "$OMPI_COMM_WORLD_RANK" = 1 ]; then ulimit -v {used + extra * 1024}; fi\nexec "$@"\n')
            script.chmod(0o755)
            job = faults.Job([package, "--input", "input_ids=8000x32", "--threads", 1], 2, wrapper=[script])
            self.addCleanup(job.clean)
            code, out, err, _, _ = job.end(20)
            with self.subTest(extra=extra):
                self.assertEqual(code, jobs.MEMORY, err)
                self.assertRegex(err, r"mlc-run: rank 1 \(\S+\): .*(memory|cannot allocate)")
                self.assertEqual(out, "")
                self.assertEqual(job.leftovers(), [])


class Stopping(Case):
    def test_drain(self):
        """Every rank finishes the run that it is in, whoever gets the signal."""
        for number, rank in ((signal.SIGUSR1, None), (signal.SIGUSR1, 1), (signal.SIGTERM, 0)):
            with self.subTest(signal=number, rank=rank):
                path = self.folder / "report.json"
                path.unlink(missing_ok=True)
                job = self.running("--mesh", "tp=2", "--json", path, "--outputs", self.folder)
                os.kill(job.process.pid if rank is None else job.ranks()[rank], number)
                code, out, err, _, _ = job.end(5)
                self.assertEqual(code, jobs.DONE, err)
                self.assertIn(f"stopped   by {number.name}", out)
                report = json.loads(path.read_text())
                self.assertEqual(report["stopped_by"], number.name)
                self.assertGreater(report["latency_ms"]["iterations"], 0)
                self.assertTrue((self.folder / "last_hidden_state.npy").exists())
                self.assertEqual(job.leftovers(), [])

    def test_without_mpirun(self):
        arguments = [str(jobs.RUNFILES / "tools/mlc-run"), str(BERT), "--mesh", "tp=2", "--iterations", "1000000"]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while ".mlcpkg/" not in pathlib.Path(f"/proc/{process.pid}/maps").read_text():
            time.sleep(0.01)
        time.sleep(1.5)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
        self.assertEqual(process.returncode, jobs.DONE, err)
        self.assertIn("stopped   by SIGTERM", out)

    def test_before_the_first_run(self):
        job = self.job(BERT, "--mesh", "tp=2", "--iterations", 1000000, environment={"MLC_CACHE": str(self.folder / "cache")})
        faults.reach(job, "compile", self.folder / "cache", 0)
        os.kill(job.process.pid, signal.SIGUSR1)
        code, out, err, _, _ = job.end(30)
        self.assertEqual(code, jobs.DONE, err)
        self.assertEqual(out, "")
        self.assertIn("SIGUSR1 came before the first run", err)

    def test_a_second_signal_ends_at_once(self):
        job = self.job(BERT, "--mesh", "tp=2", environment={"MLC_CACHE": str(self.folder / "cache")})
        faults.reach(job, "compile", self.folder / "cache", 0)
        job.send(0, signal.SIGTERM)
        time.sleep(0.02)
        job.send(0, signal.SIGTERM)
        code, _, _, _, seconds = job.end(5)
        self.assertNotEqual(code, jobs.DONE)
        self.assertLess(seconds, 5)


class Progress(Case):
    def test_messages_move_while_their_sender_waits_elsewhere(self):
        """Without single-copy a large message moves only while its sender calls MPI: rank 0 waits for rank 1 in shared memory, and rank 1
        for rank 0's inputs."""
        for mesh in ("tp=2", "pp=2"):
            with self.subTest(mesh=mesh):
                result = jobs.mlc_run(BERT, "--mesh", mesh, "--input", "input_ids=64x32", "--devices", jobs.equal_devices(self.folder, 2),
                                      "--iterations", 5, ranks=2, environment={"OMPI_MCA_btl_vader_single_copy_mechanism": "none"})
                self.assertEqual(result.code, jobs.DONE, result.err)


if __name__ == "__main__":
    unittest.main()
