"""The page of guarantees: each promise names tests, and they exist."""

import ast
import re
from pathlib import Path

import pytest

from simnet import Cohort, FakeModel, Steps, run, sample
from simnet.scenario.scenario import Scenario

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "explanation" / "guarantees.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
KINDS = {".json", ".jsonl", ".parquet", ".arrows", ".py", ""}


def promises():
    rows = [
        line.split("|")[1:4] for line in PAGE.read_text("utf-8").splitlines() if line[:1] == "|"
    ]
    return [(promise.strip(), tests) for promise, _, tests in rows[2:]]


def functions_of(path):
    nodes = ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize(("promise", "tests"), promises(), ids=lambda text: text[:40])
def test_each_promise_names_tests_that_exist(promise, tests):
    named = NAMED.findall(tests)
    assert named, f"{promise!r} names no test"
    for path, name in named:
        assert (ROOT / path).is_file(), f"{promise!r} names {path}, which is not there"
        assert not name or name in functions_of(path), f"{promise!r} names {name}, not in {path}"


def test_the_text_names_tests_that_exist_too():
    for path, name in NAMED.findall(PAGE.read_text(encoding="utf-8")):
        assert not name or name in functions_of(path), name


def test_a_run_directory_holds_nothing_that_runs_when_it_is_read(tmp_path):
    people = Cohort("people", sample(3), rhythm=Steps(600.0), follows={"people": 1.0})
    done = run(Scenario("small", [people], lasts=3600.0), model=FakeModel(), out=tmp_path)
    files = [path for path in done.path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= KINDS
    assert len({path.suffix for path in files}) > 2
    for path in files:
        assert path.read_bytes()[:1] != b"\x80", f"{path} may be a pickle"
    for source in (ROOT / "simnet" / "recording").glob("*.py"):
        words = set(re.findall(r"\w+", source.read_text(encoding="utf-8")))
        assert words.isdisjoint({"pickle", "cloudpickle", "marshal", "shelve", "eval", "exec"})
