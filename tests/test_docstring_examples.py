"""Examples in docstrings run: those that begin with `>>>`, and those indented after `::`."""

import doctest
import inspect
import pkgutil
import re
import textwrap
from importlib import import_module

import pytest

import simnet

PACKAGES = ("simnet.agents", "simnet.personas")
BLOCK = re.compile(r"::\n\n((?:[ ]{4}.*\n|\n)+)")


def modules():
    for package in PACKAGES:
        root = import_module(package)
        yield root
        for found in pkgutil.walk_packages(root.__path__, f"{package}."):
            yield import_module(found.name)


def examples():
    """List (place, code, names) of each example after `::`."""
    for module in modules():
        names = {name: getattr(simnet, name) for name in simnet.__all__ if name != "load"}
        names |= vars(module)
        for test in doctest.DocTestFinder(exclude_empty=False).find(module):
            for block in BLOCK.findall(inspect.cleandoc(test.docstring) + "\n"):
                yield pytest.param(textwrap.dedent(block), names, id=test.name)


@pytest.mark.parametrize(("code", "names"), list(examples()))
def test_examples_after_two_colons_run(code, names):
    exec(compile(code, "<example>", "exec"), dict(names))


@pytest.mark.parametrize("module", list(modules()), ids=lambda module: module.__name__)
def test_interactive_examples_give_what_they_show(module):
    assert doctest.testmod(module).failed == 0


def test_there_are_examples():
    assert any("first_of(" in example.values[0] for example in examples())
