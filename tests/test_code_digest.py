"""Digests of code: what they notice, what they leave out, and that every process has the same."""

import linecache
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from functools import partial, wraps
from types import ModuleType

import numpy as np
import pytest
from pydantic import BaseModel

from simnet import Cohort, Persona, Scenario, Steps
from simnet.behaviours import lurk
from simnet.rules import chance, likes
from simnet.studies.running.code_digest import code_digest

CODE = """
SHARE = 0.5
WORDS = ("a", "b")
SEEN = []

def helper(run):
    return SHARE

class Base:
    def __call__(self, value):
        return value

class Rule(Base):
    pass

def measure(run):
    SEEN.append(run)
    return helper(run) + Rule()(len(WORDS))
"""


def defined(tmp_path, code, name="one.py"):
    """Execute code of a file and return its function."""
    path = tmp_path / name
    path.write_text(code, encoding="utf-8")
    found = {}
    exec(compile(code, str(path), "exec"), found)
    return found["measure"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("helper(run) + Rule", "helper(run) - Rule"),
        ("return SHARE", "return 2 * SHARE"),
        ("SHARE = 0.5", "SHARE = 0.6"),
        ('("a", "b")', '("a", "c")'),
        ("return value", "return -value"),
    ],
)
def test_what_a_function_uses_is_part_of_its_digest(tmp_path, old, new):
    before = defined(tmp_path, CODE)
    assert code_digest(defined(tmp_path, CODE, "same.py")) == code_digest(before)
    assert code_digest(defined(tmp_path, CODE.replace(old, new), "new.py")) != code_digest(before)


def test_what_a_function_keeps_as_it_runs_is_not(tmp_path):
    function = defined(tmp_path, CODE)
    before = code_digest(function)
    function("run")
    assert code_digest(function) == before


def test_where_the_code_is_does_not_count():
    found = {"__file__": "/here/one.py", "__name__": "one"}
    exec(compile("def rule(run): return __file__, __name__", "one.py", "exec"), found)
    before = code_digest(found["rule"])
    found |= {"__file__": "/there/one.py", "__name__": "__main__"}
    assert code_digest(found["rule"]) == before


HELPERS = """
from functools import cache
SHARE = 0.5
class Rule:
    scale = 2
    def __init__(self, share):
        self.share, self.calls = share, 0
    def __call__(self):
        self.calls += 1
        return self.share * self.factor() * self.scale
    @staticmethod
    def factor():
        return 3
@cache
def kept():
    return SHARE
def other():
    return 7
"""
USES = """
import helpers_of_digest as helpers
RULE = helpers.Rule(0.25)
COUNT = 0
def counts():
    global COUNT
    COUNT += 1
def measure(run):
    counts()
    return helpers.kept() + RULE() + COUNT
"""


def using(tmp_path, monkeypatch, helpers):
    """Return a function that uses a module of the user's with some content."""
    path = tmp_path / "helpers_of_digest.py"
    path.write_text(helpers, encoding="utf-8")
    linecache.checkcache()
    module = ModuleType("helpers_of_digest")
    module.__file__ = str(path)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(helpers, str(path), "exec"), vars(module))
    return defined(tmp_path, USES, "uses.py")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return SHARE", "return 2 * SHARE"),
        ("SHARE = 0.5", "SHARE = 0.6"),
        ("scale = 2", "scale = 4"),
        ("share, 0", "share + 1, 0"),
        ("return 3", "return 4"),
    ],
)
def test_modules_and_objects_of_the_user_are_part_of_the_digest(tmp_path, monkeypatch, old, new):
    before = code_digest(using(tmp_path, monkeypatch, HELPERS))
    assert code_digest(using(tmp_path, monkeypatch, HELPERS)) == before
    assert code_digest(using(tmp_path, monkeypatch, HELPERS.replace(old, new))) != before
    unused = HELPERS.replace("return 7", "return 8")
    assert code_digest(using(tmp_path, monkeypatch, unused)) == before


def test_values_of_objects_count_whatever_made_them(tmp_path, monkeypatch):
    function = using(tmp_path, monkeypatch, HELPERS)
    before = code_digest(function)
    function.__globals__["RULE"].share = 0.75
    assert code_digest(function) != before


@pytest.mark.parametrize(
    "counted",
    [
        "self.calls += 1",
        'setattr(self, "calls", self.calls + 1)',
        'object.__setattr__(self, "calls", self.calls + 1)',
    ],
)
def test_a_count_that_code_keeps_is_no_change_of_it(tmp_path, monkeypatch, counted):
    helpers = HELPERS.replace("self.calls += 1", counted)
    function = using(tmp_path, monkeypatch, helpers)
    before = code_digest(function)
    assert function("run") != function("run")
    assert code_digest(function) == before
    other = using(tmp_path, monkeypatch, helpers.replace("share, 0", "share + 1, 0"))
    assert code_digest(other) != before
    nested = "def made():\n    n = 0\n    def measure(run):\n        nonlocal n\n        n += 1\n"
    nested += "        return n\n    return measure\nmeasure = made()\n"
    counting = "N = 0\ndef measure(run):\n    global N\n    N += 1\n    return N\n"
    for code in (counting, nested):
        function = defined(tmp_path, code, "counting.py")
        before = code_digest(function)
        assert function("run") != function("run")
        assert code_digest(function) == before


@dataclass(frozen=True)
class Pair:
    one: object
    other: object = None


def town(behaviour=None, wakes=60.0, text="a baker"):
    people = [Persona(id="ann", description=text)]
    return Scenario("town", [Cohort("people", people, behaviour=behaviour, rhythm=Steps(wakes))])


def closure(share):
    return lambda run: share


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (town(lurk(0.1)), town(lurk(0.2))),
        (town(likes(chance(0.1))), town(likes(chance(0.2)))),
        (town(lurk(0.1), wakes=60.0), town(lurk(0.1), wakes=61.0)),
        (town(lurk(0.1), text="a baker"), town(lurk(0.1), text="a butcher")),
        (closure(0.1), closure(0.2)),
        (partial(closure, 1), partial(closure, 2)),
        (Pair({"a": 1}), Pair({"a": 2})),
        (Pair({1, 2}), Pair({1, 3})),
        (Pair(datetime(2026, 1, 5)), Pair(datetime(2026, 1, 6))),  # noqa: DTZ001
        (closure(np.int64(1)), closure(np.int64(2))),
    ],
)
def test_what_values_are_made_of_is_part_of_their_digest(one, other):
    assert code_digest(one) != code_digest(other)


def test_the_code_of_a_decorator_is_part_of_the_digest_of_what_it_wraps():
    def plus(function):
        return wraps(function)(lambda run: function(run) + 1)

    def minus(function):
        return wraps(function)(lambda run: function(run) - 1)

    assert code_digest(plus(closure)) != code_digest(minus(closure))


def test_a_value_that_is_within_itself_has_a_digest():
    one, other = Pair([1]), Pair([2])
    for pair in (one, other):
        pair.one.append(pair)
    assert code_digest(one) != code_digest(other)


class Model(BaseModel):
    tags: set[str]
    rule: object = None


class Plain:
    names = frozenset("abc")

    def __init__(self, tags, share):
        self.tags, self.share = tags, share


def without_source():
    """Return a function of which there is no source, as of one that was typed in."""
    found = {}
    exec(compile("def rule(run): return run in {'a', 'b', 'c'}", "<stdin>", "exec"), found)
    return found["rule"]


def test_every_process_has_the_same_digest():
    values = """[
        town(likes(chance(0.1))), closure(frozenset('abc')), Pair({'x', 'y'}), without_source(),
        Pair({Pair(one) for one in 'abc'}), Model(tags=set('abc'), rule=closure(1)),
        Pair(np.array(['a', None])), Pair(np.arange(3)), Pair(Plain({'x', 'y'}, 1)),
    ]"""
    code = f"from test_code_digest import *; print(*map(code_digest, {values}))"
    tests = str(__file__).rpartition("/")[0]
    told = {
        subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path[:0] = [{tests!r}]; {code}"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(told) == 1
