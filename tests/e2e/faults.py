"""Faults that are done to running jobs, and what must come of them: the job ends in time, says which rank failed, where and why, and
leaves neither a process nor a file.

    tests/e2e/run_faults --count 100 [--seed 1] [--model MODEL.onnx]      # random ones"""

import argparse
import contextlib
import dataclasses
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import jobs

SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "crash": signal.SIGSEGV, "abort": signal.SIGABRT}
MOMENTS = ("compile", "load", "steady", "drain")
MESHES = {"tp=2": 2, "pp=2": 2, "tp=2,pp=2": 4}
STALL = 2  # --stall-timeout of the jobs

# From the fault to the end of mpirun: it waits for two seconds itself before it kills what is left, and the machine may be busy.
DEATH_LIMIT = 5
SILENCE_LIMIT = STALL + 5


@dataclasses.dataclass(frozen=True)
class Fault:
    kind: str
    rank: int
    moment: str
    mesh: str

    def __str__(self):
        return f"{self.kind} rank {self.rank} of {self.mesh} at {self.moment}"


class ThisHost:
    """Where a job runs: as hosts.Hosts, but here alone."""

    def __init__(self):
        self.shm = [pathlib.Path(tempfile.mkdtemp(prefix="mlcf", dir="/dev/shm"))]

    def mpirun(self, ranks):
        directories = [f"{name}_backing_directory" for name in ("btl_vader", "osc_sm")]
        return jobs.mpirun(ranks) + [word for name in directories for word in ("--mca", name, str(self.shm[0]))]

    def environment(self):
        return {}

    def processes(self):
        """Of the job there may be others here."""
        return []

    def close(self):
        shutil.rmtree(self.shm[0], ignore_errors=True)


class Job:
    """An mlc-run under mpirun, with folders of its own for all that it makes beside its results."""

    def __init__(self, arguments, ranks, environment=None, wrapper=(), hosts=None):
        # Open MPI's sockets lie in TMPDIR: short names.
        self.temporary = pathlib.Path(tempfile.mkdtemp(prefix="mlcf", dir="/tmp"))
        self.own_host = None if hosts else ThisHost()
        self.hosts = hosts or self.own_host
        command = [*self.hosts.mpirun(ranks), *wrapper, str(jobs.RUNFILES.absolute() / "tools/mlc-run"), *map(str, arguments)]
        self.size = ranks
        variables = {**os.environ, "TMPDIR": str(self.temporary), **self.hosts.environment(), **(environment or {})}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", env=variables,
                                        start_new_session=True)
        self.pids = {}

    def ranks(self):
        """Process ids by rank, of those that there are."""
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, KeyError, IndexError):
                if (folder / "comm").read_text().strip() != "mlc-run":
                    continue
                variables = dict(item.split("=", 1) for item in (folder / "environ").read_text(errors="replace").split("\0") if "=" in item)
                if variables["TMPDIR"] == str(self.temporary):
                    self.pids[int(variables["OMPI_COMM_WORLD_RANK"])] = int(folder.name)
        return self.pids

    def wait_until(self, condition, what):
        end = time.monotonic() + jobs.TIME_LIMIT
        while not condition():
            if self.process.poll() is not None:
                raise AssertionError(f"the job ended before {what}: {self.process.communicate()}")
            if time.monotonic() > end:
                self.end_by_force()
                raise AssertionError(f"stuck before {what}")
            time.sleep(0.005)

    def all_ranks_map(self, text):
        def maps(pid):
            with contextlib.suppress(OSError):
                return text in pathlib.Path(f"/proc/{pid}/maps").read_text()
            return False

        found = self.ranks()
        return len(found) == self.size and all(maps(pid) for pid in found.values())

    def send(self, rank, number):
        os.kill(self.pids[rank], number)

    def end(self, limit):
        """Exit code, output, errors, and the seconds that it took; a job that goes on is stuck."""
        begin = time.monotonic()
        try:
            out, err = self.process.communicate(timeout=limit + 30)
        except subprocess.TimeoutExpired:
            self.end_by_force()
            raise AssertionError("stuck") from None
        return self.process.returncode, out, err, time.monotonic() - begin

    def end_by_force(self):
        for pid in [self.process.pid, *self.ranks().values()]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.communicate()

    def leftovers(self, with_session=True):
        """Of processes and files, after a moment for the kernel; with those of mpirun's session folder or without."""
        end = time.monotonic() + 5

        def alive(pid):
            with contextlib.suppress(OSError):
                return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
            return False

        folders = [*self.hosts.shm, *([self.temporary] if with_session else [])]
        while True:
            left = [f"process {pid} of rank {rank}" for rank, pid in self.pids.items() if alive(pid)]
            left += [str(path) for folder in folders for path in folder.rglob("*") if not path.is_dir()]
            left += [f"on a host: {process}" for process in self.hosts.processes()]
            if not left or time.monotonic() > end:
                return left
            time.sleep(0.05)

    def clean(self):
        shutil.rmtree(self.temporary, ignore_errors=True)
        if self.own_host:
            self.own_host.close()


def reach(job, moment, cache, wait):
    """Returns when the job is there, more or less: nobody holds it."""
    if moment == "compile":
        job.wait_until(lambda: len(job.ranks()) == job.size and any((cache / "packages").glob("*")), "compiling")
        return
    if moment == "load":
        job.wait_until(lambda: len(job.ranks()) == job.size and any((cache / "packages").glob("[!.]*/*.mlcpkg")), "loading")
        return
    job.wait_until(lambda: job.all_ranks_map(".mlcpkg/"), "running")
    time.sleep(1 + wait)
    if moment == "drain":
        os.kill(job.process.pid, signal.SIGUSR1)
        time.sleep(wait / 100)


def problems_of(fault, model, inputs=(), wait=0.3, hosts=None):
    """Does this to a job of that model; what was not as it should be."""
    with tempfile.TemporaryDirectory(dir=jobs.SCRATCH) as folder:
        folder = pathlib.Path(folder)
        cache = hosts.own(0) / "cache" if hosts else folder / "cache"
        ranks = MESHES[fault.mesh]
        arguments = [model, "--mesh", fault.mesh, "--devices", jobs.equal_devices(folder, ranks), "--threads", 1, *inputs, "--iterations",
                     1000000, "--stall-timeout", STALL]
        job = Job(arguments, ranks, {} if hosts else {"MLC_CACHE": str(cache)}, hosts=hosts)
        try:
            reach(job, fault.moment, cache, wait)
            try:
                if fault.kind == "cut":
                    hosts.cut(fault.rank)
                else:
                    job.send(fault.rank, SIGNALS[fault.kind])
            except ProcessLookupError:
                if fault.moment != "drain":
                    raise
            code, out, err, seconds = job.end(SILENCE_LIMIT)
            # An mpirun that is made to give up leaves its session folder.
            problems = [f"left: {left}" for left in job.leftovers(with_session=fault.kind != "cut")]
        except AssertionError as error:
            return [str(error)]
        finally:
            job.clean()
        # A package is made under a temporary name. Who was compiling may have had no time to remove that; the next job does.
        if fault.moment != "compile":
            problems += [f"left: {path}" for path in cache.rglob("*") if ".mlc-" in path.name]
    # A job that is asked to stop may have done so before the fault.
    if fault.moment == "drain" and code == jobs.DONE and "stopped   by SIGUSR1" in out:
        return problems
    how = {"stop": "has been silent for 2 s: its process is stopped", "cut": "has been silent for 2 s: its host is not reachable"}
    words = rf"mlc-run: rank {fault.rank} \(\S+\) " + how.get(fault.kind, "died")
    if not re.search(words, err):
        problems.append(f"no message like '{words}'")
    # mpirun's, when it is asked to give up, is 1.
    codes = {"stop": [jobs.FAILED], "cut": [1]}.get(fault.kind) or [128 + SIGNALS[fault.kind], jobs.FAILED]
    if code not in codes:
        problems.append(f"exit code {code}")
    if seconds > (SILENCE_LIMIT if fault.kind in how else DEATH_LIMIT):
        problems.append(f"after {seconds:.1f} s")
    return [f"{problem}\n{err}" for problem in problems]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", type=pathlib.Path, default=jobs.MODELS / "bert/model.onnx")
    parser.add_argument("--input", action="append", default=[], help="as mlc-run's")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    inputs = [word for text in arguments.input for word in ("--input", text)]
    failed = 0
    for index in range(arguments.count):
        mesh = chance.choice(list(MESHES))
        fault = Fault(chance.choice(list(SIGNALS)), chance.randrange(MESHES[mesh]), chance.choice(MOMENTS), mesh)
        problems = problems_of(fault, arguments.model, inputs, wait=chance.random())
        failed += bool(problems)
        print(f"{index + 1}: {fault}: {'ok' if not problems else '; '.join(problems)}", flush=True)
    print(f"{arguments.count - failed} of {arguments.count} as they should be")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
