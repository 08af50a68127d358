"""Starts Ray on this machine: on the loopback interface, with a token, and not for ever."""

import os
import resource
import secrets
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import psutil
import ray
from ray._private import ray_constants
from ray._raylet import Config  # type: ignore[attr-defined]

from simnet.errors import RunError
from simnet.foundation.leftovers import Cleaner, end, remove, remove_leftovers, temporary_folder
from simnet.foundation.posix import LONGEST_SOCKET, STOPPING
from simnet.runtime.ray.session.guests import leave_as_guest
from simnet.runtime.ray.session.ray_output import REDIRECTION

START_SECONDS = 180.0
"""Wall seconds that Ray has to start. It gives up after 30 of them, and is started again."""
LEAST_FILES = 1024
"""Open files that a process needs to be allowed."""
LEAST_BYTES = 200 << 20
"""Free bytes that Ray needs for its sockets, logs and objects."""
_SOCKET = "session_2026-01-01_00-00-00_000000_0000000/sockets/plasma_store"
_TOKEN = secrets.token_hex(32)
"""Token of all Ray sessions that this process starts. Ray reads it once a process."""
_cleaners: list[Cleaner] = []
"""The one that cleans up after this process, while there is a session."""
_RETRIED = "timed out during startup"
LOCAL_ENVIRONMENT = {
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": _TOKEN,
    # Ray's own niceness, 15, lets any other computation on this machine starve the run.
    "RAY_worker_niceness": "0",
    # Makes Ray's processes listen on 127.0.0.1 alone; the name is historical.
    ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR: "0",
}
"""Environment variables of a Ray that simnet starts."""


class InterruptedStartError(RunError):
    """A signal came while Ray was starting."""


class _StoppedError(BaseException):
    """A signal or the deadline ended the start."""


def start_ray() -> None:
    """Start Ray for this process.

    Ray listens on the loopback interface only, and its processes ask for a token. Raises
    RunError, with the cause and what to do, if it does not start within `START_SECONDS`, or when
    SIGINT, SIGTERM or SIGHUP comes meanwhile.
    """
    check_machine()
    REDIRECTION.begin()
    remove_leftovers(temporary_folder())
    temporary_folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    _cleaners.append(Cleaner(temporary_folder()))
    for name, value in LOCAL_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    ray_constants.ENABLE_RAY_CLUSTER = False
    Config.initialize("")  # Ray read the environment when it was imported
    deadline = time.monotonic() + START_SECONDS
    with _interruptible(START_SECONDS), _cleaned_up():
        while True:
            try:
                _init()
            except Exception as error:  # Ray raises plain ones
                if _RETRIED in str(error) and time.monotonic() < deadline:
                    end(_processes_of_ray())
                    continue
                raise RunError(f"Ray did not start: {_cause(error)}") from error
            return


def stop_ray() -> None:
    """Stop the Ray that this process started, and remove the folder of its session.

    From a Ray that another process started, this one is disconnected.
    """
    session = ray.get_runtime_context().get_session_name() if ray.is_initialized() else ""
    ray.shutdown()
    leave_as_guest()
    if session and _cleaners:
        remove(temporary_folder() / session)
    REDIRECTION.end()
    while _cleaners:
        _cleaners.pop().stop()


def _init() -> None:
    ray.init(
        "local",
        _temp_dir=str(temporary_folder()),
        include_dashboard=False,
        configure_logging=False,  # see simnet.runtime.ray.session.ray_output
        log_to_driver=False,
    )


def _cause(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    first = lines[0] if lines else type(error).__name__
    if _RETRIED in first:
        return (
            "its processes did not come up in time; this machine is too busy or its network does "
            "not answer. Try again when it is idle, or run without Ray: --no-ray"
        )
    return f"{first}. Its logs are in {temporary_folder()}/session_latest/logs"


def check_machine() -> None:
    """Raise RunError, saying what to do, if Ray cannot start on this machine."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < LEAST_FILES:
        raise RunError(
            f"Ray cannot start: a process may open {soft} files, and Ray needs {LEAST_FILES}; "
            f"raise the limit with: ulimit -n {min(hard, 65536)}"
        )
    folder = temporary_folder()
    advice = "name another folder with: export RAY_TMPDIR=/some/short/folder"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        raise RunError(f"Ray cannot start: {folder}: {error.strerror}; {advice}") from error
    if folder.stat().st_uid != os.getuid():
        raise RunError(f"Ray cannot start: {folder} belongs to another user; {advice}")
    if free < LEAST_BYTES:
        raise RunError(
            f"Ray cannot start: {folder} has {free >> 20} MiB free, and Ray needs "
            f"{LEAST_BYTES >> 20}; free some, or {advice}"
        )
    if len(os.fsencode(folder / _SOCKET)) > LONGEST_SOCKET:
        raise RunError(f"Ray cannot start: the path {folder} is too long for sockets; {advice}")
    try:
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
    except OSError as error:
        raise RunError(
            f"Ray cannot start: nothing can listen on 127.0.0.1: {error.strerror}; bring the "
            "loopback interface up with: ip link set lo up"
        ) from error


@contextmanager
def _interruptible(seconds: float) -> Iterator[None]:
    """Let signals and a deadline end what blocks this thread; does nothing in other threads."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise _StoppedError(number)

    before = {number: signal.signal(number, stop) for number in (*STOPPING, signal.SIGALRM)}
    timer = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except _StoppedError as stopped:
        (number,) = stopped.args
        if number != signal.SIGALRM:
            raise InterruptedStartError("interrupted while Ray was starting") from None
        raise RunError(
            f"Ray did not start within {seconds:g} s; this machine is too busy, or its network or "
            f"temporary folder {temporary_folder()} does not answer. Run without Ray: --no-ray"
        ) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _cleaned_up() -> Iterator[None]:
    """End the processes of a start that failed."""
    try:
        yield
    except BaseException:
        with suppress(Exception):  # a session that is half there may not be able to end itself
            stop_ray()
        end(_processes_of_ray())
        raise


def _processes_of_ray() -> list[psutil.Process]:
    """List processes of Ray that this process started."""
    found = []
    folder, cleaners = str(temporary_folder()), {cleaner.pid for cleaner in _cleaners}
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if process.pid not in cleaners and any(folder in word for word in process.cmdline()):
                found.append(process)
    return found
