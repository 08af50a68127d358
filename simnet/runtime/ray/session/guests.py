"""Notes that this process uses a session of Ray which another process of this machine has started.

Ray has files of the session open in it, and so it would count among what uses the session and be
ended with that.
"""

import os
from contextlib import suppress
from pathlib import Path

from simnet.foundation.leftovers import GUEST, temporary_folder


def enter_as_guest() -> None:
    """Note this process as a guest."""
    with suppress(OSError):  # then it is ended with the session, at worst
        _note().touch(mode=0o600)


def leave_as_guest() -> None:
    """Undo `enter_as_guest`, if that was done."""
    with suppress(OSError):
        _note().unlink()


def _note() -> Path:
    return temporary_folder() / f"{GUEST}{os.getpid()}"
