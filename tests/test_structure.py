"""How long files and functions may be, how files are named, and which are at the top.

Who may import whom is in `.importlinter`, which `make check` runs.
"""

import ast
import importlib
from collections import Counter
from pathlib import Path

import simnet

ROOT = Path(simnet.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
LONGEST_FILE = 300
LONGEST_FUNCTION = 45
"""Lines, docstring not counted."""


def functions(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(function):
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return function.end_lineno - (first.end_lineno if documented else function.lineno)


def test_files_are_short():
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {path: count for path, count in lines.items() if count >= LONGEST_FILE} == {}


def test_functions_are_short():
    long = [
        f"{path}:{function.lineno} {function.name} has {length(function)} lines"
        for path in FILES
        for function in functions(path)
        if length(function) >= LONGEST_FUNCTION
    ]
    assert long == []


def test_a_file_name_is_used_once():
    """Names in cli/ are those of commands, names at the top those of what they offer."""
    names = Counter(
        path.name
        for path in FILES
        if path.name != "__init__.py"
        and path.parent != ROOT
        and path.relative_to(ROOT).parts[0] != "cli"
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_modules_at_the_top_are_public_and_all_else_is_in_folders_that_the_docs_explain():
    names = {path.stem for path in ROOT.glob("*.py")}
    offered = {"__init__", "__main__", "clock", "moved", *simnet._NAMESPACES}
    assert names <= offered
    assert all(importlib.import_module(f"simnet.{name}").__doc__ for name in names - {"__main__"})
    page = (ROOT.parent / "docs/explanation/architecture.md").read_text(encoding="utf-8")
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert {name for name in folders if f"`{name}/`" not in page} == set()
