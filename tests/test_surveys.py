"""Surveys of a recorded run: the state of personas at a time, answers, repair, resuming."""

import hashlib
import json
import re
from math import inf

import pytest

from simnet import HOUR, Cohort, Exponential, FakeModel, Persona, Scenario, Write, run, sample
from simnet.errors import RunError, ScenarioError, UsageError
from simnet.inference.fakes.fake import plausible
from simnet.questions import Choice, FreeText, Likert, MultipleChoice, Number, Ranking, YesNo
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.surveys import MINI_IPIP, Survey, big_five, survey
from simnet.surveys.answers import read_answers
from simnet.surveys.interview import respondent_at

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*nobody in others follows anyone:simnet.errors.ScenarioWarning"
)

OPINIONS = Survey(
    "opinions",
    [
        YesNo("cycles", "Do you cycle?"),
        Choice("colour", "Which colour do you like?", ["red", "blue"]),
        MultipleChoice("means", "How do you get around?", ["bus", "tram", "car"]),
        Likert("charge", "Cars should pay to enter the city."),
        Number("trips", "How many trips a week?", 0, 9),
        Ranking("order", "Order them.", ["bus", "tram", "car"]),
        FreeText("why", "Why?"),
    ],
)


def town():
    people = Cohort(
        "people", sample(3), verbs=(Write,), rhythm=Exponential(HOUR), follows={"people": 1.0}
    )
    other = Cohort("others", [Persona(id="zoe")], verbs=(Write,), rhythm=Exponential(HOUR))
    return Scenario("town", [people, other], lasts=6 * HOUR)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return run(town(), model=FakeModel(), out=tmp_path_factory.mktemp("runs"))


def files(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and "surveys" not in path.parts
    }


class Noting(FakeModel):
    """Keeps the prompts it was sent."""

    def __init__(self, reply=plausible, name="fake"):
        super().__init__(self._note, name=name)
        self.prompts = []
        self._answer = reply

    def _note(self, prompt):
        self.prompts.append(prompt)
        return self._answer(prompt)


def test_everyone_answers_every_form_of_question_and_the_run_is_unchanged(done):
    before = files(done.path)
    result = survey(done, OPINIONS, scenario=town(), model=FakeModel())
    assert files(done.path) == before
    assert len(result.answers) == 4 * 7
    kinds = {row.question: type(row.value) for row in result.answers if row.value is not None}
    assert kinds == {
        "cycles": bool, "colour": str, "means": list, "charge": int, "trips": int,
        "order": list, "why": str,
    }  # fmt: skip
    assert read_answers(done, "opinions") == list(result.answers)
    again = survey(done, OPINIONS, scenario=town(), model=FakeModel())
    assert again.answers == result.answers
    assert again.counts["default"].asked == 0


def test_a_persona_answers_from_what_it_remembered_at_the_time(done):
    model = Noting()
    one = Survey("memory", [FreeText("what", "What did you do?")])
    survey(done, one, who=["zoe"], at=[0, 3 * HOUR, 6 * HOUR], scenario=town(), model=model)
    events = [row for row in done.read("events").to_pylist() if row["who"] == "zoe"]
    for at, prompt in zip([0, 3 * HOUR, 6 * HOUR], model.prompts, strict=True):
        texts = [row["text"] for row in events if row["woke"] < at and row["text"]][-5:]
        remembered = re.findall(r'^write "(.*)"$', prompt.user, re.MULTILINE)
        assert remembered == texts
        assert "You are @zoe." in prompt.system
    assert len({prompt.user for prompt in model.prompts}) == 3


def test_a_reply_that_is_no_answer_is_repaired_once_and_then_left(done):
    model = Noting(lambda prompt: "4" if "You answered before" in prompt.user else "many")
    one = Survey("repair", [Number("trips", "How many?", 0, 9), YesNo("cycles", "Do you cycle?")])
    result = survey(done, one, who=["zoe"], scenario=town(), model=model)
    trips, cycles = result.answers
    assert (trips.value, trips.reason) == (4, None)
    assert cycles.value is None
    assert "is not yes or no" in cycles.reason
    assert len(model.prompts) == 4


def test_answers_are_carried_on_a_form(done):
    model = Noting(lambda prompt: "yes" if "cycle" in prompt.user.rsplit("Question:")[-1] else "9")
    one = Survey(
        "form",
        [YesNo("cycles", "Do you cycle?"), Number("trips", "How many trips?", 0, 9)],
        carries_answers=True,
    )
    result = survey(done, one, who=["zoe"], scenario=town(), model=model)
    assert [row.value for row in result.answers] == [True, 9]
    assert "Question: Do you cycle?\nYou answered: yes\n" in model.prompts[1].user


def test_people_are_chosen_by_name_cohort_and_sample(done):
    one = Survey("who", [YesNo("cycles", "Do you cycle?")])

    def asked(**options):
        result = survey(done, one, scenario=town(), model=FakeModel(), **options)
        return [row.who for row in result.answers]

    people = [persona.id for persona in sample(3)]
    assert asked(who=["cohort:people"]) == people
    assert asked(who=["@zoe", people[1]]) == [people[1], "zoe"]
    two = asked(sample=2, seed=1)
    assert len(two) == 2
    assert two == asked(sample=2, seed=1)
    # Answers of all calls are kept, those of one person once.
    assert len(read_answers(done, "who")) == 4


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"who": ["zoey"]}, "there is nobody of that name in town; did you mean 'zoe'"),
        ({"who": ["cohort:peple"]}, "no such cohort; did you mean 'people'"),
        ({"sample": 0}, "give 1 or more"),
    ],
)
def test_people_who_are_not_there_are_told(done, options, problem):
    one = Survey("who", [YesNo("cycles", "Do you cycle?")])
    with pytest.raises(UsageError, match=problem):
        survey(done, one, scenario=town(), model=FakeModel(), **options)


def test_a_time_after_the_end_of_a_record_that_breaks_off_is_told(tmp_path):
    broken = run(town(), model=FakeModel(), out=tmp_path, max_calls=3)
    one = Survey("late", [YesNo("cycles", "Do you cycle?")])
    with pytest.raises(RunError, match="give an earlier time, or resume the run first"):
        survey(broken, one, scenario=town(), model=FakeModel(), at=[6 * HOUR])
    assert survey(broken, one, scenario=town(), model=FakeModel(), at=[inf]).answers


def test_a_time_after_the_end_of_the_scenario_is_told(done):
    one = Survey("late", [YesNo("cycles", "Do you cycle?")])
    problem = f"07:00:00 is after the end of {done.id}, which lasts 06:00:00; give an earlier time"
    with pytest.raises(UsageError, match=problem):
        survey(done, one, scenario=town(), model=FakeModel(), at=[HOUR, 7 * HOUR])
    with pytest.raises(UsageError, match=problem):
        respondent_at(done, ScenarioTimeline(town()), "zoe", 7 * HOUR)
    assert survey(done, one, scenario=town(), model=FakeModel(), at=[6 * HOUR]).answers


def test_a_survey_that_ends_early_goes_on_without_asking_again(done):
    class Failing(Noting):
        def _note(self, prompt):
            if len(self.prompts) >= 3:
                raise RunError("the model is gone")
            return super()._note(prompt)

    one = Survey("early", [Number("trips", "How many?", 0, 9)])
    first, second = Failing(), Noting()
    with pytest.raises(RunError, match="the model is gone"):
        survey(done, one, scenario=town(), model=first, in_flight=1)
    result = survey(done, one, scenario=town(), model=second, in_flight=1)
    asked = [prompt.digest() for prompt in (*first.prompts, *second.prompts)]
    assert len(result.answers) == 4
    assert len(set(asked)) == len(asked) >= 4


def test_a_survey_that_cannot_be_put_is_refused():
    question = YesNo("a", "Do you?")
    for make, problem in [
        (lambda: Survey("a b", [question]), "name it with"),
        (lambda: Survey("a", []), "has no questions"),
        (lambda: Survey("a", [question, question]), "several questions are called 'a'"),
    ]:
        with pytest.raises(ScenarioError, match=problem):
            make()


def test_the_mini_ipip_is_scored_with_reversed_items():
    assert len(MINI_IPIP.questions) == 20
    answers = {question.name: 5 for question in MINI_IPIP.questions}
    assert big_five(answers)["extraversion"] == 3.0
    assert big_five(answers)["imagination"] == pytest.approx((5 + 1 + 1 + 1) / 4)
    assert big_five({"item01": 4, "item06": 2})["extraversion"] == 4.0
    assert big_five({})["neuroticism"] is None


def test_the_answers_are_a_table_that_others_read(done):
    duckdb = pytest.importorskip("duckdb")
    result = survey(done, OPINIONS, who=["zoe"], scenario=town(), model=FakeModel())
    rows = duckdb.sql(
        f"select who, answer from '{result.path}' where question = 'cycles' and who = 'zoe'"
    ).fetchall()
    assert len(rows) == 1
    assert json.loads(rows[0][1]) in {True, False}
