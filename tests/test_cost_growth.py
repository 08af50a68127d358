"""Estimates of scenarios whose prompts grow: rehearsals, pools of replies, and when to say no."""

import numpy as np
import pytest

from simnet import (
    HOUR,
    MINUTE,
    Cohort,
    Exponential,
    FakeModel,
    Feed,
    Pass,
    Reply,
    Scenario,
    Write,
    sample,
)
from simnet import run as run_scenario
from simnet.agents import ask as ask_module
from simnet.agents.formats.lenient_reader import Reading
from simnet.feeds import everything
from simnet.inference.model import Completion, Prompt
from simnet.planning import cost_estimate
from simnet.planning.cost_estimate import estimate
from simnet.planning.rehearsal import FIGURES, rehearse
from simnet.planning.reply_pool import PoolModel, RecordedCall, ReplyPool, TokenRates, token_rates
from simnet.runs.options.options import ModelOptions, RunOptions
from simnet.runs.plans.provenance import from_python

pytestmark = pytest.mark.slow

FAKE = RunOptions(models=ModelOptions(backend="fake"))
SEEDS, SHARE = 10, 0.2
NOTHING = Reading([Pass()])
WRITE_OR_PASS = r"(write: [^\s][^\n\r]{0,9}|pass)"


def market(seed=0, **changes):
    """Prompts of a market grow: all that is said is read again, and memories fill."""
    people = Cohort(
        "people",
        sample(12),
        verbs=(Write, Reply, Pass),
        rhythm=Exponential(20 * MINUTE),
        feed=Feed(reads=everything, size=12, fresh=False),
        memory=8,
        **changes,
    )
    return Scenario("market", [people], lasts=8 * HOUR, seed=seed)


def truth(scenario):
    model = FakeModel()
    return rehearse(scenario, {cohort.name: model for cohort in scenario.cohorts}, 10**6)


def test_a_rehearsal_with_the_model_of_a_run_counts_what_the_run_costs(tmp_path):
    people = market().cohorts[0]
    others = Cohort("others", sample(4, prefix="o_"), follows={"people": 0.5}, acts=2)
    scenario = Scenario("market", [people, others], lasts=4 * HOUR, seed=3)
    calls = run_scenario(scenario, model=FakeModel(), out=tmp_path).read("calls").to_pylist()
    played = truth(scenario)
    for number, cohort in enumerate(scenario.cohorts):
        names = {one.id for one in cohort.personas}
        mine = [call for call in calls if call["who"] in names]
        expected = [len(mine), *(sum(call[name] for call in mine) for name in FIGURES[1:])]
        assert played.sums[number].tolist() == expected
    assert played.turns >= len(calls) > 50


def test_the_interval_holds_the_truth_in_9_of_10_seeds_although_prompts_grow():
    held, flat, grown = np.zeros(3, int), np.zeros(SEEDS), np.zeros(SEEDS)
    for seed in range(SEEDS):
        scenario = market(seed)
        found = estimate(from_python(scenario), FAKE, SHARE)
        assert found.doubt is None
        calls, tokens_in, _, tokens_out = truth(scenario).sums[0]
        ranges = (found.whole.calls, found.whole.tokens_in, found.whole.tokens_out)
        true = (calls, tokens_in, tokens_out)
        held += [one.low <= what <= one.high for one, what in zip(ranges, true, strict=True)]
        of_the_part = truth(cost_estimate.first_part(scenario, SHARE)).sums[0]
        flat[seed] = of_the_part[1] * calls / of_the_part[0]
        grown[seed] = tokens_in
    assert (held >= 0.9 * SEEDS).all(), held
    assert (grown > 1.1 * flat).all(), "prompts have to grow for this to be a test"


def test_the_interval_says_something():
    """An interval from nothing to everything would hold every truth."""
    found = estimate(from_python(market()), FAKE, 0.3).whole.tokens_in
    assert (found.high - found.low) < 0.5 * found.expected


@pytest.mark.parametrize(("share", "times"), [(0.01, 3), (SHARE, 8)])
def test_an_estimate_without_an_interval_takes_three_rehearsals(monkeypatch, share, times):
    rehearsals = []
    monkeypatch.setattr(
        cost_estimate, "rehearse", lambda *given: rehearsals.append(given) or rehearse(*given)
    )
    assert estimate(from_python(market()), FAKE, share).rough == (times == 3)
    assert len(rehearsals) == times


@pytest.mark.parametrize("constrained", [True, False])
def test_a_rehearsal_reads_replies_as_the_run_does(monkeypatch, constrained):
    """Strictly if a grammar held them, which is quicker too, and leniently otherwise."""
    read = []
    monkeypatch.setattr(ask_module, "read", lambda *given: read.append(given) or NOTHING)
    if constrained:
        estimate(from_python(market()), FAKE, SHARE)
        assert not read
    else:
        free = RunOptions(models=ModelOptions(model=FakeModel(lambda prompt: "- pass")))
        assert estimate(from_python(market()), free, SHARE).sampled < len(read)


def test_few_calls_get_no_interval():
    found = estimate(from_python(market()), FAKE, 0.01)
    assert found.sampled < 30
    assert found.rough
    assert f"{found.sampled} calls are too few" in found.doubt
    assert found.whole.tokens_in.low is found.whole.tokens_in.high is None
    assert found.whole.minutes.low is None
    assert found.whole.calls.expected > 200


def test_prompts_that_allow_what_none_did_before_get_no_interval():
    """As long as nobody writes, prompts show nothing, and how one replies to a post is unknown."""
    shy = RunOptions(models=ModelOptions(model=FakeModel(lambda prompt: "pass")))
    found = estimate(from_python(market()), shy, SHARE)
    assert found.sampled > 30
    assert "of the later prompts allow what hardly any did so far" in found.doubt


def test_a_scenario_of_too_many_turns_is_scaled_without_an_interval(monkeypatch):
    monkeypatch.setattr(cost_estimate, "MOST_TURNS", 100)
    found = estimate(from_python(market()), FAKE, SHARE)
    assert found.doubt == "there are more than 100 turns, too many to rehearse"
    assert found.whole.calls.low is None
    assert found.whole.calls.expected == pytest.approx(found.sampled / SHARE, rel=0.2)


# -- the pool -------------------------------------------------------------------------------


def call(text, pattern=WRITE_OR_PASS, characters=400, tokens=100):
    return RecordedCall(pattern, characters, Completion(text, "stop", tokens, 20, len(text)))


def ask(model, **fields):
    """Ask a model once for each seed of a prompt."""

    async def answers():
        prompts = [Prompt(system="", user="x" * 80, seed=seed, **fields) for seed in range(200)]
        return [done async for part in model.generate(prompts) for _, done in part]

    import asyncio

    return asyncio.run(answers())


def model_of(calls, seed=0, recorded=None):
    return PoolModel(ReplyPool(calls), TokenRates(5, 0.5, 0.25), recorded or {}, seed)


def test_replies_are_drawn_from_those_to_prompts_that_allow_the_same():
    calls = [call("pass")] * 300 + [call("reply 1: Hi", "(reply (1): [^\n]+)")] * 300
    texts = [done.text for done in ask(model_of(calls), pattern=WRITE_OR_PASS)]
    assert texts.count("pass") > 150
    assert not any(text.startswith("reply") for text in texts)
    options = "(reply (1|2|3): [^\n]+)"
    texts = [done.text for done in ask(model_of(calls), pattern=options)]
    assert texts.count("reply 1: Hi") > 150


def test_the_number_of_a_drawn_reply_is_one_that_the_prompt_offers():
    calls = [call("like 7", "(like (1|2|3|4|5|6|7|8))")] * 400
    texts = {done.text for done in ask(model_of(calls), pattern="(like (1|2|3))")}
    assert texts == {"like 1", "like 2", "like 3"}


def test_pools_of_several_seeds_differ_the_more_the_fewer_replies_there_are():
    def passes(count, seed):
        calls = [call("pass"), call("write: Oh!")] * count
        texts = [done.text for done in ask(model_of(calls, seed), pattern=WRITE_OR_PASS)]
        return texts.count("pass") / len(texts)

    few, many = ([passes(count, seed) for seed in range(30)] for count in (2, 200))
    assert np.std(few) > 2 * np.std(many)


def test_recorded_replies_are_repeated_and_the_tokens_of_others_are_fitted():
    prompt = Prompt(system="", user="x" * 80, seed=1, pattern=WRITE_OR_PASS)
    known = Completion("pass", "stop", 77, 7, 1)
    model = model_of([call("pass")] * 20, recorded={prompt.digest(): known})
    done = ask(model, pattern=WRITE_OR_PASS)
    assert done[1] == known
    assert {(one.prompt_tokens, one.cached_tokens) for one in done} == {(77, 7), (45, 11)}
    assert model.drawn == 199


def test_tokens_are_fitted_to_characters_or_taken_as_proportional():
    grown = [call("pass", characters=n, tokens=30 + n // 4) for n in range(400, 2000, 40)]
    rates = token_rates(grown)
    assert rates.rate == pytest.approx(0.25, rel=0.01)
    assert rates.base == pytest.approx(30, abs=1)
    assert token_rates(grown[:2]).base == 0
    assert token_rates([call("pass", characters=400, tokens=100)] * 50).rate == 0.25
