"""Surveys at set times of a run: what they leave alone, what is remembered, resume and fork."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import simnet
from simnet import (
    HOUR,
    Cohort,
    Exponential,
    FakeModel,
    Never,
    Persona,
    Run,
    Scenario,
    Write,
    run,
    sample,
)
from simnet.behaviours import Recall
from simnet.errors import ScenarioError
from simnet.inference.fakes.fake import plausible
from simnet.questions import Choice, FreeText, Number, YesNo
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.replay import replay
from simnet.surveys import Survey, SurveySchedule, survey
from simnet.surveys.answers import read_answers

QUESTIONS = [
    YesNo("cycles", "Do you cycle?"),
    Choice("colour", "Which colour do you like?", ["red", "blue"]),
    FreeText("why", "Why?"),
]
ASKED = Survey("opinions", QUESTIONS)
TWO_WAVES = SurveySchedule(ASKED, at=[2 * HOUR, 4 * HOUR])
REMEMBERED = SurveySchedule(replace(ASKED, name="kept"), every=HOUR, sample=2, remembered=True)
WORLD = ("events", "exposures", "network", "personas", "state", "ledger")


def town(*surveys, memory=5, verbs=(Write,)):
    people = Cohort(
        "people", sample(3), verbs=verbs, rhythm=Exponential(HOUR), follows={"people": 1.0},
        memory=memory,
    )  # fmt: skip
    quiet = Cohort("quiet", [Persona(id="zoe")], verbs=(Write,), rhythm=Never())
    return Scenario("town", [people, quiet], lasts=6 * HOUR, surveys=surveys)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def plain(runs):
    return run(town(), model=FakeModel(), out=runs)


@pytest.fixture(scope="module")
def asked(runs):
    return run(town(TWO_WAVES), model=FakeModel(), out=runs)


@pytest.fixture(scope="module")
def remembering(runs):
    return run(town(REMEMBERED, TWO_WAVES), model=FakeModel(), out=runs)


def calls(record):
    """The calls less what is measured."""
    rows = record.read("calls").to_pylist()
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def same(one, other, tables=WORLD):
    return all(one.read(name).equals(other.read(name)) for name in tables)


def test_a_survey_that_nobody_remembers_changes_no_table_but_its_own(plain, asked):
    assert same(plain, asked)
    assert plain.manifest.state_hash == asked.manifest.state_hash
    assert [row for row in calls(asked) if row["turn"] >= 0] == calls(plain)
    assert {row["turn"] for row in calls(asked)} >= {-1, -2}


def test_answers_are_those_of_the_same_survey_put_after_the_run(asked):
    rows = read_answers(asked, "opinions")
    assert len(rows) == 2 * 4 * len(QUESTIONS)
    assert {row.time for row in rows} == {2 * HOUR, 4 * HOUR}
    after = survey(
        asked, ASKED, at=[2 * HOUR, 4 * HOUR], scenario=town(TWO_WAVES), model=FakeModel()
    )
    assert [row._replace(probabilities=None) for row in after.answers] == rows


@pytest.mark.parametrize("memory", [5, Recall()])
def test_what_is_remembered_is_in_later_prompts_and_the_run_goes_on_with_it(plain, runs, memory):
    done = run(town(REMEMBERED, memory=memory), model=FakeModel(), out=runs)
    rows = read_answers(done, "kept")
    assert len({row.who for row in rows}) == 2
    assert {row.time for row in rows} == {HOUR * n for n in range(1, 7)}
    first = next(row for row in rows if row.time == HOUR and row.question == "colour")
    said = f'answered "{first.value}" when asked "Which colour do you like?"'
    later = [one for one in calls(done) if one["who"] == first.who and one["turn"] >= 0]
    after = [one for one in later if HOUR < one["time"] < 2 * HOUR]
    assert all(said in one["user"] for one in after)
    assert not any(said in one["user"] for one in later if one["time"] < HOUR)
    if memory == 5:
        assert not plain.read("events").equals(done.read("events"))


def test_a_replay_puts_the_surveys_again(remembering):
    result = replay(remembering, ScenarioTimeline(town(REMEMBERED, TWO_WAVES)))
    assert result.complete
    assert result.differences == ()


@pytest.mark.parametrize("most", [3, 9, 17, 30])
def test_a_run_that_stopped_anywhere_is_resumed_to_the_same_answers(runs, remembering, most):
    scenario = town(REMEMBERED, TWO_WAVES)
    broken = run(scenario, model=FakeModel(), out=runs, max_calls=most)
    assert broken.manifest.state == "interrupted"
    resumed = simnet.resume(broken, scenario, model=FakeModel())
    assert same(resumed, remembering)
    assert calls(resumed) == calls(remembering)
    for name in ("kept", "opinions"):
        assert read_answers(resumed, name) == read_answers(remembering, name)


def test_a_fork_begins_to_ask_and_keeps_the_answers_of_before(runs, remembering):
    scenario = town(REMEMBERED, TWO_WAVES)
    new = SurveySchedule(Survey("new", [Number("trips", "How many?", 0, 9)]), at=5 * HOUR)
    fork = simnet.fork(
        remembering, at=3 * HOUR, scenario=town(new, TWO_WAVES), before=scenario, model=FakeModel()
    )
    assert {row.time for row in read_answers(fork, "kept")} == {HOUR, 2 * HOUR}
    assert {row.time for row in read_answers(fork, "opinions")} == {2 * HOUR, 4 * HOUR}
    assert [row.who for row in read_answers(fork, "new")] == town().handles()
    before = [row for row in read_answers(remembering, "opinions") if row.time == 2 * HOUR]
    assert [row for row in read_answers(fork, "opinions") if row.time == 2 * HOUR] == before


@pytest.mark.filterwarnings("ignore:.*about 0 turns:simnet.errors.ScenarioWarning")
def test_those_who_never_wake_can_be_asked(tmp_path):
    people = Cohort("people", [Persona(id="zoe")], rhythm=Never())
    scenario = Scenario("still", [people], lasts=HOUR, surveys=[SurveySchedule(ASKED, at=HOUR)])
    done = run(scenario, model=FakeModel(), out=tmp_path)
    assert len(read_answers(done, "opinions")) == 3


def test_a_reply_that_is_no_answer_is_asked_for_once_more_and_then_the_reason_is_kept(tmp_path):
    def reply(prompt):
        repaired = "You answered before" in prompt.user
        return plausible(prompt) if "Which colour" not in prompt.user or repaired else "green"

    done = run(town(TWO_WAVES), model=FakeModel(reply), out=tmp_path)
    colours = [row for row in read_answers(done, "opinions") if row.question == "colour"]
    assert {row.value for row in colours} <= {"red", "blue"}
    assert len([one for one in calls(done) if one["turn"] == -1]) == 4 * 4
    never = run(town(TWO_WAVES), model=FakeModel(lambda _: "perhaps"), out=tmp_path)
    first = read_answers(never, "opinions")[0]
    assert first.value is None
    assert "is not yes or no" in first.reason


@pytest.mark.parametrize(
    ("plan", "problem"),
    [
        (lambda: SurveySchedule(ASKED), "give times, at=, or a span between times, every="),
        (lambda: SurveySchedule(ASKED, at=1, every=1), "give times, at=, or a span"),
        (lambda: SurveySchedule(ASKED, at=-1), "at=-1; give a time that is 0 or later"),
        (lambda: SurveySchedule(ASKED, every=0), "every=0; give a positive time"),
        (lambda: SurveySchedule(ASKED, at=1, sample=0), "sample=0; ask 1 or more"),
        (lambda: SurveySchedule(ASKED, at=7 * HOUR), "at=25200 is after the end"),
        (lambda: SurveySchedule(ASKED, every=7 * HOUR), "puts it 0 times"),
        (lambda: SurveySchedule(ASKED, every=0.001), "let it be 1 to 10,000 times"),
        (lambda: SurveySchedule(ASKED, at=1, who="zoey"), "nobody of that name in town; did you"),
        (lambda: SurveySchedule(ASKED, at=1, who=["cohort:peple"]), "no such cohort; did you mean"),
        (lambda: SurveySchedule(ASKED.questions, at=1), "survey"),
    ],
)
def test_a_schedule_that_cannot_be_kept_is_told_when_the_scenario_is_made(plan, problem):
    with pytest.raises(ScenarioError, match=problem):
        town(plan())


def test_two_surveys_of_one_name_are_told():
    other = SurveySchedule(Survey("opinions", QUESTIONS[:1]), at=0)
    with pytest.raises(ScenarioError, match="two surveys are called 'opinions'"):
        town(TWO_WAVES, other)


KILLED = """
import os, signal, sys
from simnet import FakeModel, run
from simnet.inference.fakes.fake import plausible
sys.path.insert(0, {tests!r})
from test_survey_schedules import REMEMBERED, TWO_WAVES, town

left = int(sys.argv[1])

def reply(prompt):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return plausible(prompt)

run(town(REMEMBERED, TWO_WAVES), model=FakeModel(reply, delay=lambda _: 0.001), out=sys.argv[2])
"""


@pytest.mark.slow
@pytest.mark.parametrize("replies", [8, 21, 40])
def test_a_run_killed_in_the_middle_of_a_wave_is_resumed_as_if_it_had_not_been(
    tmp_path, remembering, replies
):
    code = KILLED.format(tests=str(Path(__file__).parent))
    command = [sys.executable, "-c", code, str(replies), str(tmp_path)]
    died = subprocess.run(command, check=False, capture_output=True, env=os.environ)
    assert died.returncode == -signal.SIGKILL, died.stderr
    (folder,) = tmp_path.iterdir()
    broken, again = Run.open(folder), []
    recorded = {row["prompt_hash"] for row in calls(broken)}
    model = FakeModel(lambda prompt: again.append(prompt.digest()) or plausible(prompt))
    resumed = simnet.resume(broken, town(REMEMBERED, TWO_WAVES), model=model)
    assert recorded.isdisjoint(again)
    assert same(resumed, remembering)
    for name in ("kept", "opinions"):
        assert read_answers(resumed, name) == read_answers(remembering, name)
