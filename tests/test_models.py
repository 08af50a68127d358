"""Several models in one run: who asks which, and what is found before anything starts."""

import asyncio
import io
import json
from dataclasses import replace
from importlib.util import find_spec

import pytest
from rich.console import Console
from typer.testing import CliRunner

from simnet import (
    HOUR,
    MINUTE,
    Cohort,
    Cue,
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
from simnet.api import fork, resume
from simnet.behaviours import archetypes
from simnet.cli.app import app
from simnet.cli.display.live import panel
from simnet.cli.display.pace import Pace
from simnet.cli.display.summary import outcome_json, print_closing
from simnet.cli.runs import launching
from simnet.errors import RunError, ScenarioError, UsageError
from simnet.inference.backends.choice import choose
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.inference.backends.openai_backend import OpenAIBackend
from simnet.inference.backends.vllm_backend import VllmBackend
from simnet.inference.calls.statistics import Statistics, merged
from simnet.inference.endpoints.endpoint import Endpoint
from simnet.inference.settings import EngineSettings
from simnet.planning.cost_estimate import estimate
from simnet.recording.checking.verify import verify
from simnet.recording.files.manifest import State
from simnet.runs.launching.launcher import launch
from simnet.runs.options.options import ModelOptions, RunOptions
from simnet.runs.plans.plan import RunPlan
from simnet.runs.plans.provenance import from_python
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.replay import replay
from simnet.runs.repeats.resample import ask_again, pick
from simnet.runtime.models import check_models, models_by_name, needed_models
from simnet.scenario.files.loading import load_scenario
from simnet.scenario.forecast.expected_turns import Expected


def town(first="big", second="small", **changes):
    council = Persona(id="council", description="The town council.")
    people = [Persona(id=f"p{n}", description=one.description) for n, one in enumerate(sample(8))]
    rhythm = Exponential(8 * MINUTE)
    scenario = Scenario(
        "town",
        [
            Cohort("officials", [council], rhythm=Never()),
            Cohort("ours", people[:4], rhythm=rhythm, model=first, follows={"officials": 1.0}),
            Cohort("theirs", people[4:], rhythm=rhythm, model=second, follows={"ours": 0.7}),
        ],
        [Cue(MINUTE, "council", Write("Parking becomes a bike lane."))],
        lasts=60 * MINUTE,
        seed=4,
    )
    return replace(scenario, **changes)


def fakes(*names):
    return {name: FakeModel(name=f"the {name} one") for name in names}


def answered(record):
    cohort_of = {row["id"]: row["cohort"] for row in record.read("personas").to_pylist()}
    calls = record.read("calls")
    pairs = zip(calls["who"].to_pylist(), calls["model"].to_pylist(), strict=True)
    return {(cohort_of[who], model) for who, model in pairs}


# -- one process --------------------------------------------------------------------------


def test_each_cohort_is_answered_by_its_model(tmp_path):
    record = run(town(), models=fakes("big", "small"), out=tmp_path)
    assert answered(record) == {("ours", "the big one"), ("theirs", "the small one")}
    assert record.manifest.model is None
    assert {name: facts.name for name, facts in record.manifest.models.items()} == {
        "big": "the big one",
        "small": "the small one",
    }
    assert [check for check in verify(record) if check.problems] == []


def test_who_names_none_is_answered_by_the_default(tmp_path):
    models = fakes("big")
    record = run(town(second=None), model=FakeModel(), models=models, out=tmp_path)
    assert answered(record) == {("ours", "the big one"), ("theirs", "fake")}
    assert (record.manifest.model.name, set(record.manifest.models)) == ("fake", {"big"})


def test_which_model_it_is_changes_no_prompt(tmp_path):
    one = run(town(None, None), model=FakeModel(), out=tmp_path)
    two = run(town(), models=fakes("big", "small"), out=tmp_path)
    assert (
        one.read("calls")
        .drop_columns(["model", "seconds"])
        .equals(two.read("calls").drop_columns(["model", "seconds"]))
    )
    assert one.read("events").equals(two.read("events"))


@pytest.mark.filterwarnings(
    "ignore:.*nobody in (big|small) follows anyone:simnet.errors.ScenarioWarning"
)
def test_equal_prompts_of_archetypes_are_asked_of_each_model(tmp_path):
    same = archetypes(1)
    cohorts = [
        Cohort(name, [Persona(id=f"{name}{n}") for n in range(3)], behaviour=same, model=name)
        for name in ("big", "small")
    ]
    models = fakes("big", "small")
    record = run(Scenario("alike", cohorts, lasts=HOUR), models=models, out=tmp_path)
    assert answered(record) == {("big", "the big one"), ("small", "the small one")}


def test_a_run_of_several_models_is_replayed_resumed_and_forked(tmp_path):
    class Dying(FakeModel):
        async def generate(self, prompts):
            if any(prompt.seed % 7 == 0 for prompt in prompts):
                raise RunError("the model is gone")
            async for finished in super().generate(prompts):
                yield finished

    whole = run(town(), models=fakes("big", "small"), out=tmp_path / "whole")
    assert replay(whole, ScenarioTimeline(town())).differences == ()
    dying = fakes("big") | {"small": Dying(name="the small one")}
    with pytest.raises(RunError, match="is gone"):
        run(town(), models=dying, out=tmp_path / "broken")
    (folder,) = (tmp_path / "broken").iterdir()
    broken = Run.open(folder)
    assert broken.manifest.state is State.FAILED
    with pytest.raises(UsageError, match="model object as 'big' in one process"):
        resume(broken, town(), models=fakes("small"))
    resumed = resume(broken, town(), models=fakes("big", "small"))
    assert resumed.read("events").equals(whole.read("events"))
    assert answered(resumed) == answered(whole)

    other = town(first=None)
    child = fork(whole, 30 * MINUTE, other, before=town(), model=FakeModel(), models=fakes("small"))
    calls = child.read("calls")
    after = {row["model"] for row in calls.to_pylist() if row["time"] >= 30 * MINUTE}
    assert after == {"fake", "the small one"}
    assert set(child.manifest.models) == {"small"}


def test_calls_are_asked_again_of_the_model_that_answered(tmp_path):
    record = run(town(), models=fakes("big", "small"), out=tmp_path)
    picked = pick(record, ScenarioTimeline(town()), 12)
    whose = {(one.who in {f"p{n}" for n in range(4)}, one.model) for one in picked}
    assert whose == {(True, "big"), (False, "small")}
    for name, model in fakes("big", "small").items():
        mine = [one for one in picked if one.model == name]
        again = asyncio.run(ask_again(model.generate, mine))
        assert (again.asked, again.same) == (len(mine), len(mine))


def test_an_estimate_knows_the_models(tmp_path):
    backends = {name: choose("fake", name) for name in ("big", "small")}
    models = ModelOptions(backend="fake", models=backends)
    found = estimate(from_python(town()), RunOptions(models=models), 0.5)
    assert found.cohorts["ours"].calls.expected > 0
    assert found.cohorts["theirs"].calls.expected > 0


# -- found before anything starts ---------------------------------------------------------


def test_a_cohort_that_names_a_model_the_run_does_not_have_is_told_what_there_is(tmp_path):
    with pytest.raises(UsageError, match=r"'ours' names the model 'big'.*small; add --also big="):
        run(town(), model=FakeModel(), models=fakes("small"), out=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("name", ["", "a b", "default", "a.b", "a=b", "-a"])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(UsageError, match="a model is called"):
        check_models(town(None, None), models_by_name(FakeModel(), {name: FakeModel()}))


def test_an_empty_name_in_a_cohort_is_refused():
    with pytest.raises(ScenarioError, match="model=''"):
        Cohort("people", sample(1), model="")


def test_objects_and_backends_do_not_mix():
    with pytest.raises(UsageError, match=r"runs in this process, as small would"):
        check_models(
            town(), models_by_name(choose("fake"), {**fakes("small"), "big": choose("fake")})
        )


@pytest.mark.parametrize("replicas", [0, -1])
def test_replicas_are_one_or_more(replicas):
    with pytest.raises(UsageError, match="give 1 or more"):
        FakeBackend(replicas=replicas)


def test_an_endpoint_has_no_replicas_here():
    with pytest.raises(UsageError, match="up to its endpoint"):
        OpenAIBackend(model="m", endpoint=Endpoint(base_url="http://h/v1"), replicas=2)


def test_an_adapter_is_looked_for_at_the_model_of_its_cohort():
    def vllm(**adapters):
        return VllmBackend(model="m", settings=EngineSettings(model="m", adapters=adapters))

    cohorts = [replace(one, adapter="grim") if one.model else one for one in town().cohorts]
    scenario = town(cohorts=cohorts)
    both = models_by_name(vllm(), {"big": vllm(grim="/a"), "small": vllm(grim="/b")})
    check_models(scenario, both)
    with pytest.raises(
        UsageError, match=r"'theirs' names the adapter 'grim'.*by the model 'small'"
    ):
        check_models(scenario, {**both, "small": vllm(other="/b")})


def test_only_models_that_somebody_asks_are_started(tmp_path):
    assert needed_models(town()) == ["big", "small"]
    assert needed_models(town("big", None)) == ["big", None]
    asleep = [replace(cohort, rhythm=Never()) for cohort in town().cohorts]
    assert needed_models(town(cohorts=asleep)) == [None]

    told = []

    class Telling:
        begun = progress = staticmethod(lambda _: None)
        phase = staticmethod(told.append)

    plan = RunPlan(town(None, None), FakeModel(), tmp_path, models=fakes("idle"))
    asyncio.run(launch(plan, Telling()))
    assert "nobody who thinks names the model idle, so it is not started" in told


# -- the command line ---------------------------------------------------------------------

STUDY = """
from simnet import Cohort, Scenario, sample

def duo(adapter: str = "") -> Scenario:
    ann, bo = sample(2)
    return Scenario("duo", [
        Cohort("plain", [ann]), Cohort("big", [bo], model="large", adapter=adapter or None)
    ], lasts=3600.0)
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in a folder with a scenario of two models."""
    (tmp_path / "duo.py").write_text(STUDY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path


@pytest.fixture
def simnet(here):
    """Run the command line in this process."""
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def planned(here, monkeypatch):
    """Catch what the command line would launch."""
    plans = []

    def keep_plan(plan, output):
        plans.append(plan)
        return 0

    monkeypatch.setattr(launching, "launch_and_exit_code", keep_plan)
    return plans


def test_also_and_replicas_reach_the_launch(simnet, planned):
    told = simnet("run", "duo.py", "--backend", "fake", "--also", "large=other", "--replicas", 3)
    assert told.exit_code == 0, told.output
    (plan,) = planned
    assert (plan.backend.model, plan.backend.replicas) == ("fake", 3)
    assert {name: (one.model, one.replicas) for name, one in plan.models.items()} == {
        "large": ("other", 3)
    }


@pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed")
def test_an_adapter_goes_to_the_model_whose_cohort_names_it(simnet, planned, here):
    for name in ("mine", "spare"):
        (here / name).mkdir()
        (here / name / "adapter_config.json").write_text('{"r": 4}')
    told = simnet(
        *("run", "duo.py", "--set", "adapter=mine", "--backend", "vllm", "--also", "large=other"),
        *("--adapter", f"mine={here}/mine", "--adapter", f"spare={here}/spare"),
    )
    assert told.exit_code == 0, told.output
    (plan,) = planned
    assert list(plan.models["large"].settings.adapters) == ["mine"]
    assert list(plan.backend.settings.adapters) == ["spare"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "cohort 'big' names the model 'large', which the run does not have"),
        (["--also", "large"], "--also large: give NAME=MODEL"),
        (["--also", "large="], "--also large=: give NAME=MODEL"),
        (["--also", "large=a", "--also", "large=b"], "there is another model 'large'"),
        (["--also", "large=a", "--also", "b d=b"], "a model is called 'b d'"),
        (["--also", "large=a", "--replicas", "0"], "greater than or equal to 1"),
    ],
)
def test_bad_options_are_told_before_anything_starts(simnet, planned, options, told):
    result = simnet("run", "duo.py", "--backend", "fake", *options)
    assert result.exit_code == 2
    assert told in result.output
    assert planned == []


def test_explain_takes_the_model_of_the_persona(simnet, planned):
    who = sample(2)[1].id
    missing = simnet("explain", "duo.py", "--who", who)
    assert missing.exit_code == 2
    assert "asks the model 'large'; add --also large=MODEL" in missing.output
    told = simnet("explain", "duo.py", "--who", who, "--backend", "fake", "--json")
    assert json.loads(told.stdout)["cohort"] == "big"


def test_validate_tells_the_models(simnet, planned):
    told = json.loads(simnet("validate", "duo.py", "--json").stdout)
    assert [cohort["model"] for cohort in told["cohorts"]] == [None, "large"]
    assert "default" in simnet("validate", "duo.py").stdout


def test_calls_are_sampled_again_from_the_command_line(simnet, here):
    loaded = load_scenario("duo.py", (), None)
    plan = RunPlan(
        loaded.scenario,
        FakeModel(name="small"),
        here / "runs",
        source=loaded.source,
        recipe=loaded.recipe,
        models={"large": FakeModel(name="large")},
    )
    asyncio.run(launch(plan))
    asked = ("verify", "latest", "--trust", "--resample", 6)
    told = json.loads(simnet(*asked, "--backend", "fake", "--json").stdout)
    assert told["resampled"]["asked"] == told["resampled"]["same"] == 6
    unknown = simnet(*asked)
    assert (unknown.exit_code, "ran with a model object" in unknown.output) == (2, True)


# -- statistics ---------------------------------------------------------------------------


class Measured(FakeModel):
    def statistics(self):
        return Statistics(in_flight=3, prompt_tokens=100, cached_tokens=len(self.name))


def test_the_record_and_the_displays_tell_what_each_model_does(tmp_path):
    models = {name: Measured(name=name) for name in ("big", "small")}
    plan = RunPlan(town(), models["big"], tmp_path, models=models)
    outcome = asyncio.run(launch(plan))
    metrics = Run.open(outcome.folder).read("metrics").to_pylist()
    last = {row["name"]: row["value"] for row in metrics}
    assert last["model.in_flight"] == 6
    assert last["model.big.in_flight"] == last["model.small.in_flight"] == 3
    assert last["model.prefix_cache_hit_rate"] == 0.04
    assert last["model.small.prefix_cache_hit_rate"] == 0.05
    console = Console(file=io.StringIO(), width=120)
    print_closing(outcome, console)
    progress = outcome.finish.progress
    console.print(panel(Pace(3600.0, Expected(9, at_least=False), 0).look(progress), 100))
    told = console.file.getvalue()
    assert told.count("small: small, 3 in flight, 0 waiting, 100 tokens in (5% cached)") == 2
    told = outcome_json(outcome)["engines"]
    assert [(one["engine"], one["prompt_tokens"]) for one in told] == [("big", 100), ("small", 100)]


def test_of_a_single_model_nothing_is_told_twice(tmp_path):
    outcome = asyncio.run(launch(RunPlan(town(None, None), Measured(), tmp_path)))
    assert outcome.finish.progress.engines == ()
    metrics = Run.open(outcome.folder).read("metrics")["name"].to_pylist()
    assert "model.in_flight" in metrics
    assert not [name for name in metrics if name.startswith("model.default")]


def test_what_several_engines_say_is_added_up():
    one = Statistics(1, 2, 100, 50, 10, kv_use=0.5, queued=(1, 2), generated=(3,))
    two = Statistics(3, 0, 300, 250, 20, kv_use=0.1, queued=(), generated=(1, 1))
    both = merged([one, two])
    assert (both.in_flight, both.waiting, both.prompt_tokens) == (4, 2, 400)
    assert both.hit_rate == 0.75
    assert both.kv_use == pytest.approx(0.3)
    assert (both.queued, both.generated) == ((1, 2), (4, 1))
    assert merged([one]) == one
