"""The one list of public names, and what importing them costs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import simnet

PROBE = """
import json, os, sys, threading
before = sorted(os.listdir()), dict(os.environ), list(sys.path), threading.active_count()
import simnet
after = sorted(os.listdir()), dict(os.environ), list(sys.path), threading.active_count()
print(json.dumps([before == after, sorted(sys.modules)]))
"""
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
    return subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, check=True, cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path(simnet.__file__).parents[1])},
    )  # fmt: skip


def test_the_list_of_public_names_is_sorted_and_without_repeats():
    constants = [name for name in simnet.__all__ if name.isupper()]
    classes = [name for name in simnet.__all__ if name[0].isupper() and not name.isupper()]
    rest = [name for name in simnet.__all__ if name[0].islower()]
    assert simnet.__all__ == sorted(constants) + sorted(classes) + sorted(rest)
    assert len(set(simnet.__all__)) == len(simnet.__all__)


def test_every_public_name_can_be_had():
    for name in simnet.__all__:
        assert getattr(simnet, name) is not None
    exec("from simnet import *", names := {})
    assert set(simnet.__all__) <= set(names)


def test_whatever_is_imported_for_users_is_in_the_list():
    import types

    public = {
        name
        for name, value in vars(simnet).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    } - {"TYPE_CHECKING", "import_module"}
    assert public <= set(simnet.__all__)
    assert set(simnet._LATER) <= set(simnet.__all__)


def test_a_name_that_is_not_there_is_no_attribute():
    assert not hasattr(simnet, "no_such_name")


def test_every_verb_is_public():
    assert {verb.__name__ for verb in simnet.EVERY_VERB} <= set(simnet.__all__)


def test_importing_is_light_silent_and_without_effects(tmp_path):
    run = imported(tmp_path)
    assert run.stderr == ""
    same, modules = json.loads(run.stdout)
    assert same
    loaded = {module.partition(".")[0] for module in modules}
    assert loaded.isdisjoint(HEAVY), loaded & set(HEAVY)
    assert list(tmp_path.iterdir()) == []
