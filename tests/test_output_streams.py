"""What is printed goes where nothing can be written, to a reader that leaves, on no columns."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_again_cli import begin, line_in


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("printed")
        begin(line_in(root, patch))
    return root


def simnet(folder, *words, output=subprocess.PIPE, **environment):
    command = [sys.executable, "-m", "simnet", *words]
    return subprocess.run(
        command, cwd=folder, stdout=output, stderr=subprocess.PIPE, text=True, check=False,
        env=os.environ | environment,
    )  # fmt: skip


PRINTING = [
    ("show",), ("show", "--events"), ("tables",), ("ls",), ("ls", "--json"), ("version",),
    ("--help",),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("words", PRINTING, ids=" ".join)
def test_a_full_disk_under_the_output_is_one_line(folder, words):
    with Path("/dev/full").open("w") as full:
        result = simnet(folder, *words, output=full)
    assert result.returncode == 4
    assert result.stderr == "error: the output cannot be written: No space left on device\n"


@pytest.mark.slow
@pytest.mark.parametrize("words", [*PRINTING, ("--version",), ("run", "--help")], ids=" ".join)
def test_a_reader_that_has_left_ends_a_command_quietly(folder, words):
    reading, writing = os.pipe()
    os.close(reading)
    result = simnet(folder, *words, output=writing)
    os.close(writing)
    assert (result.returncode, result.stderr) == (141, "")


@pytest.mark.slow
def test_an_output_that_is_closed_takes_nothing_and_is_no_error():
    command = [sys.executable, "-m", "simnet", "version"]
    result = subprocess.run(
        ["sh", "-c", '"$@" >&-', "sh", *command], stderr=subprocess.PIPE, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("words", PRINTING[:3], ids=" ".join)
def test_a_terminal_of_no_columns_is_one_of_unknown_width(folder, words):
    assert simnet(folder, *words, COLUMNS="0").stdout == simnet(folder, *words).stdout != ""


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (
            "BrokenPipeError(32, 'Broken pipe')",
            1,
            "a pipe that is not standard output has lost its reader\n",
        ),
        ("OSError(28, 'No space')", 4, "error: a file cannot be written: No space\n"),
    ],
)
def test_an_error_of_something_else_is_not_taken_for_one_of_the_output(tmp_path, error, code, told):
    failing = tmp_path / "failing.py"
    failing.write_text(
        "from simnet.cli import app\n"
        f"def fail():\n    raise {error}\n"
        "app.app.command()(fail)\n"
        "app.main()\n"
    )
    result = subprocess.run(
        [sys.executable, str(failing), "fail"], capture_output=True, text=True, check=False
    )
    assert result.returncode == code
    assert result.stderr.endswith(told)


def test_a_process_that_ends_at_once_shows_the_cursor_of_its_terminal_again():
    ending = "from simnet.foundation.hard_exit import end_process; end_process(130)"
    for terminal, written in (("xterm", b"\x1b[?25h"), ("dumb", b"")):
        master, slave = os.openpty()
        process = subprocess.Popen(
            [sys.executable, "-c", ending], stdout=slave, env=os.environ | {"TERM": terminal}
        )
        assert process.wait() == 130
        os.write(slave, b".")
        shown = b""
        while not shown.endswith(b"."):  # a read may return a part
            shown += os.read(master, 100)
        assert shown == written + b"."
        os.close(slave)
        os.close(master)


def test_ctrl_c_while_the_command_line_is_imported_leaves_no_traceback():
    interrupted = """
import runpy, sys
class Finder:
    def find_spec(self, name, path, target=None):
        if name == "simnet.cli.app":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Finder())
runpy.run_module("simnet", run_name="__main__")
"""
    command = [sys.executable, "-c", interrupted]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (130, "")
