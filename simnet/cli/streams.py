"""Standard output and error that can show any text, if need be with question marks."""

import sys


def show_what_can_be_shown() -> None:
    """Let what an encoding lacks be printed as `?`, on stdout and stderr."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a notebook's streams show everything
            stream.reconfigure(errors="replace")
