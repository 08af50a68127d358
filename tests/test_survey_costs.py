"""What the surveys of a scenario cost: counted before a run, estimated, and as the run has it."""

import json

import pytest
from typer.testing import CliRunner

from simnet import (
    HOUR,
    Cohort,
    Exponential,
    FakeModel,
    Never,
    Persona,
    Scenario,
    Write,
    run,
    sample,
)
from simnet.cli.app import app
from simnet.planning import cost_estimate
from simnet.planning.cost_estimate import estimate, first_part
from simnet.planning.rehearsal import rehearse
from simnet.questions import Choice, FreeText, YesNo
from simnet.runs.options.options import ModelOptions, RunOptions
from simnet.runs.plans.provenance import from_python
from simnet.scenario.forecast.expected_answers import expected_answers
from simnet.surveys import Survey, SurveySchedule

LONG = Survey(
    "long",
    [
        YesNo("cycles", "Do you cycle?"),
        Choice("colour", "Which colour do you like?", ["red", "blue"]),
        FreeText("why", "Why?", longest=40),
    ],
)
SHORT = Survey("short", [YesNo("lane", "Is a lane needed?")])
LATE = SurveySchedule(LONG, at=[2 * HOUR, 8 * HOUR])
OFTEN = SurveySchedule(SHORT, every=2 * HOUR, who="cohort:people", sample=3, remembered=True)
FAKE = RunOptions(models=ModelOptions(backend="fake"))


def town(*surveys):
    people = Cohort(
        "people", sample(5), verbs=(Write,), rhythm=Exponential(HOUR), follows={"people": 1.0}
    )
    quiet = Cohort("quiet", [Persona(id="zoe")], verbs=(Write,), rhythm=Never())
    return Scenario("town", [people, quiet], lasts=10 * HOUR, surveys=surveys)


def test_questions_are_counted_by_cohort():
    assert expected_answers(town(LATE, OFTEN)) == {"people": 2 * 5 * 3 + 5 * 3, "quiet": 2 * 3}
    assert expected_answers(town()) == {}


@pytest.mark.parametrize("surveys", [(), (LATE,), (LATE, OFTEN)])
def test_a_rehearsal_makes_the_calls_of_the_run(tmp_path, surveys):
    scenario = town(*surveys)
    calls = run(scenario, model=FakeModel(), out=tmp_path).read("calls").to_pylist()
    played = rehearse(scenario, dict.fromkeys(["people", "quiet"], FakeModel()), 10**6)
    assert played.sums[:, 0].tolist() == [
        sum((call["who"] == "zoe") == quiet for call in calls) for quiet in (False, True)
    ]
    assert played.sums[:, 3].sum() == sum(call["output_tokens"] or 0 for call in calls)
    assert sum(call["turn"] < 0 for call in calls) == expected_answers(scenario).total()


def test_the_first_part_has_the_surveys_that_are_due_in_it():
    part = first_part(town(LATE, OFTEN), 0.4)
    assert [(plan.survey.name, plan.due(part.lasts)) for plan in part.surveys] == [
        ("long", [2 * HOUR]), ("short", [2 * HOUR, 4 * HOUR]),
    ]  # fmt: skip
    assert first_part(town(LATE), 0.1).surveys == ()


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_an_estimate_has_the_calls_of_surveys_wherever_they_are_put(share):
    without, found = (estimate(from_python(town(*one)), FAKE, share) for one in ((), (LATE, OFTEN)))
    more = found.whole.calls.expected - without.whole.calls.expected
    assert more == pytest.approx(45 + 6, abs=4)  # memories change when somebody passes
    assert found.cohorts["quiet"].calls.expected == 6
    assert found.cohorts["quiet"].tokens_out.expected > 0


@pytest.mark.slow
def test_answers_are_scaled_by_the_surveys_where_a_scenario_is_too_long(monkeypatch):
    monkeypatch.setattr(cost_estimate, "MOST_TURNS", 10)
    found = estimate(from_python(town(LATE)), FAKE, 0.5)
    assert found.cohorts["quiet"].calls.expected == 6
    early = estimate(from_python(town(LATE)), FAKE, 0.1)
    without = estimate(from_python(town()), FAKE, 0.1)
    assert early.whole.calls.expected - without.whole.calls.expected == pytest.approx(30)


FILE = """
from simnet import HOUR, Cohort, Exponential, Scenario, Write, sample
from simnet.questions import YesNo
from simnet.studies import Study, actions
from simnet.surveys import Survey, SurveySchedule

def town(asks: bool = True) -> Scenario:
    people = Cohort("people", sample(4), verbs=(Write,), rhythm=Exponential(HOUR),
                    follows={"people": 1.0})
    survey = SurveySchedule(Survey("s", [YesNo("a", "A?"), YesNo("b", "B?")]), at=[60, 120])
    return Scenario("town", [people], lasts=4 * HOUR, surveys=[survey] if asks else [])

study = Study("asking", arms={"asked": town(), "left": town(False)}, seeds=range(3),
              measures=[actions()])
"""


@pytest.mark.slow
def test_validate_and_the_plan_of_a_study_tell_of_the_calls_of_surveys(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "town.py").write_text(FILE, encoding="utf-8")

    def told(*arguments):
        done = CliRunner().invoke(app, list(arguments))
        assert done.exit_code == 0, done.output
        return done.stdout

    assert json.loads(told("validate", "town.py:town", "--json"))["survey_calls"] == 16
    assert "at least 16 calls" in told("validate", "town.py:town")
    assert "surveys" not in told("validate", "town.py:town", "--set", "asks=false")
    plan = json.loads(told("study", "plan", "town.py:study", "--json"))
    assert plan["survey_calls_per_run"] == {"asked": 16, "left": 0}
    assert plan["survey_calls"] == 48
    shown = told("study", "plan", "town.py:study")
    assert "survey calls a run" in shown
    assert "at least 48 survey calls in all" in shown
