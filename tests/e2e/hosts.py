"""Hosts on one machine: network namespaces, each with its own host name, /dev/shm and /mnt, joined by a switch.

What is run by hosts.main() is in a network, a mount and a process namespace of its own, in which its hosts are: all that it starts
or mounts ends with it, however it ends."""

import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import unittest

import jobs

AGENT = pathlib.Path(__file__).resolve().with_name("hosts_agent.sh")
LINK = jobs.RUNFILES.absolute() / "tests/e2e/delayed_link"

UNSHARE = ["unshare", "--net", "--pid", "--mount", "--ipc", "--fork", "--kill-child", "--mount-proc"]
# Who is not root may be it in a user namespace, where the machine allows that.
AS_ROOT = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
INSIDE = "MLC_TEST_HOSTS"


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def reason_to_skip():
    for tool in ("unshare", "nsenter", "ip", "tc"):
        if not shutil.which(tool):
            return f"{tool} is not installed"
    probe = "ip link add type veth && ip link add type bridge && mount -t tmpfs none /mnt"
    result = subprocess.run([*UNSHARE, *AS_ROOT, "sh", "-c", probe], capture_output=True, text=True)
    return None if result.returncode == 0 else f"no network namespaces can be made here: {result.stderr.strip()}"


def main(run=unittest.main, elsewhere=lambda: None):
    """Runs it where hosts can be made; elsewhere it says why that is skipped, and does what else can be done."""
    if INSIDE in os.environ:
        run()
        return
    if reason := reason_to_skip():
        print(f"skipped: {reason}", file=sys.stderr)
        elsewhere()
        return
    # The shell is the namespace's first process: it reaps those that lose their parents.
    command = [*UNSHARE, *AS_ROOT, "sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-B", *sys.argv]
    sys.exit(subprocess.run(command, env={**os.environ, INSIDE: "1"}, preexec_fn=die_with_parent).returncode)


class Hosts:
    """host0, host1, ... or all of one name; each has one slot for a rank, or as many as are given. `rate` is that of each host's link, as tc's
    "1gbit". Between two hosts there may be a delay in milliseconds, and loss, a probability."""

    def __init__(self, count, folder, rate=None, slots=1, name=None, delay=0, loss=0):
        self.folder = pathlib.Path(folder).absolute()
        self.shared = self.folder / "shared"
        self.shared.mkdir(parents=True)
        self.addresses = [f"10.77.0.{index + 1}" for index in range(count)]
        self.keepers = []
        self.slots = slots
        self.name = name
        # Ports that are in no switch have a link between them.
        self.link = None
        self.has_switch = not (delay or loss)
        if self.has_switch:
            ip("link", "add", "switch", "type", "bridge")
            ip("link", "set", "switch", "up")
        self.shm = [self.own(index) / "shm" for index in range(count)]
        for index in range(count):
            self._start(index, rate)
        if not self.has_switch:
            assert count == 2
            self.link = subprocess.Popen([LINK, "port0", "port1", str(delay), str(loss)], stdout=subprocess.PIPE, text=True)
            if self.link.stdout.readline() != "ready\n":
                raise RuntimeError("no link between the hosts")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _start(self, index, rate):
        own = self.own(index)
        for name in ("shm", "shared"):
            (own / name).mkdir(parents=True)
        mount("-t", "tmpfs", "-o", "size=256m", "none", own / "shm")
        mount("--bind", self.shared, own / "shared")
        # What is under own/ is /mnt here.
        script = (f"hostname {self.name or f'host{index}'} && mount --rbind {own} /mnt && mount --bind /mnt/shm /dev/shm && ip link set lo up && "
                  f"echo ready && exec sleep infinity")
        keeper = subprocess.Popen(["unshare", "--net", "--uts", "--ipc", "--mount", "sh", "-c", script], stdout=subprocess.PIPE, text=True,
                                  preexec_fn=die_with_parent)
        self.keepers.append(keeper)
        if keeper.stdout.readline() != "ready\n":
            raise RuntimeError(f"host{index} does not start")
        (self.folder / self.addresses[index]).write_text(str(keeper.pid))
        ip("link", "add", f"port{index}", "type", "veth", "peer", "name", "eth0", "netns", keeper.pid)
        ip("link", "set", f"port{index}", *(["master", "switch"] if self.has_switch else []), "up")
        self.run(index, "ip", "address", "add", f"{self.addresses[index]}/24", "dev", "eth0")
        self.run(index, "ip", "link", "set", "eth0", "up")
        if rate:
            shape = ["root", "tbf", "rate", rate, "burst", "256k", "latency", "50ms"]
            subprocess.run(["tc", "qdisc", "add", "dev", f"port{index}", *shape], check=True)
            self.run(index, "tc", "qdisc", "add", "dev", "eth0", *shape)

    def own(self, index):
        """The folder that the host has as /mnt, in which shared is common to all hosts."""
        return self.folder / f"host{index}"

    def owned(self):
        return [self.own(index) for index in range(len(self.addresses))]

    def on(self, index):
        """What runs a command on a host."""
        return ["nsenter", "--target", str(self.keepers[index].pid), "--net", "--uts", "--ipc", "--mount", "--"]

    def run(self, index, *command):
        subprocess.run([*self.on(index), *command], check=True)

    def mpirun(self, ranks):
        """From host0, ranks on the hosts in turn, on each as many as it has slots."""
        hostfile = self.folder / "hosts"
        used = self.addresses[:-(-ranks // self.slots)]
        hostfile.write_text("".join(f"{address} slots={self.slots}\n" for address in used))
        parameters = {"plm_rsh_agent": AGENT, "btl_tcp_if_include": "eth0", "oob_tcp_if_include": "eth0"}
        given = [word for name, value in parameters.items() for word in ("--mca", name, str(value))]
        return [*self.on(0), "mpirun", "-np", str(ranks), "--hostfile", str(hostfile), "--allow-run-as-root", "--bind-to", "none", *given]

    def environment(self):
        """For mpirun: every host has a cache of its own, under the same name."""
        return {"MLC_TEST_HOSTS_FOLDER": str(self.folder), "MLC_CACHE": "/mnt/cache"}

    def cut(self, index):
        ip("link", "set", f"port{index}", "down")

    def mend(self, index):
        ip("link", "set", f"port{index}", "up")

    def processes(self):
        """What runs on them, but for what keeps them."""
        keepers = [keeper.pid for keeper in self.keepers]
        namespaces = {os.readlink(f"/proc/{keeper}/ns/net") for keeper in keepers}
        found = []
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if int(folder.name) not in keepers and os.readlink(folder / "ns/net") in namespaces:
                    found.append(f"{(folder / 'comm').read_text().strip()} {folder.name}")
        return found

    def close(self):
        for process in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(process.split()[-1]), signal.SIGKILL)
        for index, keeper in enumerate(self.keepers):
            keeper.kill()
            keeper.communicate()
            subprocess.run(["ip", "link", "delete", f"port{index}"], stderr=subprocess.DEVNULL)
            for name in ("shm", "shared"):
                subprocess.run(["umount", "--lazy", self.own(index) / name], check=True)
        if self.has_switch:
            ip("link", "delete", "switch")
        else:
            self.link.kill()
            self.link.communicate()


def ip(*arguments):
    subprocess.run(["ip", *map(str, arguments)], check=True)


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def report(hosts, *arguments, ranks, environment=(), wrapper=()):
    """The JSON report of an mlc-run over the hosts that must succeed; `wrapper` is what runs it on each."""
    return jobs.report(*arguments, before=[*hosts.mpirun(ranks), *wrapper], environment={**hosts.environment(), **dict(environment)})
