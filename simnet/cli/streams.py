"""Standard output and error: what they can show, and what happens when they cannot be written."""

import errno
import io
import os
import signal
import sys
from contextlib import suppress
from typing import Any

from simnet.cli.output import print_error
from simnet.errors import RecordError

READER_GONE = 128 + signal.SIGPIPE
"""Exit code when what is printed is read no more, as by `head`: that of a process it ends."""
OUTPUT = "standard output"
"""The file name of its errors."""
UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}
"""What the system says of a file that takes no more."""


def name_errors_of_output() -> None:
    """Let errors of writing standard output bear its name, so that they are told from others."""
    buffer = getattr(sys.stdout, "buffer", None)
    raw = getattr(buffer, "raw", buffer)  # the buffer is left out with PYTHONUNBUFFERED
    if not isinstance(raw, io.FileIO):  # a notebook's
        return
    write = raw.write

    def named(data: Any) -> int | None:
        try:
            return write(data)
        except OSError as error:
            error.filename = OUTPUT
            raise

    setattr(raw, "write", named)  # noqa: B010  (mypy: a method is assigned to)


def show_what_can_be_shown() -> None:
    """Let what an encoding lacks be printed as `?`, and take a terminal of no width as unknown."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a notebook's streams show everything
            stream.reconfigure(errors="replace")
    if os.environ.get("COLUMNS", "").strip() == "0":  # rich would print nothing
        del os.environ["COLUMNS"]


def code_of_failed_write(error: OSError) -> int:
    """Say that standard output cannot be written; return the exit code.

    What is not written yet is thrown away: Python would try again when it ends.
    """
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    if isinstance(error, BrokenPipeError):
        return READER_GONE
    print_error(f"error: the output cannot be written: {error.strerror}")
    return RecordError.exit_code


def flush_output() -> None:
    """Write what was printed. Raises SystemExit if that cannot be written."""
    if sys.stdout is None:  # it was closed before the start, so nothing was printed
        return
    try:
        sys.stdout.flush()
    except OSError as error:
        raise SystemExit(code_of_failed_write(error)) from None
