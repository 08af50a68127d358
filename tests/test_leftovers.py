"""What a process leaves when it is killed is removed: at once, or by the next start."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest
from waiting import survivors, wait_until

from simnet.foundation import leftovers

pytestmark = pytest.mark.skipif(
    not leftovers.SHARED_MEMORY.is_dir(), reason="shared memory has no folder on this system"
)

# An engine: a child with a socket and a file in the folder, and with shared memory.
ENGINE = textwrap.dedent(
    """
    import mmap, os, socket, sys, time
    folder, name = sys.argv[1:]
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(folder + "/socket")
    with open("/dev/shm/" + name, "w+b") as file:
        file.truncate(4096)
        shared = mmap.mmap(file.fileno(), 4096)
    time.sleep(600)
    """
)
OWNER = textwrap.dedent(
    """
    import subprocess, sys, time
    from simnet.inference.engine.engine_folder import EngineFolder
    folder = EngineFolder()
    child = subprocess.Popen([sys.executable, "-c", sys.argv[1], str(folder.path), sys.argv[2]])
    print(folder.path, child.pid, folder._cleaner.pid, flush=True)
    if sys.stdin.readline():
        child.kill()
        child.wait()
        folder.remove()
    """
)


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """A process that owns a folder, whose child has shared memory that has been noted."""
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    name = f"psm_{os.getpid()}_{time.time_ns()}"
    command = [sys.executable, "-c", OWNER, ENGINE, name]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    shared = leftovers.SHARED_MEMORY / name
    with subprocess.Popen(command, text=True, **pipes) as owner:
        folder, child, cleaner = owner.stdout.readline().split()
        notes = Path(folder) / leftovers._NOTES
        wait_until(lambda: notes.exists() and name in notes.read_text())
        yield owner, Path(folder), shared, *(psutil.Process(int(one)) for one in (child, cleaner))
        owner.kill()
    shared.unlink(missing_ok=True)


@pytest.mark.slow
def test_what_a_killed_process_leaves_is_removed_at_once(engine):
    owner, folder, shared, child, cleaner = engine
    assert child.is_running()
    owner.kill()
    owner.wait()
    assert not survivors([child, cleaner])
    assert not shared.exists()
    assert not folder.parent.exists()


def test_an_engine_that_is_closed_leaves_nothing(engine):
    owner, folder, shared, child, cleaner = engine
    owner.communicate("end\n")
    assert owner.returncode == 0
    assert not survivors([child, cleaner])
    assert not shared.exists()
    assert not folder.parent.exists()


def test_what_is_left_when_all_are_killed_is_removed_by_the_next_start(engine):
    owner, folder, shared, child, cleaner = engine
    leftovers.remove_leftovers(folder.parent)
    assert child.is_running(), "its owner lives"
    assert (folder / "socket").exists()
    for process in (cleaner, child, psutil.Process(owner.pid)):
        process.send_signal(signal.SIGKILL)
    owner.wait()
    assert shared.exists()
    leftovers.remove_leftovers(folder.parent)
    assert not survivors([child, cleaner])
    assert not shared.exists()
    assert not folder.parent.exists()


def test_shared_memory_that_others_have_now_is_left_alone(tmp_path):
    folder = tmp_path / "engine_x"
    folder.mkdir()
    mine = leftovers.SHARED_MEMORY / f"psm_{time.time_ns()}"
    mine.write_bytes(b"another piece of the same name")
    try:
        (folder / leftovers._NOTES).write_text(f"{mine.stat().st_ino + 1} {mine.name}\n1 ../x\n\n")
        leftovers.remove(folder)
        assert mine.exists()
        assert not folder.exists()
    finally:
        mine.unlink()


def test_a_reader_of_a_folder_does_not_use_it(tmp_path):
    folder = tmp_path / "session"
    folder.mkdir()
    (folder / "log").write_text("a line\n")
    with subprocess.Popen(["tail", "-f", str(folder / "log")], stdout=subprocess.PIPE) as reader:
        assert reader.stdout.readline()
        assert leftovers._users(folder) == []
        reader.kill()


@pytest.mark.parametrize(
    ("name", "old"),
    [
        ("session_2026-11-25_21-20-51_011803_OWN", True),  # an id that was taken over
        ("session_2999-11-25_21-20-51_011803_OWN", False),
        ("session_2026-11-25_21-20-51_011803_4194305", True),
        ("session_latest", False),
        ("notes", False),
    ],
)
def test_a_session_is_old_once_its_driver_has_ended(tmp_path, name, old):
    name = name.replace("OWN", str(os.getpid()))
    (tmp_path / name).mkdir()
    leftovers.remove_leftovers(tmp_path)
    assert (tmp_path / name).exists() is not old


# A process that closes its files some time before it has ended, as a killed one may.
CLOSES_FIRST = textwrap.dedent(
    """
    import os, sys, time
    from datetime import datetime
    from simnet.foundation.leftovers import Cleaner, temporary_folder
    session = datetime.now().strftime("session_%Y-%m-%d_%H-%M-%S_%f")
    (temporary_folder() / f"{session}_{os.getpid()}").mkdir(parents=True)
    cleaner = Cleaner(temporary_folder())
    print(cleaner.pid, flush=True)
    cleaner._process.stdin.close()
    sys.stdin.readline()
    """
)


LOOKS = 9
"""Pauses of a cleaner by which it has seen that its driver's files are closed."""


def test_a_session_is_removed_although_its_driver_ends_slowly(tmp_path, monkeypatch):
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    command = [sys.executable, "-c", CLOSES_FIRST]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as driver:
        cleaner = psutil.Process(int(driver.stdout.readline()))
        at_the_end = [file.name for file in leftovers.temporary_folder().iterdir()]
        wait_until(
            lambda: not leftovers._lives(cleaner) or cleaner.num_ctx_switches().voluntary > LOOKS
        )
        assert leftovers._lives(cleaner), "its driver has not ended"
        driver.communicate("end\n")
    assert len(at_the_end) == 1
    assert not survivors([cleaner])
    assert not leftovers.temporary_folder().exists()
