"""The pages of the documentation as tests see them: blocks of code, with how each is to be run."""

import importlib.util
import re
import shlex
import textwrap
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LANGUAGES = {"python", "sh", "text", "json", "yaml", "toml"}

_NOT_RUN = re.compile(r"<!-- not run: (.+) -->")
_RUN = re.compile(r"<!-- run: (\S+) = (.+) -->")
_TITLE = re.compile(r'title="([^"]+)"')


def _load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = _load(ROOT / "docs" / "_hooks" / "generate.py")
"""The hook that fills pages from the code."""


class Block(NamedTuple):
    """One fenced block, or a run to be made (`language` is then `run`)."""

    language: str
    code: str
    line: int
    title: str | None = None
    """The file that the block is written to."""
    reason: str | None = None
    """Why it cannot run here."""


def blocks_of(path):
    """List what a page has to run, in its order."""
    return list(_blocks(path.read_text(encoding="utf-8").splitlines()))


def _blocks(lines):
    reason, number = None, 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if found := _RUN.search(line):
            yield Block("run", f"{found[1]} {found[2]}", number)
        elif found := _NOT_RUN.search(line):
            reason = found[1]
        elif found := re.match(r"( *)```(.*)$", line):
            start = number
            while lines[number] != f"{found[1]}```":
                number += 1
            code = textwrap.dedent("\n".join(lines[start:number])) + "\n"
            number += 1
            language, _, rest = found[2].partition(" ")
            title = _TITLE.search(rest)
            yield Block(language, code, start, title[1] if title else None, reason)
            reason = None
        elif line.strip():
            reason = None


def commands_of(block):
    """List the commands of a block of shell, as lists of words."""
    lines = block.code.replace("\\\n", " ").splitlines()
    commands = [shlex.split(line, comments=True) for line in lines]
    return [command for command in commands if command]


def prose_of(path):
    """Return the text of a page without its fenced blocks."""
    text = path.read_text(encoding="utf-8")
    return re.sub(r"^( *)```.*?^\1```$", "", text, flags=re.MULTILINE | re.DOTALL)


def name_of(path):
    """Name a page in the ids of tests."""
    return path.relative_to(ROOT).as_posix()
