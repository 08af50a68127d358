"""Ray that a run starts by itself: where it listens, and what is said when it does not start."""

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from types import SimpleNamespace

import pytest

pytest.importorskip("ray")

from simnet.errors import RunError
from simnet.runtime.ray.session import local_ray

pytestmark = pytest.mark.ray

# In a process of its own: the tests share another session of Ray.
SCRIPT = textwrap.dedent(
    """
    import json, os, psutil, ray
    from simnet.runtime.ray.session.local_ray import start_ray, stop_ray, temporary_folder

    start_ray()

    @ray.remote
    class Actor:
        def environment(self):
            return os.environ.get("RAY_AUTH_MODE")

    actor = Actor.remote()
    mode = ray.get(actor.environment.remote())
    me = psutil.Process()
    children = me.children(recursive=True)
    listening = {
        connection.laddr.ip
        for process in [me, *children]
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    began = list(temporary_folder().glob("session_2*"))
    stop_ray()
    _, alive = psutil.wait_procs(children, timeout=60)
    left = [str(path) for path in temporary_folder().parent.iterdir()]
    kept = os.path.exists(os.path.expanduser("~/.ray/auth_token"))
    told = {"listening": sorted(listening), "mode": mode, "token kept": kept, "left": left,
            "sessions": len(began), "alive": len(alive)}
    print(json.dumps(told))
    """
)


@pytest.fixture
def short():
    """A folder whose name is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="s", dir="/tmp") as folder:
        yield folder


def start_in(folder, short):
    """Write the script and return the command and environment that run it."""
    script = folder / "start.py"
    script.write_text(SCRIPT, encoding="utf-8")
    environment = {**os.environ, "HOME": str(folder), "RAY_TMPDIR": short}
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_ADDRESS"):
        environment.pop(name, None)
    return [sys.executable, str(script)], environment


def test_it_listens_on_loopback_only_asks_for_a_token_and_leaves_nothing(tmp_path, short):
    command, environment = start_in(tmp_path, short)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "listening": ["127.0.0.1", "::ffff:127.0.0.1"],
        "mode": "token",
        "token kept": False,
        "sessions": 1,
        "left": [],
        "alive": 0,
    }


def refused():
    with pytest.raises(RunError) as caught:
        local_ray.check_machine()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_temporary_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / f"simnet-{os.getuid()}").write_text("a file in the way")
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    assert refused() == (
        f"Ray cannot start: {tmp_path}/simnet-{os.getuid()}: File exists; name another folder "
        "with: export RAY_TMPDIR=/some/short/folder"
    )


def test_a_path_too_long_for_sockets_is_named(tmp_path, monkeypatch):
    deep = tmp_path / ("x" * 90)
    monkeypatch.setenv("RAY_TMPDIR", str(deep))
    assert "is too long for sockets" in refused()


def test_a_full_disk_is_named(monkeypatch):
    monkeypatch.setattr(local_ray, "LEAST_BYTES", 1 << 60)
    assert "MiB free, and Ray needs" in refused()


def test_a_limit_of_open_files_is_named():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))
    try:
        assert "ulimit -n" in refused()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture
def apart(monkeypatch):
    """Keep a start in this process away from the session of Ray that other tests share."""
    monkeypatch.setattr(local_ray, "stop_ray", lambda: None)
    monkeypatch.setattr(local_ray, "remove_leftovers", lambda _: None)
    monkeypatch.setattr(local_ray, "Cleaner", lambda _: SimpleNamespace(pid=0))
    monkeypatch.setattr(local_ray, "_cleaners", [])
    monkeypatch.setattr(local_ray, "_processes_of_ray", list)
    monkeypatch.setattr(local_ray, "LOCAL_ENVIRONMENT", {})
    monkeypatch.setattr(local_ray, "Config", SimpleNamespace(initialize=lambda _: None))
    constants = local_ray.ray_constants
    monkeypatch.setattr(constants, "ENABLE_RAY_CLUSTER", constants.ENABLE_RAY_CLUSTER)


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_start_that_hangs(monkeypatch, number):
    handler = signal.getsignal(number)

    def hangs():
        threading.Timer(0.2, os.kill, (os.getpid(), number)).start()
        time.sleep(600)

    monkeypatch.setattr(local_ray, "_init", hangs)
    with pytest.raises(RunError, match="interrupted while Ray was starting"):
        local_ray.start_ray()
    assert signal.getsignal(number) is handler


@pytest.mark.usefixtures("apart")
def test_a_start_that_hangs_is_given_up(monkeypatch):
    handler = signal.getsignal(signal.SIGALRM)
    monkeypatch.setattr(local_ray, "_init", lambda: time.sleep(600))
    monkeypatch.setattr(local_ray, "START_SECONDS", 0.3)
    with pytest.raises(RunError, match=r"did not start within 0.3 s; .* --no-ray"):
        local_ray.start_ray()
    assert signal.getsignal(signal.SIGALRM) is handler


@pytest.mark.usefixtures("apart")
def test_what_ray_raises_becomes_a_sentence(monkeypatch):
    def fails():
        raise Exception("Failed to start the thing.\nTraceback ...")  # noqa: TRY002

    monkeypatch.setattr(local_ray, "_init", fails)
    with pytest.raises(RunError, match=r"^Ray did not start: Failed to start the thing\.\. Its"):
        local_ray.start_ray()


@pytest.mark.usefixtures("apart")
def test_a_start_that_timed_out_is_tried_again(monkeypatch):
    tries = []

    def fails_twice():
        tries.append(1)
        if len(tries) < 3:
            raise Exception("The current node timed out during startup.")  # noqa: TRY002

    monkeypatch.setattr(local_ray, "_init", fails_twice)
    local_ray.start_ray()
    assert len(tries) == 3
