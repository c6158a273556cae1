"""Faults that are done to running jobs, and what must come of them: the job ends in time, says which rank failed, where and why, and
leaves neither a process nor a file.

    tests/e2e/run_faults --count 100 [--seed 1] [--model MODEL.onnx --input NAME=VALUE]

does random ones: kinds, ranks, moments, meshes and models, on one host and on two. A job that has less memory than it had, or a full
/dev/shm, may also go on: it must end well when it is asked to stop."""

import argparse
import collections
import contextlib
import dataclasses
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import typing

import hosts as hosts_module
import jobs

SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "crash": signal.SIGSEGV, "abort": signal.SIGABRT}
# Of memory (no more than the rank has) and of /dev/shm; those of hosts: /dev/shm is full, the link is down.
SHORTAGES = ("memory", "shm")
ON_HOSTS = ("shm", "cut")
MOMENTS = ("compile", "load", "steady", "drain")
MESHES = {"tp=2": 2, "pp=2": 2, "dp=2": 2, "tp=2,pp=2": 4, "dp=2,pp=2": 4}
MODELS = {"bert": ["--input", "input_ids=4x32"], "gpt2": ["--input", "input_ids=4x24"]}
STALL = 2  # --stall-timeout of the jobs

# From the fault to the end of the last rank.
DEATH_LIMIT = 5
SILENCE_LIMIT = STALL + 5
# mpirun waits for two seconds for each host, whether there are ranks left or not, and the machine may be busy.
MPIRUN_LIMIT = 6


@dataclasses.dataclass(frozen=True)
class Fault:
    kind: str
    rank: int
    moment: str
    mesh: str

    def __str__(self):
        return f"{self.kind} rank {self.rank} of {self.mesh} at {self.moment}"


@dataclasses.dataclass
class Outcome:
    problems: list  # texts, none if all is as it should be
    seconds: float = 0  # from the fault to the end of the last rank


class Ended(typing.NamedTuple):
    """A job that has."""

    code: int
    out: str
    err: str
    ranks_seconds: float
    seconds: float


def is_alive(pid):
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    return False


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

    def maps(self, rank, text):
        with contextlib.suppress(OSError):
            return text in pathlib.Path(f"/proc/{self.pids[rank]}/maps").read_text()
        return False

    def all_ranks_map(self, text):
        found = self.ranks()
        return len(found) == self.size and all(self.maps(rank, text) for rank in found)

    def send(self, rank, number):
        os.kill(self.pids[rank], number)

    def take_memory(self, rank):
        """Leaves the rank what it has already."""
        status = pathlib.Path(f"/proc/{self.pids[rank]}/status").read_text()
        used = int(status.split("VmSize:")[1].split()[0]) * 1024
        resource.prlimit(self.pids[rank], resource.RLIMIT_AS, (used, used))

    def end(self, limit):
        """Exit code, output, errors, and the seconds until the last rank and until mpirun had ended; a job that goes on is stuck."""
        begin, ranks_seconds = time.monotonic(), None
        while True:
            try:
                out, err = self.process.communicate(timeout=0.05)
                break
            except subprocess.TimeoutExpired:
                seconds = time.monotonic() - begin
            if ranks_seconds is None and not any(is_alive(pid) for pid in self.pids.values()):
                ranks_seconds = seconds
            if seconds > limit + 30:
                self.end_by_force()
                raise AssertionError("stuck")
        seconds = time.monotonic() - begin
        return Ended(self.process.returncode, out, err, seconds if ranks_seconds is None else ranks_seconds, seconds)

    def end_by_force(self):
        for pid in [self.process.pid, *self.ranks().values()]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.communicate()

    def leftovers(self, with_session=True):
        """Of processes and files, after a moment for the kernel; with those of mpirun's session folder or without."""
        end = time.monotonic() + 5
        folders = [*self.hosts.shm, *([self.temporary] if with_session else [])]
        while True:
            left = [f"process {pid} of rank {rank}" for rank, pid in self.pids.items() if is_alive(pid)]
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
        job.wait_until(lambda: len(job.ranks()) == job.size and any((cache / "packages").glob("[!.]*/*.mlcpkg")) and
                       job.maps(0, "libmlc_compiler.so"), "loading")
        # As long as that takes.
        time.sleep(wait / 10)
        return
    job.wait_until(lambda: job.all_ranks_map(".mlcpkg/"), "running")
    time.sleep(1 + wait)
    if moment == "drain":
        os.kill(job.process.pid, signal.SIGUSR1)
        time.sleep(wait / 100)


def fill(folder):
    """Returns the file that takes what is left there."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1 << 16))
    return path


def do(fault, job, hosts, undo):
    """Does it to the job; what has to be undone when that has ended goes to the stack."""
    host = fault.rank // hosts.slots if hosts else 0
    if fault.kind == "cut":
        hosts.cut(host)
        undo.callback(hosts.mend, host)
    elif fault.kind == "shm":
        undo.callback(fill(hosts.shm[host]).unlink)
    elif fault.kind == "memory":
        job.take_memory(fault.rank)
    else:
        job.send(fault.rank, SIGNALS[fault.kind])


def end_of_shortage(job):
    """As Job.end(): the job ends by itself, or goes on and is asked to stop."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        job.process.wait(3)
    if job.process.poll() is None:
        os.kill(job.process.pid, signal.SIGUSR1)
    return job.end(SILENCE_LIMIT)


def stopped_well(ended):
    return ended.code == jobs.DONE and ("stopped   by SIGUSR1" in ended.out or "SIGUSR1 came before the first run" in ended.err)


def wrong_words(fault, hosts, err):
    """What the errors should say and do not."""
    silent = rf"has been silent for {STALL} s: "
    if fault.kind == "cut":
        # Rank 0 hears no other host any more, whichever was cut off.
        expected = rf"mlc-run: rank [{''.join(str(rank) for rank in range(hosts.slots, 2 * hosts.slots))}] \(\S+\) {silent}its host is not reachable"
    elif fault.kind in SHORTAGES:
        expected = r"mlc-run: .*(rank \d+ \(\S+\)|memory|cannot)"
    else:
        expected = rf"mlc-run: rank {fault.rank} \(\S+\) " + (f"{silent}its process is stopped" if fault.kind == "stop" else "died")
    return [] if re.search(expected, err) else [f"no message like '{expected}'"]


def codes_of(fault):
    if fault.kind == "cut":
        return [1]  # mpirun's, when it is asked to give up
    if fault.kind in SHORTAGES:
        return [jobs.INVALID, jobs.MEMORY, jobs.FAILED, 128 + signal.SIGBUS]
    return [jobs.FAILED] if fault.kind == "stop" else [128 + SIGNALS[fault.kind], jobs.FAILED]


def hosts_of(ranks, hosts):
    """How many the job has."""
    return -(-ranks // hosts.slots) if hosts else 1


def outcome_of(fault, model, inputs=(), wait=0.3, hosts=None, folder=None, is_warm=False):
    """Does this to a job of that model. Caches lie in the folder, or on the hosts; a warm one stays there for the next."""
    with contextlib.ExitStack() as cleaning:
        folder = folder or pathlib.Path(cleaning.enter_context(tempfile.TemporaryDirectory(dir=jobs.SCRATCH)))
        # No other package may be in it.
        name = f"cache_{model.parent.name}_{fault.mesh}" if is_warm else "cache"
        caches = [path / name for path in (hosts.owned() if hosts else [folder])]
        if not is_warm:
            for path in caches:
                cleaning.callback(shutil.rmtree, path, ignore_errors=True)
        ranks = MESHES[fault.mesh]
        arguments = [model, "--mesh", fault.mesh, "--devices", jobs.equal_devices(folder, ranks), "--threads", 1, *inputs, "--stall-timeout", STALL]
        environment = {"MLC_CACHE": f"/mnt/{name}" if hosts else str(caches[0])}

        def start(*further):
            job = Job([*arguments, *further], ranks, environment, hosts=hosts)
            cleaning.callback(job.clean)
            return job

        try:
            if is_warm and not all((path / "packages").exists() for path in caches[:hosts_of(ranks, hosts)]):
                first = start("--duration", 0).end(jobs.TIME_LIMIT)
                assert first.code == jobs.DONE, first.err
            job = start("--iterations", 1000000)
            reach(job, fault.moment, caches[0], wait)
            with contextlib.ExitStack() as undo:
                try:
                    do(fault, job, hosts, undo)
                except (ProcessLookupError, FileNotFoundError):
                    if fault.moment != "drain":
                        raise
                ended = end_of_shortage(job) if fault.kind in SHORTAGES else job.end(SILENCE_LIMIT)
            # An mpirun that is made to give up leaves its session folder.
            problems = [f"left: {left}" for left in job.leftovers(with_session=fault.kind != "cut")]
        except AssertionError as error:
            return Outcome([str(error)])
        # A package is made under a temporary name. Who was compiling may have had no time to remove that; the next job does.
        if fault.moment != "compile":
            problems += [f"left: {path}" for cache in caches for path in cache.rglob("*") if ".mlc-" in path.name]
    if "terminate called" in ended.err:
        problems.append("an exception that nobody caught")
    # A job that is asked to stop may have done so before the fault.
    if not (stopped_well(ended) and (fault.moment == "drain" or fault.kind in SHORTAGES)):
        problems += wrong_words(fault, hosts, ended.err)
        if ended.code not in codes_of(fault):
            problems.append(f"exit code {ended.code}")
    limit = DEATH_LIMIT if fault.kind in ("kill", "crash", "abort") else SILENCE_LIMIT
    if ended.ranks_seconds > limit or ended.seconds > limit + MPIRUN_LIMIT:
        problems.append(f"after {ended.ranks_seconds:.1f} s, mpirun after {ended.seconds:.1f} s")
    return Outcome([f"{problem}\n{ended.err}" for problem in problems], ended.ranks_seconds)


class Table:
    """Of the faults that were done: how many of each kind at each moment, the worst time, and how many were not as they should be."""

    def __init__(self):
        self.seconds = collections.defaultdict(list)
        self.failed = collections.Counter()

    def add(self, fault, outcome):
        self.seconds[fault.kind, fault.moment].append(outcome.seconds)
        self.failed[fault.kind, fault.moment] += bool(outcome.problems)

    def text(self):
        kinds = sorted({kind for kind, _ in self.seconds})
        lines = ["".join(f"{word:<22}" for word in ("", *MOMENTS))]
        for kind in kinds:
            cells = [kind]
            for moment in MOMENTS:
                seconds, failed = self.seconds[kind, moment], self.failed[kind, moment]
                cells.append(f"{len(seconds)}, {max(seconds, default=0):.1f} s" + (f", {failed} WRONG" if failed else ""))
            lines.append("".join(f"{cell:<22}" for cell in cells).rstrip())
        return "\n".join(lines)


def random_fault(chance, has_hosts):
    """And over how many hosts."""
    mesh = chance.choice(list(MESHES))
    hosts = chance.choice((1, 2)) if has_hosts else 1
    kinds = [kind for kind in (*SIGNALS, *SHORTAGES, "cut") if (has_hosts or kind not in ON_HOSTS) and (hosts == 2 or kind != "cut")]
    return Fault(chance.choice(kinds), chance.randrange(MESHES[mesh]), chance.choice(MOMENTS), mesh), hosts


class Campaign:
    def __init__(self, folder, has_hosts):
        self.folder = folder
        self.has_hosts = has_hosts
        self.network = None
        self.table = Table()

    def close(self):
        if self.network:
            self.network.close()
        self.network = None

    def hosts(self, used, ranks):
        """None where none can be made: the job runs here."""
        if not self.has_hosts:
            return None
        if not self.network:
            self.network = hosts_module.Hosts(2, self.folder / f"hosts_{time.monotonic_ns()}")
        self.network.slots = ranks // used
        return self.network

    def do(self, chance, models):
        """A fault by chance; what is to be said of it."""
        fault, hosts = random_fault(chance, self.has_hosts)
        model, inputs = chance.choice(models)
        outcome = outcome_of(fault, model, inputs, chance.random(), self.hosts(hosts, MESHES[fault.mesh]), self.folder,
                             is_warm=fault.moment != "compile")
        self.table.add(fault, outcome)
        if outcome.problems:
            # What is left on the hosts is no problem of the next one.
            self.close()
        where = f"{model.parent.name}, {hosts} {'host' if hosts == 1 else 'hosts'}"
        return f"{fault}, {where}: {outcome.seconds:.1f} s: {'ok' if not outcome.problems else '; '.join(outcome.problems)}"


def main(has_hosts):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", type=pathlib.Path, help="instead of the tests' small ones")
    parser.add_argument("--input", action="append", default=[], help="as mlc-run's, of that model")
    arguments = parser.parse_args()
    models = [(jobs.MODELS / name / "model.onnx", inputs) for name, inputs in MODELS.items()]
    if arguments.model:
        models = [(arguments.model.absolute(), [word for text in arguments.input for word in ("--input", text)])]
    with tempfile.TemporaryDirectory(prefix="mlcf") as folder, contextlib.closing(Campaign(pathlib.Path(folder), has_hosts)) as campaign:
        for index in range(arguments.count):
            # Of this number alone, so that it can be done again.
            print(f"{index + 1}: {campaign.do(random.Random(f'{arguments.seed} {index}'), models)}", flush=True)
        print(campaign.table.text())
        failed = campaign.table.failed.total()
    print(f"{arguments.count - failed} of {arguments.count} as they should be")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    hosts_module.main(lambda: main(has_hosts=True), elsewhere=lambda: main(has_hosts=False))
