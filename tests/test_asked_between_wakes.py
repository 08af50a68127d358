"""Who is asked between two wakes knows what interventions did before that moment."""

import pytest

from simnet import HOUR, MINUTE, Cohort, FakeModel, Feed, Never, Persona, Scenario, Steps, run
from simnet.behaviours import Recall
from simnet.feeds import everything
from simnet.interventions import (
    At,
    Ban,
    Forget,
    GiveNews,
    Join,
    Leave,
    Reinstate,
    Remember,
    SetAdapter,
    SetManner,
)
from simnet.questions import YesNo
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.replay import replay
from simnet.surveys import Survey, SurveySchedule, survey
from simnet.surveys.answers import read_answers
from simnet.surveys.interview import respondent_at

OPINION = Survey("opinion", [YesNo("safe", "Is it safe?")])
CHANGES = (
    At(5 * MINUTE, Remember("ana", "You once saw a tram derail.")),
    At(
        25 * MINUTE,
        [
            GiveNews("people", "The bridge is closed."),
            SetManner("people", "You are grumpy."),
            Forget("ana", "derail"),
            Remember("ana", "You were bitten by a dog."),
            Ban("ben"),
        ],
    ),
    At(45 * MINUTE, [Reinstate("ben"), Leave("cat")]),
)
TIMES = (21 * MINUTE, 27 * MINUTE, 31 * MINUTE, 47 * MINUTE)
WORLD = ("events", "exposures", "network", "personas", "state", "ledger")


def square(*surveys, memory=5, interventions=CHANGES):
    """Four people who look every ten minutes; one more is asked and never wakes."""
    people = [Persona(id=name) for name in ("ana", "ben", "cat", "dan")]
    away = Cohort("away", [Persona(id="eve")], rhythm=Never())
    awake = Cohort(
        "people", people, rhythm=Steps(10 * MINUTE), follows={"people": 1.0}, memory=memory
    )
    return Scenario(
        "square", [awake, away], lasts=HOUR, feed=Feed(reads=everything), surveys=surveys,
        interventions=interventions,
    )  # fmt: skip


@pytest.fixture(scope="module", params=[5, Recall(tokens=200)], ids=["actions", "stream"])
def runs(request, tmp_path_factory):
    """A run in which nobody is asked, and the same with surveys."""
    folder = tmp_path_factory.mktemp("runs")
    scenarios = [
        square(*surveys, memory=request.param)
        for surveys in ((), (SurveySchedule(OPINION, at=TIMES),))
    ]
    return [(one, run(one, model=FakeModel(), out=folder)) for one in scenarios]


def asked(record, who, at):
    """What the model was told when somebody was asked in the run at a time."""
    rows = record.read("calls").to_pylist()
    (row,) = [r for r in rows if r["turn"] < 0 and (r["who"], r["time"]) == (who, at)]
    prompts = record.prompts().read_all().to_pylist()
    (text,) = [r for r in prompts if (r["who"], r["turn"]) == (who, row["turn"])]
    return f"{text['system']}\n{text['user']}"


def test_news_manner_and_memory_are_known_at_once_and_not_before(runs):
    _, (_, record) = runs
    before, after, later = (asked(record, "ana", at) for at in TIMES[:3])
    assert "You once saw a tram derail." in before
    assert not any(one in before for one in ("bridge", "grumpy", "bitten", "suspended"))
    for told in (after, later):
        assert "The bridge is closed." in told
        assert "You are grumpy." in told
        assert "bitten" in told
        assert "derail" not in told
    assert "The bridge is closed." not in asked(record, "eve", TIMES[1])


def test_the_banned_and_those_who_left_know_that(runs):
    _, (_, record) = runs
    suspended = "You are suspended from the platform at this time."
    assert [suspended in asked(record, "ben", at) for at in TIMES] == [False, True, True, False]
    assert "The bridge is closed." in asked(record, "ben", TIMES[2])  # has not woken since
    assert "You are not on the platform at this time." in asked(record, "cat", TIMES[3])
    assert suspended not in asked(record, "dan", TIMES[1])


def test_nobody_is_changed_by_being_asked(runs):
    (_, plain), (_, record) = runs
    for table in WORLD:
        assert record.read(table).equals(plain.read(table)), table

    def turns(one):
        rows = one.read("calls").to_pylist()
        return [{**row, "seconds": 0} for row in rows if row["turn"] >= 0]

    assert turns(record) == turns(plain)


def test_answers_after_the_run_are_those_in_it(runs):
    (scenario, plain), (_, record) = runs
    survey(plain, OPINION, at=TIMES, scenario=scenario, model=FakeModel())
    after = {(row.who, row.at): row.prompt for row in read_answers(plain, "opinion")}
    during = {(row.who, row.at): row.prompt for row in read_answers(record, "opinion")}
    assert len(during) == 5 * len(TIMES)
    assert during == after


def test_a_replay_puts_the_surveys_again(runs):
    _, (scenario, record) = runs
    played = replay(record, ScenarioTimeline(scenario))
    assert (played.complete, played.differences) == (True, ())


def test_an_interview_at_that_time_knows_it_too(runs):
    (scenario, plain), _ = runs
    told = respondent_at(plain, ScenarioTimeline(scenario), "ana", 27 * MINUTE)
    assert "What you heard last:\nThe bridge is closed." in told.state
    assert "grumpy" in told.system
    at_end = respondent_at(plain, ScenarioTimeline(scenario), "cat", float("inf"))
    assert "You are not on the platform" in at_end.state


def test_who_has_not_joined_yet_and_whose_adapter_changed_are_asked_as_such(tmp_path):
    changes = (
        At(25 * MINUTE, [SetAdapter("dan", "loud"), GiveNews("dan", "You are loud.")]),
        At(50 * MINUTE, Join("eve")),
    )
    scenario = square(interventions=changes)
    record = run(scenario, model=FakeModel(), out=tmp_path, adapters={"loud": "/nowhere"})
    timeline = ScenarioTimeline(scenario)
    told = {who: respondent_at(record, timeline, who, 27 * MINUTE) for who in ("dan", "eve")}
    assert told["dan"].adapter == "loud"
    assert told["dan"].state.endswith("What you heard last:\nYou are loud.")
    assert told["eve"].state.splitlines() == [
        "What you heard last:", "You are not on the platform at this time.",
    ]  # fmt: skip


def test_remembering_an_answer_does_not_take_a_change_over_twice(tmp_path):
    schedule = SurveySchedule(OPINION, at=27 * MINUTE, who="ana", remembered=True)
    record = run(square(schedule), model=FakeModel(), out=tmp_path)
    prompts = record.prompts().read_all().to_pylist()
    (later,) = [one["user"] for one in prompts if (one["who"], one["turn"]) == ("ana", 3)]
    assert later.count("bitten") == 1
    assert 'when asked "Is it safe?"' in later
    assert later.count("The bridge is closed.") == 1
