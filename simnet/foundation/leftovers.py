"""Removes what ended processes leave on a machine: processes, sockets, folders, shared memory.

All of it belongs to a folder in `temporary_folder()`: one for each session of Ray and one for each
engine. A process uses a folder if it writes to a file in it, has a socket in it, or names it in
its environment, unless a file there notes it as a guest: it joined a session that another process
has started. Shared memory has no owner that could be found later, so that of an engine is noted in
its folder while the engine lives.

Run as a script, this module waits for the process that started it to end, in whatever way, and
then removes what that has left. It imports nothing of simnet, so that such a process is small.
"""

import fcntl
import os
import select
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import psutil

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  (where Linux keeps it)
LOCK = "lock"
"""File of a folder of an engine; the process that the folder belongs to has it locked."""
_NOTES = "shared memory"
"""File of a folder of an engine: a line with name and inode for each piece of shared memory."""
GUEST = "guest_"
"""How the file begins that notes a process which uses a session that another has started."""
_TRACKER = "multiprocessing.resource_tracker"
_SESSION = "session_%Y-%m-%d_%H-%M-%S_%f"
_UNLOCKED_SECONDS = 60.0
"""Age from which a folder without a lock belongs to nobody."""
_CLOCK_SECONDS = 60.0
"""Seconds by which the clock may have been set back since a session began."""
_SOON, _LATER = 0.3, 5.0
"""Wall seconds between two looks at an engine: while it starts or ends, and in between."""
_STARTING_LOOKS = 400
_STOP_SECONDS = 15.0
"""Wall seconds that a Cleaner waits for its process to end."""
_STOP = b"stop\n"
"""What a Cleaner's process reads when it is to remove what is left now."""


def temporary_folder() -> Path:
    """Return the folder for sessions of Ray and engines that simnet starts for this user."""
    root = Path(os.environ.get("RAY_TMPDIR") or tempfile.gettempdir())
    return root.resolve() / f"simnet-{os.getuid()}"


class Cleaner:
    """A process that removes, once this one has ended, what this one has left of `folder`.

    `folder` is that of an engine, or `temporary_folder()`: then what all ended processes have
    left there is removed.
    """

    def __init__(self, folder: Path) -> None:
        """Start the process. It ends by itself when this one does, even if that is killed."""
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", __file__, str(folder), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C ends what it waits for, and not itself
            cwd="/",
        )

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def stop(self) -> None:
        """Let it remove what is left now, and wait for it to end."""
        with suppress(subprocess.TimeoutExpired, BrokenPipeError):
            self._process.communicate(_STOP, timeout=_STOP_SECONDS)


def remove_leftovers(root: Path) -> None:
    """Remove all folders in `root` whose process has ended, and what belongs to them."""
    if not root.is_dir() or root.stat().st_uid != os.getuid():
        return
    for is_old in (_is_old_session, _is_old_engine):  # engines may run in a session
        for folder in root.iterdir():
            if not folder.is_symlink() and is_old(folder):
                remove(folder)
    for note in (*root.glob("serving_*"), *root.glob(f"{GUEST}*")):
        with suppress(OSError):
            if not is_running(_number(note), note.stat().st_mtime):
                note.unlink()
    latest = root / "session_latest"
    with suppress(OSError):  # another session may have begun
        if latest.is_symlink() and not latest.exists():
            latest.unlink()
        root.rmdir()


def _is_old_engine(folder: Path) -> bool:
    if not folder.name.startswith("engine_"):
        return False
    try:
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        with suppress(OSError):
            return time.time() - folder.stat().st_mtime > _UNLOCKED_SECONDS
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(lock)
    return True


def _is_old_session(folder: Path) -> bool:
    """Whether the driver has ended; Ray names a session by the time and the driver's id."""
    name, _, number = folder.name.rpartition("_")
    if not name.startswith("session_") or not number.isdecimal():
        return False
    try:
        began = datetime.strptime(name, _SESSION).timestamp()  # noqa: DTZ007  (local time)
    except ValueError:
        return False
    return not is_running(int(number), began)


def is_running(number: int, began: float) -> bool:
    """Whether the process of this id runs that did so at a time, which is not a later one."""
    try:
        process = psutil.Process(number)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return bool(process.create_time() <= began + _CLOCK_SECONDS)
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True


def _guests(root: Path) -> set[int]:
    """Return the processes that use sessions of others, and that go on when these end."""
    return {_number(note) for note in root.glob(f"{GUEST}*")}


def _number(note: Path) -> int:
    number = note.name.rpartition("_")[2]
    return int(number) if number.isdecimal() else 0


def remove(folder: Path, owner: int = 0) -> None:
    """Remove a folder of a session or an engine; end the processes that use it.

    The calling process and the owner, which closes its engine, go on. Removes the shared memory of
    an engine too: only files of this user that no living process has mapped.
    """
    users = _users(folder, {os.getpid(), owner, *_guests(folder.parent)})
    shared = {*_noted(folder), *_mapped(users)}
    end(users)
    for name, inode in shared - _mapped(psutil.process_iter()):
        path = SHARED_MEMORY / name
        with suppress(OSError):
            found = path.lstat()
            if (found.st_ino, found.st_uid) == (inode, os.getuid()) and stat.S_ISREG(found.st_mode):
                path.unlink()
    shutil.rmtree(folder, ignore_errors=True)


def _users(folder: Path, others: Container[int] = ()) -> list[psutil.Process]:
    """List the processes of this user that use a folder, but `others`, and those they started."""
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid in others or process.uids().real != os.getuid():
                continue
            if any(_TRACKER in word for word in process.cmdline()):
                continue  # it ends by itself, after the processes that it serves
            if _uses(process, str(folder)):
                for one in (process, *process.children(recursive=True)):
                    found[one.pid] = one
    return [process for number, process in found.items() if number not in others]


def _uses(process: psutil.Process, folder: str) -> bool:
    inside = folder + os.sep
    writes = any(
        file.path.startswith(inside) and getattr(file, "mode", "w") != "r"
        for file in process.open_files()
    )
    return (
        writes
        or folder in process.environ().values()
        or any(str(one.laddr).startswith(inside) for one in process.net_connections("unix"))
    )


def end(processes: list[psutil.Process]) -> None:
    """Kill processes, and wait some seconds for them to end."""
    for process in processes:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(processes, timeout=5)


# -- shared memory --------------------------------------------------------------------


def _mapped(processes: Iterable[psutil.Process]) -> set[tuple[str, int]]:
    """Return name and inode of the shared memory that processes have mapped."""
    return {piece for process in processes for piece in _maps(process.pid)}


def _maps(number: int) -> Iterator[tuple[str, int]]:
    inside = f"{SHARED_MEMORY}/"
    with suppress(OSError), Path(f"/proc/{number}/maps").open(errors="replace") as maps:
        for line in maps:
            if inside in line and not line.endswith(" (deleted)\n"):
                *_, inode, path = line.rstrip("\n").split(maxsplit=5)
                yield path.removeprefix(inside), int(inode)


def _note(folder: Path, noted: set[tuple[str, int]], owner: int) -> None:
    """Add what the children of a process have mapped to the notes."""
    with suppress(psutil.Error, OSError):
        new = _mapped(psutil.Process(owner).children(recursive=True)) - noted
        if new:
            with (folder / _NOTES).open("a", encoding="utf-8") as notes:
                notes.writelines(f"{inode} {name}\n" for name, inode in sorted(new))
            noted |= new


def _noted(folder: Path) -> Iterator[tuple[str, int]]:
    with suppress(OSError):
        for line in (folder / _NOTES).read_text(encoding="utf-8").splitlines():
            inode, _, name = line.partition(" ")
            if inode.isdecimal() and name == Path(name).name:
                yield name, int(inode)


def _wait(folder: Path, owner: int) -> None:
    """Return when the owner has ended or has asked for the removal; note meanwhile.

    A process that is killed closes its pipe some time before it has ended, and what belongs to a
    process that has not ended is not removed.
    """
    noted: set[tuple[str, int]] = set()
    is_engine = (folder / LOCK).exists()
    process = psutil.Process().parent()
    looks = 0
    while process is not None and process.pid == owner and _lives(process):
        soon = is_engine and looks < _STARTING_LOOKS
        if select.select([sys.stdin], [], [], _SOON if soon else _LATER)[0]:
            if os.read(sys.stdin.fileno(), len(_STOP)):
                return
            time.sleep(_SOON)  # it has closed its files, and so is ending
        looks += 1
        if is_engine:
            _note(folder, noted, owner)


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def main() -> None:
    """Wait for the end of a process, whose id is the second argument, and clean up after it."""
    folder, owner = Path(sys.argv[1]), int(sys.argv[2])
    _wait(folder, owner)
    if (folder / LOCK).exists():
        remove(folder, owner)
        remove_leftovers(folder.parent)
    else:
        remove_leftovers(folder)


if __name__ == "__main__":
    main()
