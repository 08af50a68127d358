"""Several hosts on one machine: network namespaces on a bridge, each with mounts and processes.

Needs root, iproute2 and util-linux. Each host has an address of its own, its own `/dev/shm`, its
own folder in place of Ray's temporary one, and its own tree of processes, which ends with it.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PORT = 6379
TOKEN = "0123456789abcdef" * 4
_NETWORK = "10.231.7"
_MADE = count()
_START_SECONDS = 120.0


def missing():
    """Say what this machine lacks to make hosts; None if nothing."""
    if os.geteuid() != 0:
        return "hosts are made by root"
    lacking = [name for name in ("ip", "unshare", "nsenter", "mount") if not shutil.which(name)]
    if lacking:
        return f"hosts need {', '.join(lacking)}"
    probe = subprocess.run(["ip", "netns", "add", "simprobe"], capture_output=True, check=False)
    if probe.returncode:
        return f"no network namespaces: {probe.stderr.decode().strip()}"
    _ip("netns", "delete", "simprobe")
    return None


def _bridge(mark):
    return f"simbr{mark}"


def _ip(*words, check=True):
    subprocess.run(["ip", *words], check=check, capture_output=not check)


class Host:
    """One host; its processes end with `kill`."""

    def __init__(self, name, number, folder, mark, *, shared=(), slow=False):
        """Make a host on the bridge with a mark.

        With `slow` its network delays and loses frames; see `slow_link.py`.
        """
        self.name, self.address = name, f"{_NETWORK}.{number}"
        self.folder = folder
        self.folder.mkdir(parents=True)
        self.space, self._link = f"{name}{mark}", f"v{name[:4]}{mark}"  # the kernel takes 15 bytes
        self._relay = None
        self._network(_bridge(mark), slow=slow)
        # The environment is that of tests, without what names another cluster.
        self.environment = {
            **{key: value for key, value in os.environ.items() if key != "RAY_ADDRESS"},
            "PYTHONPATH": os.pathsep.join([str(ROOT), *map(str, shared)]),
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": TOKEN,
            "RAY_worker_niceness": "0",
            "RAY_TMPDIR": "/tmp/ray",
            "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
            "HF_HUB_OFFLINE": "1",
            "OMP_NUM_THREADS": "1",
        }
        script = (
            f"hostname {name}; mount -t tmpfs -o size=700m tmpfs /dev/shm; mkdir -p /tmp/ray; "
            f"mount --bind {folder} /tmp/ray; echo ready; exec sleep infinity"
        )
        self._shell = subprocess.Popen(
            ["ip", "netns", "exec", self.space, "unshare", "--mount", "--pid", "--fork",
             "--kill-child", "--uts", "--ipc", "--mount-proc", "bash", "-c", script],
            stdout=subprocess.PIPE, env=self.environment, text=True, start_new_session=True,
        )  # fmt: skip
        assert self._shell.stdout.readline() == "ready\n", f"the host {name} did not come up"
        children = Path(f"/proc/{self._shell.pid}/task/{self._shell.pid}/children").read_text()
        self._inside = children.split()[0]
        self._running = []

    def _network(self, bridge, *, slow):
        name, link = self.space, self._link
        _ip("netns", "add", name)
        if slow:
            command = [sys.executable, Path(__file__).with_name("slow_link.py"), link, f"{link}x"]
            self._relay = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            assert self._relay.stdout.readline() == "ready\n"
            _ip("link", "set", f"{link}x", "netns", name, "name", "eth0")
        else:
            _ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
        _ip("link", "set", link, "master", bridge, "up")
        _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", name, "addr", "add", f"{self.address}/24", "dev", "eth0")
        _ip("-n", name, "link", "set", "eth0", "up")
        _ip("-n", name, "route", "add", "default", "dev", "eth0")

    def start(self, command, log=None, **environment):
        """Start a command in this host; its output goes to `log`, else to pipes."""
        out = (self.folder / log).open("w") if log else subprocess.PIPE
        within = ["nsenter", "-t", self._inside, "-m", "-n", "-u", "-i", "-p"]
        process = subprocess.Popen(
            [*within, "bash", "-c", 'cd /tmp/ray && exec "$@"', "bash", *map(str, command)],
            stdout=out, stderr=subprocess.STDOUT if log else subprocess.PIPE, text=True,
            env={**self.environment, **environment}, start_new_session=True,
        )  # fmt: skip
        if log:
            out.close()
        self._running.append(process)
        return process

    def run(self, command, **environment):
        """Run a command in this host to its end; return it with its output."""
        process = self.start(command, **environment)
        out, err = process.communicate()
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def ray(self, head=None, *options):
        """Start Ray: the head of a cluster, or a node of the cluster of `head`."""
        join = ["--head", "--port", PORT] if head is None else ["--address", f"{head}:{PORT}"]
        ray = Path(sys.executable).with_name("ray")
        self.start(
            [ray, "start", "--block", *join, "--node-ip-address", self.address,
             "--object-store-memory", "200000000", "--disable-usage-stats", *options],
            log="ray.txt",
        )  # fmt: skip
        return self

    def pids(self, words):
        """List the processes of this host whose command has these words, by their ids outside."""
        space = Path(f"/proc/{self._inside}/ns/pid").readlink()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if (folder / "ns/pid").readlink() == space:
                    line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    if words in line:
                        found.append(int(folder.name))
        return found

    def kill_raylet(self):
        """End the raylet, and nothing else, as a fault would."""
        (raylet,) = self.pids("/raylet/raylet ")
        os.kill(raylet, signal.SIGKILL)

    def cut(self):
        """Take this host off the network."""
        _ip("link", "set", self._link, "down")

    def mend(self):
        """Put this host on the network again."""
        _ip("link", "set", self._link, "up")

    def kill(self):
        """End this host with all that is in it, at once."""
        if self._shell.poll() is None:
            self._shell.kill()
            self._shell.wait()
            self._shell.stdout.close()
        for process in self._running:
            process.wait()
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()
        if self._relay is not None:
            self._relay.kill()
            self._relay.wait()
            self._relay.stdout.close()
            self._relay = None


class Hosts:
    """Hosts on one bridge; a context manager that ends them all."""

    def __init__(self):
        self.made = []
        # In the names of all that is made: other processes have hosts too, and the kernel takes
        # its time to remove those of an earlier test.
        self._mark = f"{os.getpid() % 100_000}{'abcdefghijklmnopqrstuvwxyz'[next(_MADE) % 26]}"

    def __enter__(self):
        self._folder = Path(tempfile.mkdtemp(prefix="simhosts", dir="/tmp"))
        _ip("link", "add", _bridge(self._mark), "type", "bridge")
        _ip("link", "set", _bridge(self._mark), "up")
        return self

    def add(self, name, *, shared=(), slow=False):
        """Make a host."""
        number = 10 + len(self.made)
        host = Host(name, number, self._folder / name, self._mark, shared=shared, slow=slow)
        self.made.append(host)
        return host

    def __exit__(self, *_):
        for host in reversed(self.made):
            host.kill()
        for host in self.made:
            _ip("netns", "delete", host.space, check=False)
        _ip("link", "delete", _bridge(self._mark), check=False)
        shutil.rmtree(self._folder, ignore_errors=True)


def started(*hosts):
    """Return once Ray runs on each of these hosts; a node that joins too early waits for long."""
    deadline = time.monotonic() + _START_SECONDS
    for host in hosts:
        while "Ray runtime started" not in (text := (host.folder / "ray.txt").read_text()):
            assert time.monotonic() < deadline, text
            time.sleep(0.2)
