"""The one list of public names, and what importing them costs."""

import importlib
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import get_args, get_type_hints

import pytest

import simnet
from simnet.moved import PLACES

PUBLIC = [simnet, *(importlib.import_module(f"simnet.{name}") for name in simnet._NAMESPACES)]

PROBE = """
import json, os, sys, threading
before = sorted(os.listdir()), dict(os.environ), list(sys.path), threading.active_count()
import simnet
alone = sorted(sys.modules)
from simnet import {names}
after = sorted(os.listdir()), dict(os.environ), list(sys.path), threading.active_count()
print(json.dumps([before == after, alone, sorted(sys.modules)]))
"""
HEAVY_MODULES = {
    "simnet.api",
    "simnet.inference.fakes.fake",
    "simnet.personas.sources",
    "simnet.scenario.loaded_population",
}
"""Those of names at the top that run, read or fake what a scenario declares."""
HEAVY = (
    "ray",
    "vllm",
    "torch",
    "transformers",
    "pyarrow",
    "pandas",
    "datasets",
    "typer",
    "rich",
    "asyncio",
)


def imported(folder):
    light = [name for name, module in simnet._MODULES.items() if module not in HEAVY_MODULES]
    code = PROBE.format(names=", ".join(light))
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path(simnet.__file__).parents[1])},
    )  # fmt: skip


@pytest.mark.parametrize("module", PUBLIC, ids=lambda module: module.__name__)
def test_lists_of_public_names_are_sorted_and_true(module):
    constants = [name for name in module.__all__ if name.isupper()]
    classes = [name for name in module.__all__ if name[0].isupper() and not name.isupper()]
    rest = [name for name in module.__all__ if name[0].islower()]
    assert module.__all__ == sorted(constants) + sorted(classes) + sorted(rest)
    assert len(set(module.__all__)) == len(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None


def test_whatever_is_imported_for_users_is_in_the_list():
    public = {
        name
        for name, value in vars(simnet).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert public - {"TYPE_CHECKING", "import_module"} <= set(simnet.__all__)


def test_a_star_import_brings_all_public_names():
    exec("from simnet import *", names := {})
    assert set(simnet.__all__) <= set(names)


def test_the_top_level_stays_small():
    names = [name for name in simnet.__all__ if name not in simnet._NAMESPACES]
    assert len(names) <= 50


def test_names_of_0_1_are_had_with_a_warning_that_says_where_they_are():
    for name, place in PLACES.items():
        with pytest.warns(DeprecationWarning, match=rf"simnet\.{name} is {place} since 0\.2"):
            value = getattr(simnet, name)
        module, _, attribute = place.rpartition(".")
        assert value is getattr(importlib.import_module(module), attribute)


def test_a_name_that_is_not_there_is_no_attribute():
    assert not hasattr(simnet, "no_such_name")


def test_every_verb_is_public():
    assert {verb.__name__ for verb in simnet.verbs.EVERY_VERB} <= set(simnet.verbs.__all__)


def classes_in(annotation):
    """List the classes of simnet that an annotation names, in its arguments too."""
    found = {annotation} if isinstance(annotation, type) else set()
    for argument in get_args(annotation):
        inner = argument if isinstance(argument, list) else [argument]
        found = found.union(*(classes_in(one) for one in inner))
    return {one for one in found if one.__module__.startswith("simnet.")}


def functions_of(value):
    """List a function, or what makes and calls an object of a class."""
    found = vars(value) if inspect.isclass(value) else {"": value}
    names = {"", "__init__", "__call__"}
    return [one for name, one in found.items() if name in names and inspect.isfunction(one)]


def test_every_type_in_a_public_signature_can_be_imported():
    public = [getattr(module, name) for module in PUBLIC for name in module.__all__]
    missing = {
        found
        for value in public
        for function in functions_of(value)
        for annotation in get_type_hints(function).values()
        for found in classes_in(annotation)
        if not any(found is one for one in public)
    }
    assert missing == set()


def test_importing_is_light_silent_and_without_effects(tmp_path):
    run = imported(tmp_path)
    assert run.stderr == ""
    same, alone, modules = json.loads(run.stdout)
    assert same
    assert [module for module in alone if module.startswith("simnet")] == ["simnet"]
    loaded = {module.partition(".")[0] for module in modules}
    assert loaded.isdisjoint(HEAVY), loaded & set(HEAVY)
    assert list(tmp_path.iterdir()) == []
