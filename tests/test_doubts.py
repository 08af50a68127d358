"""What `validate` and `run` warn of: cohorts in which nothing can happen, and impossible cues."""

import asyncio
import linecache
from datetime import timedelta

import pytest
from made_worlds import drive
from typer.testing import CliRunner

import simnet
from simnet import (
    DAY,
    HOUR,
    MINUTE,
    Cohort,
    Cue,
    Diurnal,
    Exponential,
    FakeModel,
    Feed,
    Follow,
    Like,
    Never,
    OnPost,
    Pass,
    Persona,
    Reply,
    Scenario,
    Steps,
    TakingTurns,
    Write,
    silent,
)
from simnet.cli.app import app
from simnet.errors import ScenarioError, ScenarioWarning
from simnet.feeds import everything, reported
from simnet.interventions import At, Ban, GiveNews, Remember, SetManner, When
from simnet.questions import YesNo
from simnet.rhythms import Between, ByPersona
from simnet.scenario.forecast.doubts import doubts
from simnet.scenario.forecast.expected_turns import check_startable
from simnet.scenario.timing.diurnal import MONDAY
from simnet.surveys import Survey, SurveySchedule
from simnet.verbs import JoinGroup, SendToGroup


def people(count=4, prefix="m"):
    return [Persona(id=f"{prefix}{n}", description="A nurse.") for n in range(count)]


def town(*cohorts, lasts=HOUR, cues=(), **fields):
    return Scenario("town", cohorts, cues=cues, lasts=lasts, **fields)


def group(name="c", **fields):
    defaults = {"rhythm": Exponential(5 * MINUTE), "follows": {name: 1.0}}
    return Cohort(name, fields.pop("personas", people(prefix=name)), **{**defaults, **fields})


HELLO = Cue(60.0, "c0", Write("hello"))
NIGHT = Diurnal(8 * HOUR, profile="office")
LATE = Diurnal(8 * HOUR, profile="office", starts=MONDAY + timedelta(hours=2, minutes=30))

DOUBTFUL = {
    "asleep": (
        town(group(rhythm=NIGHT), lasts=30 * MINUTE),
        "about 0 turns: nobody of cohort c wakes within 30 min (Diurnal begins at midnight)",
    ),
    "asleep later": (
        town(group(rhythm=LATE), lasts=20 * MINUTE),
        "about 0 turns: nobody of cohort c wakes within 20 min (Diurnal begins at 02:30)",
    ),
    "slow": (
        town(group(rhythm=Exponential(100 * DAY))),
        "nobody of cohort c wakes within 1 h (they wake every 100 days on average)",
    ),
    "first step": (
        town(group(rhythm=Steps(HOUR, offset=2 * HOUR))),
        "nobody of cohort c wakes within 1 h (their first step is at 02:00:00)",
    ),
    "joining": (
        town(group(rhythm=Between(Exponential(MINUTE), joins=2 * HOUR))),
        "about 0 turns: nobody of cohort c wakes within 1 h",
    ),
    "out of order": (
        town(
            group("c", rhythm=TakingTurns(["d0"], 2 * MINUTE)),
            group("d", rhythm=TakingTurns(["d0"], 2 * MINUTE), feed=Feed(reads=everything)),
        ),
        "nobody of cohort c wakes within 1 h (none of them is in the order of TakingTurns)",
    ),
    "never": (
        town(group(rhythm=Never())),
        "about 0 turns: nobody of cohort c wakes (Never), and there are no cues",
    ),
    "all wait": (
        town(group(rhythm=OnPost())),
        "nobody of cohort c wakes, for OnPost waits for what others do, and nobody begins",
    ),
    "waits for nobody": (
        town(group(rhythm=OnPost(), follows={}), group("d"), cues=[Cue(1.0, "d0", Write("x"))]),
        "nobody in c follows anyone, so nobody of c wakes, for OnPost waits for posts",
    ),
    "follows nobody": (
        town(group(follows={})),
        "nobody in c follows anyone, so their feeds stay empty",
    ),
    "follows the silent": (
        town(group(follows={"d": 1.0}), group("d", behaviour=silent)),
        "nobody whom c follows ever posts, so their feeds stay empty",
    ),
    "window": (
        town(group(rhythm=Steps(2 * HOUR), feed=Feed(window=HOUR)), lasts=6 * HOUR),
        "cohort c wakes every 2 h, but the window of its feed is 1 h",
    ),
    "random window": (
        town(group(rhythm=Exponential(3 * DAY)), lasts=30 * DAY),
        "cohort c wakes every 3 days, but the window of its feed is 2 days",
    ),
    "sole verb": (
        town(group(verbs=(Reply, Like, Pass))),
        "cohort c can never act: reply, like need a post, and nobody writes one",
    ),
    "no groups": (
        town(group(verbs=(JoinGroup, SendToGroup))),
        "cohort c can never act: join, send need a group, and nobody makes one",
    ),
    "no reports": (
        town(
            group("c", verbs=(Write,)),
            group("d", verbs=simnet.verbs.MODERATOR, feed=Feed(reads=reported)),
        ),
        "cohort d sees what was reported, and nobody can report",
    ),
    "empty": (town(group(), group("d", personas=[])), "cohort d has no personas"),
    "news for nobody": (
        town(
            group(),
            group("d", rhythm=Never()),
            cues=[HELLO],
            interventions=[At(60.0, [GiveNews(["c", "d"], "Rain."), Remember("c0", "rain")])],
        ),
        "intervention 0 (GiveNews) does not reach d: they never wake (Never)",
    ),
    "a manner for nobody": (
        town(
            group(rhythm=ByPersona({"c1": Never()})),
            interventions=[When(len, above=1, every=60.0, then=SetManner("c1", "calm"))],
        ),
        "intervention 0 (SetManner) does not reach c1: they never wake (Never)",
    ),
    "late cue": (
        town(group(), cues=[Cue(2 * HOUR, "c0", Write("hello"))]),
        "cue 0 (write by @c0) comes at 02:00:00, after the end at 01:00:00, and is left out",
    ),
}


@pytest.mark.parametrize("kind", DOUBTFUL)
def test_a_scenario_in_which_something_cannot_happen_is_doubted(kind):
    scenario, doubt = DOUBTFUL[kind]
    found = doubts(scenario)
    assert [one for one in found if doubt in one], found


@pytest.mark.parametrize(
    "scenario",
    [
        town(group()),
        town(group(feed=Feed(reads=everything), follows={})),
        town(group(rhythm=OnPost()), cues=[HELLO]),
        town(group(rhythm=Never()), cues=[HELLO]),
        town(group(verbs=(Reply, Like)), cues=[HELLO]),
        town(
            group(follows={"d": 1.0}), group("d", rhythm=Never()), cues=[Cue(1.0, "d0", Write("x"))]
        ),
        town(group(rhythm=Steps(30 * MINUTE)), lasts=6 * HOUR),
        town(group(follows={}), ties=[("c0", "c1")]),
        town(
            group(),
            group("d", rhythm=Never()),
            cues=[HELLO],
            interventions=[At(60.0, GiveNews("c", "Rain.")), At(60.0, Ban("d"))],
        ),
        town(
            group(),
            group("d", rhythm=Never()),
            cues=[HELLO],
            interventions=[At(60.0, GiveNews("d", "Rain."))],
            surveys=[SurveySchedule(Survey("wet", [YesNo("rain", "Does it rain?")]), at=120.0)],
        ),
    ],
)
def test_an_ordinary_scenario_is_not_doubted(scenario):
    assert doubts(scenario) == []


def test_a_cue_after_the_end_is_left_out():
    late = Cue(2 * HOUR, "c1", Write("too late"))
    played = drive(town(group(rhythm=Never()), cues=[late, HELLO]))
    assert [(event.who, event.cue) for event in played.events] == [("c0", 1)]


@pytest.mark.parametrize(
    ("cue", "message"),
    [
        (
            Cue(1.0, "c0", Write("x" * 10_001)),
            r"cue 1 \(write at 1 s\) .* of 10,001 characters; a ",
        ),
        (Cue(1.0, "c0", Follow("c0")), r"cue 1 \(follow at 1 s\): @c0 would follow themselves"),
        (Cue(1.0, "c0", Like(7)), r"cue 1 \(like at 1 s\) by @c0 is about post 7, .* are no posts"),
        (Cue(61.0, "c0", Reply(1, "x")), r"cue 1 .* is about post 1, .* are posts 0 to 0"),
    ],
)
def test_a_cue_that_could_only_be_refused_is_found_before_the_start(cue, message, tmp_path):
    scenario = town(group(reacts_in=5 * MINUTE), cues=[HELLO, cue])
    with pytest.raises(ScenarioError, match=message):
        check_startable(scenario)
    with pytest.raises(ScenarioError, match=message):
        simnet.run(scenario, model=FakeModel(), out=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "cue", [Cue(61.0, "c0", Like(0)), Cue(10 * MINUTE, "c0", Like(7)), Cue(0.0, "c0", Write("x"))]
)
def test_a_cue_about_a_post_that_may_be_there_is_allowed(cue):
    check_startable(town(group(reacts_in=5 * MINUTE), cues=[HELLO, cue]))


# -- said by validate and run ------------------------------------------------------------------

FILE = """
from simnet import *
people = [Persona(id=f"p{n}", description="x") for n in range(3)]
idle = Scenario("idle", [Cohort("c", people, rhythm=Never())], lasts=HOUR)
"""


def invoke(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.slow
def test_validate_and_run_warn_and_start_nothing_that_nobody_needs(tmp_path, monkeypatch):
    """The default backend would start Ray and vLLM, and look for a model first."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "idle.py").write_text(FILE)
    warning = "warning: about 0 turns: nobody of cohort c wakes (Never), and there are no cues"
    checked = invoke("validate", "idle.py")
    assert (checked.exit_code, warning in checked.stderr) == (0, True)
    monkeypatch.setattr("simnet.runs.launching.launcher.prepare_models", None)
    monkeypatch.setitem(__import__("sys").modules, "simnet.runtime.ray.cluster", None)
    ran = invoke("run", "idle.py")
    assert (ran.exit_code, warning in ran.stderr) == (0, True), ran.output
    assert "nobody wakes, so neither Ray nor a model is started" in ran.output
    assert invoke("validate", "idle.py", "--json").stdout.count('"warnings": ["about 0') == 1


def test_a_run_from_python_warns_too(tmp_path):
    scenario = town(group(rhythm=NIGHT), lasts=30 * MINUTE)
    with pytest.warns(
        ScenarioWarning, match="town: about 0 turns: nobody of cohort c wakes"
    ) as told:
        run = simnet.run(scenario, model=FakeModel(), out=tmp_path)
    assert run.manifest.state == "completed"
    assert told[0].filename == __file__

    async def notebook():
        simnet.run(scenario, model=FakeModel(), out=tmp_path)  # in a thread of its own
        await asyncio.create_task(simnet.arun(scenario, model=FakeModel(), out=tmp_path))

    with pytest.warns(ScenarioWarning) as told:
        asyncio.run(notebook())
    assert [one.filename for one in told] == [__file__, __file__]
    assert linecache.getline(__file__, told[0].lineno).strip().endswith("a thread of its own")
