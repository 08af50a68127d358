"""Nothing starts that nobody needs: no engine for rules, no Ray for small runs without vLLM."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from simnet import (
    HOUR,
    MINUTE,
    Cohort,
    Cue,
    Never,
    Run,
    Scenario,
    Steps,
    Write,
    run,
    sample,
    silent,
)
from simnet.behaviours import Recall, asks_no_model, converse, lurk, tiered
from simnet.errors import RunError
from simnet.inference.backends.choice import choose
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.rules import chance, first_of, likes, reposts
from simnet.runs.models.model_selection import choose_models, choose_recorded_models
from simnet.runs.options.options import ModelOptions, RunOptions
from simnet.runs.plans.demand import NO_MODEL, asks_any_model, no_model, ray_wanted
from simnet.runs.plans.provenance import from_python
from simnet.runs.start import start_plan

REPOSTS, LIKES = reposts(chance(0.5)), likes(chance(0.5))


def crowd(behaviour, **fields):
    cohort = Cohort("crowd", sample(3), rhythm=Steps(20 * MINUTE), behaviour=behaviour, **fields)
    author = Cohort("authors", sample(1, seed=9), rhythm=Never())
    follows = replace(cohort, follows={"authors": 1.0})
    who = author.personas[0].id
    return Scenario("crowd", [author, follows], [Cue(1.0, who, Write("News."))], lasts=2 * HOUR)


@pytest.mark.parametrize(
    ("behaviour", "asks"),
    [
        (REPOSTS, False),
        (first_of(REPOSTS, LIKES), False),
        (first_of(REPOSTS, converse), True),
        (lurk(0.5, LIKES), False),
        (lurk(0.5), True),
        (tiered(LIKES, REPOSTS), False),
        (tiered(LIKES), True),
        (silent, False),
        (converse, True),
    ],
)
def test_what_is_made_of_rules_asks_no_model(behaviour, asks):
    assert asks_any_model(crowd(behaviour)) is asks


def test_sleepers_ask_nothing_and_reflection_asks():
    asleep = Scenario("s", [Cohort("c", sample(2), rhythm=Never())], lasts=HOUR)
    assert not asks_any_model(asleep)
    assert asks_any_model(crowd(LIKES, memory=Recall(reflect_every=3)))


@pytest.mark.parametrize("options", [{}, {"backend": "vllm"}, {"model": "some/model"}])
def test_a_scenario_of_rules_starts_neither_an_engine_nor_ray(options, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "simnet.runtime.ray.cluster", None)
    done = run(crowd(LIKES), out=tmp_path, **options)
    assert isinstance(done, Run)
    assert done.read("calls").num_rows == 0
    assert "like" in done.read("events")["verb"].to_pylist()
    assert done.manifest.model.name == NO_MODEL


def test_a_behaviour_that_asks_against_its_declaration_is_told():
    @asks_no_model
    async def sly(me, view, ask):
        return await ask.for_action()

    models = choose_models(crowd(sly), ModelOptions())
    assert models.default.model == NO_MODEL
    with pytest.raises(ValueError, match="asks_no_model"):
        models.default.reply(None)


def test_a_run_whose_behaviour_asks_against_its_declaration_fails(tmp_path):
    @asks_no_model
    async def sly(me, view, ask):
        return await ask.for_action()

    with pytest.raises(RunError, match="declared with `asks_no_model` asked a model"):
        run(crowd(sly), out=tmp_path)


def test_a_fork_of_a_run_of_rules_in_which_someone_asks_needs_a_model(tmp_path, monkeypatch):
    done = run(crowd(LIKES), out=tmp_path)
    monkeypatch.setattr("simnet.runs.models.model_selection.choose", lambda kind, *_, **__: kind)
    same = choose_recorded_models(done, crowd(REPOSTS), ModelOptions())
    assert same.default.model == NO_MODEL
    assert choose_recorded_models(done, crowd(converse), ModelOptions()).default is None


def wanted(scenario, model, **options):
    placed = options.pop("placed", False)
    return ray_wanted(scenario, {None: model}, ray=options.pop("ray", None), placed=placed)


@pytest.fixture
def no_ray(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(is_initialized=lambda: False))


@pytest.mark.usefixtures("no_ray")
def test_small_runs_with_light_models_stay_in_this_process_unless_ray_is_asked_for():
    small, fake = crowd(converse), choose("fake")
    assert wanted(small, fake) is False
    assert wanted(small, fake, ray=True) is True
    assert wanted(small, fake, placed=True) is None
    assert wanted(small, FakeBackend(replicas=2)) is None
    assert wanted(replace(small, lasts=100_000 * HOUR), fake) is None
    heavy = type("Heavy", (FakeBackend,), {"needs_process": True})(model="m")
    assert wanted(small, heavy) is None


@pytest.mark.usefixtures("no_ray")
def test_runs_by_rules_alone_stay_in_this_process_whatever_their_size_unless_ray_is_asked_for():
    large = replace(crowd(LIKES), lasts=100_000 * HOUR)
    assert wanted(large, no_model()) is False
    assert wanted(large, no_model(), ray=True) is True
    assert wanted(large, no_model(), placed=True) is None


@pytest.mark.usefixtures("no_ray")
def test_plans_say_where_a_run_takes_place():
    options = RunOptions(models=ModelOptions(backend="fake"))
    assert start_plan(from_python(crowd(converse)), options).ray is False
    many = replace(options, personas_per_actor=2)
    assert start_plan(from_python(crowd(converse)), many).ray is None


def test_a_process_that_is_connected_to_ray_uses_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(is_initialized=lambda: True))
    assert wanted(crowd(converse), choose("fake")) is None
