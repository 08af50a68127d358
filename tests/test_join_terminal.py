"""`simnet join` at a real terminal: a pseudo-terminal with line editing, Ctrl-D and Ctrl-C."""

import os
import subprocess
import sys

import pytest
from test_join_command import _village, printed

__all__ = ["_village"]

pytestmark = pytest.mark.slow

JOIN = """
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # Ctrl-C reaches who has the terminal
from simnet.cli.app import main
main()
"""
END_OF_INPUT, INTERRUPT = "\x04", "\x03"


class Terminal:
    """A `simnet join` on a pseudo-terminal."""

    def __init__(self, *words):
        self._master, slave = os.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", JOIN, "join", *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            close_fds=True,
        )
        os.close(slave)
        self._shown = ""

    def type(self, text):
        os.write(self._master, text.encode())

    def until(self, words):
        """Read until words are shown; return what was shown up to their end."""
        while words not in self._shown:
            piece = self._read()
            assert piece, f"no {words!r} in {self._shown!r}"
            self._shown += piece
        end = self._shown.index(words) + len(words)
        before, self._shown = self._shown[:end], self._shown[end:]
        return before

    def rest(self):
        """Read to the end, and return it with the exit code."""
        while piece := self._read():
            self._shown += piece
        os.close(self._master)
        return self._shown, self.process.wait()

    def _read(self):
        try:
            return os.read(self._master, 65_536).decode().replace("\r\n", "\n")
        except OSError:  # nobody has the other end open any more
            return ""


def said(run):
    rows = run.read("events").to_pylist()
    return [(row["verb"], row["text"]) for row in rows if row["who"] == "ann"]


def test_the_feed_is_shown_a_wrong_action_is_asked_again_and_ctrl_d_leaves(village):
    terminal = Terminal("latest", "--as", "ann")
    shown = printed(terminal.until("\n> "))
    assert "you are @ann in RUN;" in shown
    assert "turn 0 at 00:00:00; N s to answer\nYour feed is empty.\n> " in shown
    terminal.type("dance\n")
    refused = terminal.until("\n> ")
    assert refused.startswith("dance\n")  # what is typed is echoed once, by the terminal
    assert "not done: " in refused
    terminal.type("write: Good mornink\x7fg!\n")  # a backspace
    assert "done\n" in terminal.until("done\n")
    seen = terminal.until("\n> ")
    assert "Good morning from ben." in seen
    terminal.type("like 99\n")
    assert "not done: " in terminal.until("\n> ")
    terminal.type(END_OF_INPUT)
    rest, code = terminal.rest()
    assert rest.endswith("you left; the persona answers from now on\n")
    assert code == 0
    first, *later = said(village())
    assert first == ("write", "Good morning!")
    assert later
    assert {verb for verb, _ in later} <= {"like", "pass"}  # the persona does what it does


def test_ctrl_c_leaves_and_the_run_goes_on(village):
    terminal = Terminal("latest", "--as", "ann")
    terminal.until("\n> ")
    terminal.type("write: half a li")
    terminal.type(INTERRUPT)
    rest, code = terminal.rest()
    assert "Traceback" not in rest
    assert code == 130
    first, *_ = said(village())
    assert first == ("write", "Good morning from ann.")


def test_a_run_that_ends_is_told_of_at_the_prompt(village):
    terminal = Terminal("latest", "--as", "ann")
    for _ in range(4):
        terminal.until("\n> ")
        terminal.type("pass\n")
    rest, code = terminal.rest()
    village()
    assert rest.rstrip().endswith("the run has ended, or was stopped")
    assert code == 0
