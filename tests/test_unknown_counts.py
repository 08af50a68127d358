"""What a model does not tell is recorded as unknown and shown as that, never as zero."""

import asyncio
import json

import pytest
from test_live import pace, progress
from typer.testing import CliRunner

from simnet import MINUTE, Cohort, FakeModel, Persona, Scenario, Steps, run
from simnet.agents.prefetch.early_calls import EarlyCalls, EarlyCost
from simnet.analysis.costs import costs
from simnet.cli.app import app
from simnet.cli.display.live import line
from simnet.foundation.text import CHARACTERS_PER_TOKEN
from simnet.inference.calls.statistics import Statistics, cached_share
from simnet.inference.model import Prompt
from simnet.planning.cost_estimate import _sample_of
from simnet.scheduler.budget import TOKENS_PER_CALL, Budget
from simnet.scheduler.progress.messages import Usage
from simnet.studies import cost as measure_of_cost

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*nobody in c follows anyone:simnet.errors.ScenarioWarning"
)


class Silent(FakeModel):
    """Does not tell how many tokens were cached."""

    async def generate(self, prompts):
        async for finished in super().generate(prompts):
            yield [(position, done._replace(cached_tokens=None)) for position, done in finished]


def test_unknown_cached_tokens_are_null_in_the_record_and_a_dash_on_the_screen(tmp_path, capsys):
    people = [Persona(id="ann", description="Bakes.")]
    scenario = Scenario("one", [Cohort("c", people, rhythm=Steps(MINUTE))], lasts=9 * MINUTE)
    done = run(scenario, model=Silent(), out=tmp_path, progress=True)
    assert set(done.read("calls")["cached_tokens"].to_pylist()) == {None}
    assert "(- cached" in capsys.readouterr().out
    assert {row.cached for row in costs(done)} == {None}
    shown = CliRunner().invoke(app, ["cost", done.id, "--runs", str(tmp_path)]).output
    assert "0%" not in shown


def test_a_share_is_that_of_the_calls_that_tell():
    usage = Usage(2, 300, 50, 10, uncounted_tokens=200)
    assert usage.cached == 0.5
    assert cached_share(0, 300, 300) is None
    assert cached_share(0, 0) == 0
    unknown = progress()._replace(usage=Usage(2, 300, 0, 10, uncounted_tokens=300))
    assert "(- cached)" in line(pace().look(unknown))


UNKNOWN = dict.fromkeys(("prompt_tokens", "cached_tokens", "output_tokens"))


class Mute(FakeModel):
    """Tells the tokens of the first `tells` prompts alone."""

    def __init__(self, tells):
        super().__init__()
        self._tells = tells

    async def generate(self, prompts):
        async for finished in super().generate(prompts):
            told = []
            for position, done in finished:
                self._tells -= 1
                told.append((position, done if self._tells >= 0 else done._replace(**UNKNOWN)))
            yield told


def lone(minutes=9):
    people = [Persona(id="ann", description="Bakes.")]
    return Scenario("one", [Cohort("c", people, rhythm=Steps(MINUTE))], lasts=minutes * MINUTE)


@pytest.mark.parametrize(("tells", "shown"), [(0, "unknown"), (3, "at least ")])
def test_unknown_tokens_are_null_in_the_record_and_told_wherever_they_are_summed(
    tmp_path, capsys, tells, shown
):
    done = run(lone(), model=Mute(tells), out=tmp_path, progress=True)
    rows = done.read("calls")
    for name in ("prompt_tokens", "cached_tokens", "output_tokens"):
        assert rows[name].null_count == rows.num_rows - tells
    sums = costs(done)
    assert sum(cost.unknown_in for cost in sums) == rows.num_rows - tells
    known = sum(filter(None, rows["prompt_tokens"].to_pylist()))
    assert sum(cost.tokens_in or 0 for cost in sums) == known
    closing = capsys.readouterr().out
    assert f"{shown}{f'{known:,} tokens' if tells else ' tokens'} in (" in closing
    table = CliRunner().invoke(app, ["cost", done.id, "--runs", str(tmp_path)]).output
    assert table.splitlines()[-1].count(shown) == 2
    listed = CliRunner().invoke(app, ["cost", done.id, "--runs", str(tmp_path), "--json"]).output
    told = [row["output_tokens"] for row in json.loads(listed)["costs"]]
    assert told == [cost.tokens_out for cost in sums]
    assert any(told) == (tells > 0)
    assert [one.group for one in measure_of_cost().of(done)] == ["calls"]
    metrics = {row["name"]: row["value"] for row in done.read("metrics").to_pylist()}
    assert ("prompt_tokens" in metrics) == (tells > 0)
    assert metrics["unknown_in"] == rows.num_rows - tells


def test_the_display_and_an_engine_say_that_tokens_are_unknown():
    usage = Usage(2, 0, 0, 0, unknown_in=2, unknown_out=2)
    shown = line(pace().look(progress()._replace(usage=usage)))
    assert "unknown tokens/s in (- cached), unknown tokens/s out" in shown
    assert usage.figures() | {"calls": 2} == {
        **dict.fromkeys(usage._fields, 0),
        "calls": 2,
        "prompt_tokens": None,
        "cached_tokens": None,
        "output_tokens": None,
        "unknown_in": 2,
        "unknown_out": 2,
    }
    mute = Statistics(replies=2, unknown_in=2, unknown_out=2)
    names = {name for name, _, _ in mute.figures()}
    assert not names & {"prompt_tokens", "generated_tokens", "cached_tokens"}
    assert "prompt_tokens" in {name for name, _, _ in Statistics().figures()}


def test_a_budget_of_tokens_holds_for_a_model_that_does_not_tell_them(tmp_path):
    budget = Budget(tokens=3 * TOKENS_PER_CALL)
    assert budget.spent(Usage(2, 0, 0, 0, unknown_in=2, unknown_out=2)) is None
    spent = budget.spent(Usage(3, 0, 0, 0, unknown_in=3, unknown_out=3))
    assert spent.endswith("calls of unknown length taken as 500: 3)")
    done = run(lone(), model=Mute(0), out=tmp_path, max_tokens=3 * TOKENS_PER_CALL)
    assert done.read("calls").num_rows == 3


def test_an_early_call_that_serves_a_turn_is_charged_once_where_tokens_are_unknown():
    async def asked_early():
        model, prompt = EarlyCalls(Mute(0)), Prompt(system="Be Ann.", user="What now?")
        model.begin(prompt)
        await asyncio.sleep(0.01)
        costs = [model.take_cost()]
        costs += [model.take_cost() async for _ in model.generate([prompt])]
        return [sum(counts) for counts in zip(*costs, strict=True)]

    cost = EarlyCost(*asyncio.run(asked_early()))
    assert cost == EarlyCost(calls=1, hits=1)


def test_an_estimate_goes_by_characters_where_tokens_are_unknown(tmp_path):
    done = run(lone(), model=Mute(0), out=tmp_path)
    sample = _sample_of(done, lone())
    assert sample.calls["c"]
    for call, row in zip(sample.calls["c"], done.read("calls").to_pylist(), strict=True):
        assert call.completion.prompt_tokens == -(-call.characters // CHARACTERS_PER_TOKEN)
        assert call.completion.output_tokens == -(-len(row["completion"]) // CHARACTERS_PER_TOKEN)
