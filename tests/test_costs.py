"""What a run costs: limits that stop it, sums by cohort and verb, estimates, explained prompts."""

import asyncio
import json
from dataclasses import replace

import pytest
from simulation.virtual_time import run_virtually
from typer.testing import CliRunner

from simnet import Cohort, Exponential, Never, Persona, Reply, Scenario, Steps, sample
from simnet.agents.behaviours.rules import chance, likes
from simnet.analysis.costs import costs
from simnet.api import resume
from simnet.cli.app import app
from simnet.cli.runs import launching
from simnet.clock import HOUR, MINUTE
from simnet.errors import ActorDiedError, UsageError
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.inference.fakes.fake import FakeModel
from simnet.opinions import states_opinion
from simnet.planning import cost_estimate
from simnet.planning.cost_estimate import estimate
from simnet.planning.explain import explain
from simnet.recording.reading.run import Run
from simnet.runs.launching.launcher import RunPlan, launch
from simnet.runs.options.options import ModelOptions, RunOptions
from simnet.runs.plans.provenance import from_python
from simnet.runtime.base import Silent
from simnet.scheduler.budget import Budget

STUDY = """
from simnet import Cohort, Exponential, Scenario, sample
study = Scenario("study", [Cohort("people", sample(6), rhythm=Exponential(900))], lasts=14400.0)
"""


def village(**fields):
    talkers = Cohort(
        "talkers", sample(8), rhythm=Exponential(20 * MINUTE), follows={"talkers": 1.0}
    )
    crowd = Cohort(
        "crowd",
        sample(4, seed=9),
        behaviour=likes(chance(0.5)),
        rhythm=Exponential(30 * MINUTE),
        follows={"talkers": 1.0},
    )
    return Scenario("village", [talkers, crowd], **{"lasts": 6 * HOUR, "seed": 3, **fields})


FAKE = RunOptions(models=ModelOptions(backend="fake"))


def play(folder, budget=Budget(), scenario=None, model=None):  # noqa: B008
    plan = RunPlan(scenario or village(), model or FakeModel(), folder, budget=budget)
    return run_virtually(launch(plan))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return Run.open(play(tmp_path_factory.mktemp("runs")).folder)


@pytest.mark.parametrize(
    ("budget", "word"),
    [
        (Budget(calls=20), "calls"),
        (Budget(tokens=3000), "tokens"),
        (Budget(minutes=0.01), "minutes"),
    ],
)
def test_a_run_stops_when_its_budget_is_spent_and_can_be_resumed(tmp_path, whole, budget, word):
    slow = FakeModel(delay=lambda _: 0.1)
    outcome = play(tmp_path, budget, model=slow)
    assert outcome.state == "interrupted"
    assert outcome.spent.startswith("budget: ")
    assert outcome.spent.endswith(word)
    run = Run.open(outcome.folder)
    assert run.manifest.error == outcome.spent
    assert 0 < run.read("events").num_rows < whole.read("events").num_rows
    resumed = resume(run, village(), model=FakeModel())
    assert resumed.manifest.state == "completed"
    assert resumed.manifest.error is None
    assert resumed.read("events").equals(whole.read("events"))


def test_a_budget_is_kept_to_however_many_would_think_at_once(tmp_path):
    people = Cohort("people", sample(200), rhythm=Steps(HOUR), follows={"people": 0.1})
    crowd = Scenario("crowd", [people], lasts=12 * HOUR, seed=1)
    of_calls = play(tmp_path / "calls", Budget(calls=450), crowd)
    assert of_calls.finish.progress.usage.calls == 450
    of_tokens = play(tmp_path / "tokens", Budget(tokens=50_000), crowd)
    usage = of_tokens.finish.progress.usage
    spent = usage.prompt_tokens + usage.output_tokens
    assert 50_000 <= spent < 80_000  # what is under way grew dearer as feeds filled


class Told(Silent):
    """Keeps the lines of a run."""

    def __init__(self):
        self.lines = []

    def phase(self, text):
        self.lines.append(text)


@pytest.mark.parametrize("seconds", [1.7, 3.0])  # being made again, and up again
def test_a_budget_of_minutes_stops_a_run_whose_actors_were_made_again(tmp_path, seconds):
    died = []

    def delay(_):
        if asyncio.get_running_loop().time() > 1.5 and not died:
            died.append(True)
            raise ActorDiedError("an actor died")
        return 0.1

    budget = Budget(minutes=seconds / 60)
    plan = RunPlan(village(), FakeBackend(delay=delay), tmp_path, budget=budget, ray=False)
    outcome = run_virtually(launch(plan, told := Told()))
    assert outcome.state == "interrupted"
    assert outcome.spent.startswith("budget: ")
    assert any("going on from the record" in line for line in told.lines)
    assert sum(line.startswith("stopping: ") for line in told.lines) == 1


@pytest.mark.parametrize("limits", [{"calls": 60}, {"tokens": 25_000}])
def test_a_budget_of_calls_or_tokens_holds_over_actors_that_are_made_again(tmp_path, limits):
    def play_with(deaths):
        died, asked = [], []

        def delay(prompt):
            asked.append(prompt)
            if len(asked) >= 30 * (len(died) + 1) and len(died) < deaths:
                died.append(True)
                raise ActorDiedError("an actor died")
            return 0.5

        plan = RunPlan(
            village(), FakeBackend(delay=delay), tmp_path, budget=Budget(**limits), ray=False
        )
        outcome = run_virtually(launch(plan, Silent()))
        assert len(died) == deaths
        assert outcome.state == "interrupted"
        return len(asked), outcome.spent

    undisturbed, spent = play_with(0)
    most, also_spent = play_with(1)
    assert most <= undisturbed + 8  # those under way at the death
    assert also_spent.endswith(spent.rpartition(" of ")[2])


def test_a_budget_of_minutes_is_not_spent_once_the_run_is_over(tmp_path):
    async def play_and_wait():
        plan = RunPlan(village(), FakeModel(), tmp_path, budget=Budget(minutes=10.0))
        outcome = await launch(plan, told)
        await asyncio.sleep(1200)
        return outcome

    told = Told()
    assert run_virtually(play_and_wait()).state == "completed"
    assert not [line for line in told.lines if line.startswith("stopping")]


def test_a_budget_that_suffices_changes_nothing(tmp_path, whole):
    outcome = play(tmp_path, Budget(10**9, 10**6, 10.0))
    assert (outcome.state, outcome.spent) == ("completed", None)
    assert Run.open(outcome.folder).read("events").equals(whole.read("events"))


def test_costs_add_up_by_cohort_and_verb(whole):
    found = costs(whole)
    calls = whole.read("calls").to_pylist()
    assert {one.cohort for one in found} == {"talkers"}
    assert sum(one.calls for one in found) == len(calls)
    for name in ("prompt_tokens", "cached_tokens", "output_tokens"):
        assert sum(getattr(one, name) for one in found) == sum(call[name] for call in calls)
    writes = next(one for one in found if one.verb == "write")
    keys = {
        (event["who"], event["turn"])
        for event in whole.read("events").to_pylist()
        if event["verb"] == "write" and event["part"] == 0 and event["outcome"] != "failed"
    }
    of_writes = [call for call in calls if (call["who"], call["turn"]) in keys]
    assert writes.turns == writes.calls == len(of_writes)
    assert writes.prompt_tokens == sum(call["prompt_tokens"] for call in of_writes)


def test_failures_and_second_calls_are_told_apart(tmp_path):
    def reply(prompt):
        return "" if prompt.seed % 2 else "write: I can't help with that."

    talkers, crowd = village().cohorts
    scenario = replace(village(), cohorts=[replace(talkers, resamples=1), crowd])
    outcome = play(tmp_path, scenario=scenario, model=FakeModel(reply))
    found = {one.verb: one for one in costs(Run.open(outcome.folder))}
    assert set(found) == {"failed", "write"}
    for one in found.values():
        assert one.calls == 2 * one.turns
    marks = outcome.finish.progress.ledger.marks
    assert marks["resampled"] == sum(one.turns for one in found.values())


@pytest.mark.slow
def test_an_estimate_holds_the_truth_in_its_interval(whole):
    calls = whole.read("calls").to_pylist()
    found = estimate(from_python(village()), FAKE, 0.5)
    told = found.whole
    assert told.calls.low <= len(calls) <= told.calls.high
    assert told.tokens_in.low <= sum(call["prompt_tokens"] for call in calls)
    assert told.tokens_out.low <= sum(c["output_tokens"] for c in calls) <= told.tokens_out.high
    assert found.cohorts["crowd"].calls.expected == 0
    assert found.cohorts["talkers"] == told
    assert not found.rough


def test_all_of_a_scenario_is_estimated_as_it_is(whole):
    calls = whole.read("calls").num_rows
    assert estimate(from_python(village()), FAKE, 1.0).whole.calls.expected == calls


@pytest.mark.parametrize("share", [0.0, -1.0, 1.5, float("nan")])
def test_a_share_is_between_nothing_and_all(share):
    with pytest.raises(UsageError, match="--share"):
        estimate(from_python(village()), FAKE, share)


def test_an_estimate_from_nothing_is_refused():
    with pytest.raises(UsageError, match="give a larger --share"):
        estimate(from_python(village()), FAKE, 1e-6)


def test_a_scenario_of_rules_alone_has_nothing_to_estimate():
    people = Cohort(
        "all", sample(3), behaviour=likes(lambda me, post: 1.0), rhythm=Exponential(MINUTE)
    )
    with pytest.raises(UsageError, match="asks no model, for all behaviours are rules"):
        estimate(from_python(Scenario("rules", [people], lasts=HOUR)), FAKE, 0.5)


def test_a_prompt_is_explained_part_by_part():
    who = village().cohorts[0].personas[0].id
    told = explain(village(), who, 3 * HOUR)
    assert told.at >= 3 * HOUR
    assert [part.name for part in told.sections] == [
        *("setting", "verbs", "spotlighting", "persona", "memory", "feed"),
    ]
    texts = [part.text for part in told.sections]
    assert told.system == "\n\n".join(texts[:4])
    assert told.user == "\n".join(texts[4:])
    assert told.system.startswith(told.shared)
    assert told.shared.endswith("You are @")
    assert (told.system + told.user).startswith(told.kept)
    assert len(told.kept) >= len(told.system)
    assert told.next_at > told.at


def test_a_question_of_a_behaviour_begins_as_those_of_its_cohort_do():
    public = Cohort("public", sample(2), behaviour=states_opinion("soup is a drink"))
    first, other = (
        explain(Scenario("soup", [public], lasts=HOUR), one.id) for one in public.personas
    )
    assert first.shared == other.shared
    assert first.shared.endswith("You are @")
    assert all(told.system.startswith(first.shared) for told in (first, other))


def test_an_explained_prompt_is_the_one_of_the_run(whole):
    who = village().cohorts[0].personas[2].id
    told = explain(village(), who, 2 * HOUR)
    call = next(
        one
        for one in whole.prompts().read_all().to_pylist()
        if (one["who"], one["turn"]) == (who, told.turn)
    )
    assert (call["system"], call["user"], call["time"]) == (told.system, told.user, told.at)


def test_a_shortened_prompt_is_explained_as_it_is():
    class Characters:
        length = 1500

        def encode(self, system, user):
            return tuple(range(len(system) + len(user)))

    who = village().cohorts[0].personas[0].id
    told = explain(village(), who, 3 * HOUR, Characters())
    assert len(told.system) + len(told.user) < 1500
    assert {part.name for part in told.sections} >= {"setting", "verbs", "persona", "feed"}


@pytest.mark.parametrize(
    ("who", "at", "named"),
    [
        ("nobody", 0.0, "nobody of that name"),
        ("ann", 0.0, "asks no model"),
        ("anm", 0.0, "mean 'ann'"),
    ],
)
def test_who_cannot_be_explained_is_named(who, at, named):
    ann = Cohort("hosts", [Persona(id="ann")], rhythm=Never(), verbs=(Reply,))
    scenario = Scenario("quiet", [ann])
    with pytest.raises(UsageError, match=named):
        explain(scenario, who, at)


@pytest.fixture
def simnet(tmp_path, monkeypatch):
    (tmp_path / "study.py").write_text(STUDY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    async def launch_here(plan, reporter):
        return await launch(replace(plan, backend=FakeModel(delay=lambda _: 0.02)), reporter)

    monkeypatch.setattr(launching, "launch", launch_here)
    return lambda *arguments: CliRunner().invoke(app, [str(one) for one in arguments])


def test_the_command_line_stops_at_a_budget_with_75_and_tells_costs(simnet):
    result = simnet("run", "study.py", "--backend", "fake", "--max-calls", "5", "--quiet")
    assert result.exit_code == 75, result.output
    told = json.loads(simnet("cost", "--json").stdout)["costs"]
    assert sum(one["calls"] for one in told) >= 5
    assert "tokens in" in simnet("cost").stdout
    assert simnet("run", "study.py", "--max-calls", "0").exit_code == 2


@pytest.mark.slow
def test_the_command_line_estimates_and_explains(simnet, monkeypatch):
    result = simnet("estimate", "study.py", "--backend", "fake", "--share", "0.5", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["whole"]["calls"]["expected"] > 20
    assert "rehearsal took" not in result.stderr
    monkeypatch.setattr(cost_estimate, "_LONG_SECONDS", 0.0)
    shown = simnet("estimate", "study.py", "--backend", "fake", "--share", "0.5")
    assert "people" in shown.stdout
    assert "one rehearsal took 0 s; up to 7 more follow" in shown.stderr
    who = sample(6)[0].id
    result = simnet("explain", "study.py", "--who", f"@{who}", "--at", "1h", "--backend", "fake")
    assert result.exit_code == 0, result.output
    assert "estimated: four characters a token" in result.stdout
    told = json.loads(
        simnet("explain", "study.py", "--who", who, "--backend", "fake", "--json").stdout
    )
    assert sum(part["tokens"] for part in told["sections"]) == pytest.approx(told["tokens"], abs=8)
    assert simnet("explain", "study.py", "--who", who, "--at", "soon").exit_code == 2
