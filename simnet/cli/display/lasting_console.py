"""A console that outlives its reader."""

import os
import sys

from rich.console import Console


class LastingConsole(Console):
    """A console that prints nothing more once its reader is gone; rich's own ends the process."""

    def on_broken_pipe(self) -> None:
        """Go on in silence."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


class ClosableConsole(Console):
    """A console that raises BrokenPipeError once its reader is gone; rich's own exits with 1."""

    def on_broken_pipe(self) -> None:
        """Let the error that is handled pass."""
        raise  # noqa: PLE0704  (it is called while that is handled)
