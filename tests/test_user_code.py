"""Functions of the user that raise, return what they may not, or never end."""

import json
import re
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass, replace
from math import floor
from pathlib import Path
from typing import ClassVar

import pytest
from typer.testing import CliRunner
from waiting import wait_until

import simnet
from simnet import (
    MINUTE,
    Action,
    Cohort,
    Cue,
    Effect,
    FakeModel,
    Feed,
    Never,
    Persona,
    Run,
    Scenario,
    Steps,
    Write,
    converse,
)
from simnet.behaviours import archetypes, lurk
from simnet.cli.app import app
from simnet.errors import UsageError, UserCodeError
from simnet.foundation.user_code import is_users, mark_boundary
from simnet.recording.reading.reached import reached
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.replay import replay
from simnet.runtime.code_watchdog import OFTEN, Watchdog

HERE = Path(__file__).name
PACKAGE = Path(simnet.__file__).parent
LIBRARY = Path(json.__file__).parents[1]
TABLES = ("events", "exposures", "network")


async def moody(me, view, ask):
    chosen = await ask.for_action()
    if me.persona.id == "p2" and view.turn == 1:
        raise KeyError("mood")
    return chosen


def moody_ranking(world, viewer, posts, now):
    if world.handles[viewer] == "p2" and 500 < now < 700:
        return None
    return [post.at for post in posts]


@dataclass(frozen=True, slots=True)
class Shout(Action):
    """Say something loudly."""

    verb: ClassVar[str] = "shout"

    def do(self, world, who, now):
        if now > 600 and world.handles[who] == "p2":
            return world.nothing
        return Effect()


async def shouting(me, view, ask):
    return [Shout()] if me.persona.id == "p2" else await ask.for_action()


def town(behaviour=converse, cohort=None, **fields):
    people = [Persona(id=f"p{n}", description="A baker.") for n in range(4)]
    settings = {"rhythm": Steps(10 * MINUTE), "follows": {"c": 1.0}, **(cohort or {})}
    cues = [Cue(1.0, "p0", Write("hi")), Cue(1.0, "p1", Write("ho"))]
    cohorts = [Cohort("c", people, behaviour=behaviour, **settings)]
    return Scenario("town", cohorts, cues=cues, lasts=31 * MINUTE, **fields)


FAILING = {
    "behaviour": (town(moody), "behaviour moody raised KeyError: 'mood'", "pass"),
    "ranking": (
        town(feed=Feed(ranking=moody_ranking)),
        "ranking moody_ranking returned None; return a list with a number for each post",
        "pass",
    ),
    "verb": (
        town(shouting, {"verbs": (*simnet.verbs.MEMBER, Shout)}),
        "verb 'shout' raised AttributeError: 'World' object has no attribute 'nothing'",
        "shout",
    ),
}


MENDED = {
    "behaviour": town(converse),
    "ranking": town(),
    "verb": town(converse, {"verbs": (*simnet.verbs.MEMBER, Shout)}),
}


def rows(run, *tables):
    return {name: run.read(name).to_pylist() for name in tables or TABLES}


@pytest.mark.parametrize("kind", FAILING)
def test_a_failed_turn_is_recorded_with_its_reason_and_replayed(kind, tmp_path):
    scenario, problem, verb = FAILING[kind]
    run = simnet.run(scenario, model=FakeModel(), out=tmp_path, on_error="fail the turn")
    failed = [row for row in rows(run)["events"] if row["outcome"] == "failed"]
    assert {(row["who"], row["verb"]) for row in failed} == {("p2", verb)}
    assert failed[0]["reason"].startswith(f"{problem} ({HERE}:")
    assert failed[0]["marks"] == ["code_error"]
    assert run.manifest.state == "completed"
    ledger = {(line.outcome, line.cause): line.turns for line in run.manifest.ledger}
    assert ledger["failed", "code_error"] == len(failed)
    replayed = replay(run, ScenarioTimeline(scenario))
    assert replayed.differences == ()
    assert replayed.state_hash == run.manifest.state_hash


@pytest.mark.parametrize("reacts_in", [1.0, 290.0])
@pytest.mark.parametrize("kind", FAILING)
def test_a_fork_goes_on_with_mended_code_from_before_the_turn_that_failed(
    kind, reacts_in, tmp_path
):
    def slow(scenario):
        return replace(
            scenario, cohorts=[replace(one, reacts_in=reacts_in) for one in scenario.cohorts]
        )

    scenario = slow(FAILING[kind][0])
    with pytest.raises(UserCodeError) as raised:
        simnet.run(scenario, model=FakeModel(), out=tmp_path)
    (folder,) = tmp_path.iterdir()
    run = Run.open(folder)
    advice = rf"simnet fork {run.id} --runs {folder.parent} --at (\d+)s --scenario FILE"
    at = int(re.search(advice, raised.value.__notes__[0])[1])
    assert at == floor(min(raised.value.settled, reached(run)))
    forked = run.fork(at, slow(MENDED[kind]), before=scenario, model=FakeModel())
    assert forked.manifest.state == "completed"


@pytest.mark.parametrize("kind", FAILING)
def test_an_error_stops_the_run_in_good_order(kind, tmp_path):
    scenario, problem, _ = FAILING[kind]
    with pytest.raises(UserCodeError) as raised:
        simnet.run(scenario, model=FakeModel(), out=tmp_path)
    error = raised.value
    assert (error.cohort, error.handle) == ("c", "p2")
    assert problem.startswith(f"{error.kind} {error.function} ")
    assert Path(error.file) == Path(__file__)
    assert error.source in Path(__file__).read_text()
    (folder,) = tmp_path.iterdir()
    stopped = Run.open(folder)
    assert stopped.manifest.state == "failed"
    assert stopped.sealed
    assert problem in stopped.manifest.error
    assert f"simnet resume {stopped.id}" in error.__notes__[0]
    replayed = replay(stopped, ScenarioTimeline(scenario))
    assert replayed.differences == ()
    # What was asked before is not asked again, and the rest is as in a run that went on.
    asked = rows(stopped, "calls")["calls"]
    model = FakeModel()
    resumed = simnet.resume(stopped, scenario, model=model, on_error="fail the turn")
    whole = simnet.run(
        scenario, model=FakeModel(), out=tmp_path / "whole", on_error="fail the turn"
    )
    assert rows(resumed) == rows(whole)
    assert len(rows(resumed, "calls")["calls"]) == len(rows(whole, "calls")["calls"])
    assert asked
    assert resumed.manifest.on_error == "fail"


def test_no_turn_of_others_is_lost_when_a_behaviour_fails(tmp_path):
    asked = []

    async def failing_first(me, view, ask):
        if me.persona.id == "p0":
            raise ValueError("no")
        return await ask.for_action()

    def reply(prompt):
        asked.append(prompt.routing_key)
        return "pass"

    slow = FakeModel(reply, delay=lambda prompt: 0.2)
    with pytest.raises(UserCodeError):
        simnet.run(town(failing_first), model=slow, out=tmp_path)
    (folder,) = tmp_path.iterdir()
    recorded = rows(Run.open(folder), "calls")["calls"]
    assert sorted(row["who"] for row in recorded) == sorted(asked) == ["p1", "p2", "p3"]


def test_a_turn_that_failed_by_chance_fails_again_on_resume_and_replay(tmp_path):
    """The cause may be gone, such as a file that was missing; the record decides."""
    weather = {"bad": True}

    async def outdoors(me, view, ask):
        chosen = await ask.for_action()
        if weather["bad"] and me.persona.id == "p1" and view.turn == 0:
            raise OSError("it rains")
        return chosen

    scenario = town(outdoors)
    simnet.run(scenario, model=FakeModel(), out=tmp_path, on_error="fail", max_calls=6)
    weather["bad"] = False
    (folder,) = tmp_path.iterdir()
    resumed = simnet.resume(Run.open(folder), scenario, model=FakeModel())
    failed = [row for row in rows(resumed)["events"] if row["outcome"] == "failed"]
    assert [(row["who"], row["turn"]) for row in failed] == [("p1", 0)]
    assert failed[0]["reason"].startswith("behaviour outdoors raised OSError: it rains")
    assert replay(resumed, ScenarioTimeline(scenario)).differences == ()


def test_a_verb_that_fails_where_nobody_wakes_fails_alone_too(tmp_path):
    shouts = [Cue(at, "p2", Shout()) for at in (300.0, 900.0, 1200.0)]
    scenario = replace(town(cohort={"rhythm": Never()}), cues=shouts)
    run = simnet.run(scenario, model=FakeModel(), out=tmp_path, on_error="fail the turn")
    assert [row["outcome"] for row in rows(run)["events"]] == ["done", "failed", "failed"]
    assert run.manifest.state == "completed"


def every(view):
    return True


PLUG_IN = """
import json

async def hasty(me, view, ask):
    chosen = await ask.for_action()
    if me.persona.id == "p2" and view.turn == 1:
        json.loads("{mood")
    return chosen

def touchy(view):
    if view.who == "p2" and view.turn == 1:
        json.loads("{mood")
    return True
"""


@pytest.mark.parametrize(
    ("behaviour", "name"),
    [
        (lambda plug_in: plug_in["hasty"], "hasty"),
        (lambda plug_in: lurk(1.0, plug_in["hasty"]), "hasty"),
        (lambda plug_in: archetypes(2, lurk(1.0, plug_in["hasty"]), personal=every), "hasty"),
        (lambda plug_in: archetypes(2, personal=plug_in["touchy"]), "touchy"),
    ],
)
def test_a_behaviour_of_an_installed_package_fails_its_turn_alone(behaviour, name, tmp_path):
    plug_in = {"__name__": "plug_in"}
    exec(compile(PLUG_IN, "/opt/site-packages/plug_in.py", "exec"), plug_in)
    scenario, problem = town(behaviour(plug_in)), f"behaviour {name} raised JSONDecodeError: "
    whole = simnet.run(scenario, model=FakeModel(), out=tmp_path / "whole", on_error="fail")
    failed = [row for row in rows(whole)["events"] if row["outcome"] == "failed"]
    assert [(row["who"], row["turn"]) for row in failed] == [("p2", 1)]
    assert failed[0]["reason"].startswith(problem)
    with pytest.raises(UserCodeError, match=problem):
        simnet.run(scenario, model=FakeModel(), out=tmp_path / "stopped")
    (folder,) = (tmp_path / "stopped").iterdir()
    assert len(rows(Run.open(folder))["events"]) == 6, "what came before is kept"


@pytest.mark.parametrize(
    ("file", "theirs"),
    [
        (PACKAGE / "api.py", False),
        (PACKAGE.with_name("simnet_town.py"), True),
        (PACKAGE.with_name("simnet_towns") / "bath.py", True),
        (Path(json.__file__), False),
        (LIBRARY.with_name(f"{LIBRARY.name}-notes") / "town.py", True),
        (Path("/opt/lib/site-packages/numpy/ma/core.py"), False),
        (Path("/home/ana/about-site-packages/town.py"), True),
    ],
)
def test_a_file_is_the_users_unless_it_is_in_a_folder_of_others(file, theirs):
    assert is_users(str(file)) is theirs


def test_a_policy_that_does_not_exist_is_named():
    with pytest.raises(UsageError, match="on_error='ignore'; choose 'stop' or 'fail the turn'"):
        simnet.run(town(), model=FakeModel(), on_error="ignore")


# -- from the command line -------------------------------------------------------------------

SCENARIO = """
from simnet import *
async def boom(me, view, ask):
    chosen = await ask.for_action()
    if me.persona.id == "p2" and view.turn >= 1:
        raise KeyError("mood")
    return chosen
people = [Persona(id=f"p{n}", description="x") for n in range(4)]
boomtown = Scenario(
    "boom", [Cohort("c", people, behaviour=boom, rhythm=Steps(600.0), follows={"c": 1.0})],
    cues=[Cue(1.0, "p0", Write("hi"))], lasts=1900.0,
)
"""


def invoke(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_command_line_names_the_place_and_resume_tells_of_a_changed_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "boom.py"
    file.write_text(SCENARIO)
    command = ("--backend", "fake", "--no-ray", "--no-watch")
    broken = invoke("run", "boom.py", *command)
    assert broken.exit_code == 3
    place = 'boom.py:6: raise KeyError("mood")'
    assert f"behaviour boom raised KeyError: 'mood' (@p2, turn 1; {place})" in broken.stderr
    assert "Traceback" not in broken.stderr
    assert "resume" not in broken.stderr.splitlines()[0]
    advised = re.search(r"mended code: simnet (fork .*?);", broken.stderr)[1].split()
    assert advised[-1] == "boom.py:boomtown"
    file.write_text(SCENARIO.replace("raise KeyError", "print"))
    again = invoke("resume", "latest", "--no-ray", "--no-watch", "--on-error", "fail")
    assert again.exit_code == 0, again.stderr
    assert "boom.py has changed since the run began, so it goes on with its copy" in again.stderr
    run = Run.open(next((tmp_path / "runs").iterdir()))
    advice = f"simnet fork {run.id} --at TIME --scenario boom.py:boomtown"
    assert "the change does not count; put the file back if" in again.stderr
    assert f"the time from which it does, 60s at the latest: {advice}" in again.stderr
    failed = [row for row in rows(run)["events"] if row["outcome"] == "failed"]
    assert [row["turn"] for row in failed] == [1, 2, 3]
    assert {row["reason"] for row in failed} == {
        "behaviour boom raised KeyError: 'mood' (boom.py:6)"
    }
    assert invoke("replay", "latest", "--trust").exit_code == 0
    chosen = advice.replace("TIME", "60s").split()[1:]
    for command in (chosen, advised):
        assert invoke(*command, "--no-ray", "--no-watch").exit_code == 0


def test_resume_says_nothing_of_a_file_that_is_the_same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "boom.py").write_text(SCENARIO)
    invoke("run", "boom.py", "--backend", "fake", "--no-ray", "--no-watch")
    again = invoke("resume", "latest", "--no-ray", "--no-watch")
    assert again.exit_code == 3
    assert "changed" not in again.stderr


# -- code that never ends --------------------------------------------------------------------


class Stuck:
    """Code of a user that runs until it is told to end."""

    def __init__(self):
        self.ends = False

    def __call__(self):
        while not self.ends:
            pass


def test_the_watchdog_tells_once_whose_code_is_running():
    lines, stuck = [], Stuck()

    @mark_boundary(lambda run: f"behaviour stuck of @{run['who']}")
    def drives(who):
        stuck()

    def tell(line):
        lines.append(line)
        stuck.ends = True

    with Watchdog(tell, after=0.0, every=0.01):
        drives("ana")
    (line,) = lines
    assert line.startswith("behaviour stuck of @ana has been running for 0 s at ")
    assert f"{HERE}:" in line
    assert line.endswith("; Ctrl-C twice ends the run in good order")


def _sleeps():
    time.sleep(0.02)


def test_the_watchdog_tells_once_of_a_line_that_waits_in_every_call():
    lines = []

    @mark_boundary(lambda run: f"behaviour sleeps of @{run['who']}")
    def drives(who):
        _sleeps()

    with Watchdog(lines.append, every=0.01):
        for _ in range(OFTEN * 5):
            drives("ana")
    (line,) = lines
    at = f"{HERE}:{_sleeps.__code__.co_firstlineno + 1} takes most of the time"
    assert at in line
    assert "behaviour sleeps of @ana" in line


def test_the_watchdog_is_silent_about_a_line_that_seldom_runs():
    lines = []

    @mark_boundary(lambda run: "behaviour sleeps")
    def drives():
        _sleeps()

    with Watchdog(lines.append, every=0.01):
        for _ in range(OFTEN * 2):
            drives()
            time.sleep(0.1)
    assert lines == []


ENDLESS = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    import simnet
    from simnet import *
    from simnet.runtime.base import Silent

    def for_ever(started=Path(sys.argv[1]) / "started"):
        started.touch()
        while True:
            pass

    async def stuck(me, view, ask):
        if me.persona.id == "p1" and view.turn == 1:
            for_ever()
        return await ask.for_action()

    class StuckRhythm(Steps):
        def after(self, who, turn, now, draw):
            return for_ever() if turn == 1 else super().after(who, turn, now, draw)

    class Telling(Silent):
        def phase(self, text):
            print(text, flush=True)

    people = [Persona(id=f"p{n}") for n in range(3)]
    rhythm = StuckRhythm(600.0) if sys.argv[2] == "rhythm" else Steps(600.0)
    behaviour = stuck if sys.argv[2] == "behaviour" else converse
    cohort = Cohort("c", people, rhythm=rhythm, behaviour=behaviour)
    scenario = Scenario("stuck", [cohort], lasts=3600.0)
    simnet.run(scenario, model=FakeModel(), out=Path(sys.argv[1]) / "runs", progress=Telling())
    """
)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["behaviour", "rhythm"])
def test_a_second_ctrl_c_ends_code_that_never_ends_and_the_run_in_good_order(what, tmp_path):
    script = tmp_path / "stuck.py"
    script.write_text(ENDLESS)
    command = [sys.executable, str(script), str(tmp_path), what]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        wait_until((tmp_path / "started").exists)
        process.send_signal(signal.SIGINT)
        assert any(line.startswith("stopping: waiting for ") for line in process.stdout)
        process.send_signal(signal.SIGINT)
        process.wait()
    (folder,) = (tmp_path / "runs").iterdir()
    run = Run.open(folder)
    assert run.manifest.state == "interrupted"
    assert run.sealed
    assert run.read("calls").num_rows >= 3
