"""Console and Python examples in the docstrings of every file run, those of scenarios too.

A command that would ask a real model asks the fake one. A run ends after a few calls, so that
parameters, files and the start are tried and little else.
"""

import ast
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from importlib.util import find_spec
from typing import NamedTuple

import pytest
from docs_pages import ROOT
from typer.testing import CliRunner

from simnet.cli.app import app

FOLDERS = ("simnet", "scenarios", "benchmarks")
FEW_CALLS = 100
ENOUGH_CALLS = 700
"""Calls of a run that code in the docstring reads afterwards."""
SPENT = 75
"""Exit code of a run that a budget ended."""
LARGE = re.compile(r"\d{6,}")
SMALL = "2000"
EXAMPLE = re.compile(r"::\n\n((?: {4}.*\n?|\n)+)")
COMMAND = re.compile(r"^(simnet|python) ", re.MULTILINE)
FILES = {
    "posts.txt": "Is soup a drink?\nWho took my umbrella?\n",
    "people.jsonl": '{"id": "ines", "description": "Keeps bees."}\n'
    '{"id": "jorge", "description": "Drives the tram."}\n'
    '{"id": "kaya", "description": "Sells stamps."}\n',
    "traits.json": '{"poet": ["Rhymes"], "clerk": ["Quotes rules"]}',
    "system.txt": "Answer as people in a tram do.",
    "context.txt": "A thread about stamps.",
    "instructions.txt": "Say little.",
    "opinions.csv": "who,text\nines,Bees first.\nlena,Trams first.\n",
    "log.json": '{"timestamp": "26-05-04-10-00", "logs": [{"name": "ines", "text": "Bees first.", '
    '"model": "toy", "prompt": ""}, {"name": "jorge", "text": "No.", "model": "toy"}]}',
    "settings.json": '{"context": "A post.", "user_names": ["ines", "jorge"], "conv_len": 4, '
    '"user_attributes": [["calm"], ["blunt"]], "user_instructions": "Comment."}',
}
"""The files that examples name."""


class Docstring(NamedTuple):
    """The examples of one docstring, in their order."""

    name: str
    commands: list[list[str]]
    code: list[str]


def docstrings():
    """Yield the docstrings that have examples with commands, and those of scenarios with any."""
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                doc = ast.get_docstring(node) or ""
                blocks = [textwrap.dedent(block) for block in EXAMPLE.findall(doc + "\n")]
                lines = "".join(blocks).replace("\\\n", " ").splitlines()
                commands = [shlex.split(line) for line in lines if COMMAND.match(line)]
                code = [block for block in blocks if not COMMAND.match(block)]
                if commands or (code and path.parent.name == "scenarios"):
                    name = getattr(node, "name", path.stem)
                    yield Docstring(f"{path.parent.name}/{name}", commands, code)


FOUND = list(docstrings())


def cheap(words, calls):
    """Return a command with the fake model, and with few calls if it runs a scenario."""
    words = list(words)
    if words[1] not in {"run", "estimate"}:
        return words[1:]
    while "--adapter" in words:  # the fake model has none
        at = words.index("--adapter")
        del words[at : at + 2]
    backend = [] if "--backend" in words else ["--backend", "fake"]
    return [*words[1:], *backend, "--no-ray", "--max-calls", str(calls)]


def sizes():
    """Yield each docstring; numbers of six digits and more are made small.

    All are slow but those of two scenarios.
    """
    for one in FOUND:
        if one.name.split("/")[0] == "benchmarks":
            continue
        small = [[LARGE.sub(SMALL, word) for word in words] for words in one.commands]
        fast = one.name in {"scenarios/social_ai", "scenarios/bike_lane"}
        marks = [] if fast else [pytest.mark.slow]
        yield pytest.param(one._replace(commands=small), id=one.name, marks=marks)


@pytest.mark.parametrize("docstring", list(sizes()))
def test_the_commands_and_the_code_of_a_docstring_run(docstring, tmp_path, monkeypatch):
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    calls = ENOUGH_CALLS if docstring.code else FEW_CALLS
    for words in docstring.commands:
        result = CliRunner().invoke(app, cheap(words, calls))
        assert result.exit_code in {0, SPENT}, f"{' '.join(words)}:\n{result.output}"
    if docstring.code and find_spec("pandas"):
        for code in docstring.code:
            exec(compile(code, docstring.name, "exec"), {})


@pytest.mark.parametrize(
    "docstring",
    [one for one in FOUND if one.name.startswith("benchmarks/")],
    ids=lambda one: one.name,
)
def test_a_benchmark_knows_the_options_that_its_docstring_shows(docstring):
    for python, file, *words in docstring.commands:
        assert python == "python"
        command = [sys.executable, str(ROOT / file), "--help"]
        shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        options = [word.strip("[]") for word in words if word.strip("[").startswith("--")]
        assert options
        assert all(re.search(rf"{option}\b", shown) for option in options)


def test_the_examples_are_found():
    names = {one.name for one in FOUND}
    assert {"scenarios/tap_water", "scenarios/social_ai", "benchmarks/recorder"} <= names
    assert sum(len(one.commands) for one in FOUND) > 15


def test_every_command_in_a_docstring_stands_in_an_example():
    """Two colons before a block make it one; what is not in one is not run."""
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                doc = ast.get_docstring(node) or ""
                outside = EXAMPLE.sub("", doc + "\n")
                assert not re.search(r"^ +(simnet|python) [a-z]", outside, re.MULTILINE), path
