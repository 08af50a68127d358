"""A run that goes on is the run that was recorded, or it stops at the first difference."""

import math
import shutil
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from waiting import until

from simnet import HOUR, MINUTE, Cohort, Cue, Exponential, FakeModel, Run, Scenario, Write, run
from simnet import sample as people_of
from simnet.api import fork, resume
from simnet.errors import DivergenceError, RunError
from simnet.networks import random_followees
from simnet.recording.checking.verify import verify
from simnet.recording.schema import TABLES

COMPARED = ("events", "calls", "exposures", "personas", "network")
PEOPLE = people_of(6, seed=1)


@dataclass(frozen=True)
class OtherMachine(Exponential):
    """A rhythm whose results are a little off, as those of another C library would be."""

    off: float = 0.0
    ulps: int = 0

    def after(self, who, turn, now, draw):
        """Wake at a time that differs in its last bits."""
        wake = super().after(who, turn, now, draw) + self.off
        for _ in range(abs(self.ulps)):
            wake = math.nextafter(wake, math.copysign(math.inf, self.ulps))
        return wake


def square(*, lasts=2 * HOUR, text="Hello!", follows=3.0, **cohort):
    """A scenario of six, any part of which can be changed."""
    first = Cohort("people", PEOPLE, rhythm=Exponential(5 * MINUTE))
    return Scenario(
        "square",
        [replace(first, **cohort)],
        cues=[Cue(60.0, PEOPLE[0].id, Write(text))],
        ties=random_followees(follows),
        lasts=lasts,
        seed=5,
    )


class Stopping(FakeModel):
    """Fails after some calls, as a model server does that dies, once rows are on the disk."""

    def __init__(self, calls, root):
        super().__init__(delay=lambda prompt: 0.005)
        self.left = calls
        self.root = root

    async def generate(self, prompts):
        """Complete the prompts until none are left."""
        async for finished in super().generate(prompts):
            self.left -= len(finished)
            if self.left < 0:
                await until(self.is_recorded)
                raise RunError("the machine is gone")
            yield finished

    def is_recorded(self):
        """Say whether turns of everybody landed and are recorded."""
        (folder,) = self.root.iterdir()
        return Run.open(folder).read("events").num_rows > 12


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return run(square(), model=FakeModel(), out=tmp_path_factory.mktemp("whole"))


@pytest.fixture
def broken(tmp_path):
    return broken_off(tmp_path)


def broken_off(root):
    with pytest.raises(RunError, match="the machine is gone"):
        run(square(), model=Stopping(60, root), out=root)
    (folder,) = root.iterdir()
    return Run.open(folder)


def tables(opened):
    found = {name: opened.read(name) for name in COMPARED}
    found["calls"] = found["calls"].drop_columns(["seconds"])
    return found


def landed_once(opened):
    """No turn has two outcomes."""
    turns = [
        (row["who"], row["turn"], row["cue"], row["part"])
        for row in opened.read("events").to_pylist()
    ]
    return len(turns) == len(set(turns))


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"rhythm": OtherMachine(5 * MINUTE, ulps=1)},
        {"rhythm": OtherMachine(5 * MINUTE, ulps=-3)},
        {"rhythm": OtherMachine(5 * MINUTE, off=1e-9)},
        {"rhythm": Exponential(math.nextafter(5 * MINUTE, math.inf))},
        {"reacts_in": 60 + 1e-9},
        {"reacts_in": math.nextafter(60, 0)},
        {"lasts": math.nextafter(2 * HOUR, math.inf)},
    ],
)
def test_a_difference_below_a_microsecond_is_none(whole, broken, changes):
    assert tables(resume(broken, square(**changes), model=FakeModel())) == tables(whole)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"rhythm": OtherMachine(5 * MINUTE, off=1e-5)}, r"turn 1 of @\S+ began at .* now begins"),
        (
            {"reacts_in": 60.001},
            r"turn 1 of @\S+ began at 292.479594 s and now begins at 292.48",
        ),
        ({"lasts": 20 * MINUTE}, "was recorded and is not made again"),
        ({"text": "Hello?"}, "the prompt is not the one|text was 'Hello!', is 'Hello\\?'"),
        ({"follows": 2.0}, r"network: row \d+: @\S+ at 00:00:00: followe"),
        ({"personas": [*PEOPLE[:5], people_of(1, seed=9)[0]]}, r"personas: row 5: .*id was"),
        ({"manner": "Be furious."}, "the prompt is not the one that was recorded"),
    ],
)
def test_the_first_difference_is_shown_and_nothing_of_it_is_recorded(broken, changes, named):
    before = tables(broken)
    with pytest.raises(DivergenceError, match=named) as caught:
        resume(broken, square(**changes), model=FakeModel())
    assert "or fork the run" in str(caught.value)
    again = Run.open(broken.path)
    assert again.manifest.state == "failed"
    assert tables(again) == before
    assert tables(resume(again, square(), model=FakeModel())).keys() == before.keys()


def test_a_run_that_stopped_at_a_difference_is_resumed_by_its_own_scenario(whole, broken):
    with pytest.raises(DivergenceError):
        resume(broken, square(reacts_in=61.0), model=FakeModel())
    assert tables(resume(Run.open(broken.path), square(), model=FakeModel())) == tables(whole)


@pytest.fixture(scope="module")
def broken_once(tmp_path_factory):
    return broken_off(tmp_path_factory.mktemp("broken"))


@settings(max_examples=12, deadline=None)
@given(
    field=st.sampled_from(["mean", "reacts_in", "lasts", "follows", "cue"]),
    change=st.floats(-1e-3, 1e-3).filter(bool) | st.sampled_from([-1e-6, 1e-6, 5e-7, -5e-7]),
)
def test_any_small_change_is_found_or_changes_nothing(
    whole, broken_once, tmp_path_factory, field, change
):
    copy = tmp_path_factory.mktemp("copy") / broken_once.path.name
    broken = Run.open(shutil.copytree(broken_once.path, copy))
    before = tables(broken)
    match field:
        case "mean":
            other = square(rhythm=Exponential(5 * MINUTE + change))
        case "reacts_in":
            other = square(reacts_in=60 + change)
        case "lasts":
            other = square(lasts=2 * HOUR + change)
        case "follows":
            other = square(follows=3.0 + change)
        case _:
            cue = Cue(60.0 + change, PEOPLE[0].id, Write("Hello!"))
            other = replace(square(), cues=[cue])
    try:
        again = resume(broken, other, model=FakeModel())
    except DivergenceError:
        assert tables(Run.open(broken.path)) == before
    else:
        assert tables(again) == tables(whole)
        assert landed_once(again)


async def greets(me, view, ask):
    """Write without a model."""
    return [Write(f"Hello at {view.now:.0f}!")]


def test_a_fork_compares_its_past_with_its_parent(tmp_path):
    parent = run(square(behaviour=greets), model=FakeModel(), out=tmp_path)
    with pytest.raises(DivergenceError, match=r"exposures: row 0: @\S+ at \S+: time was 8.*, is 9"):
        fork(
            parent,
            at=HOUR,
            scenario=square(behaviour=greets, lasts=3 * HOUR),
            before=square(behaviour=greets, rhythm=Exponential(6 * MINUTE)),
            model=FakeModel(),
        )


def test_every_key_is_recorded_once(whole, broken):
    again = resume(broken, square(), model=FakeModel())
    for name in ("events", "calls", "exposures", "network"):
        rows = again.read(name)
        keys = list(zip(*(rows[key].to_pylist() for key in TABLES[name].key), strict=True))
        assert len(keys) == len(set(keys)), name
    assert [check for check in verify(again) if check.problems] == []
