"""The example scenarios on the shared engine: small, so that they say that all works, not what."""

from pathlib import Path

import pytest

from simnet import Run
from simnet.runs.launching.launcher import RunPlan, launch
from simnet.scenario.files.loading import load_scenario

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.filterwarnings("ignore:Unclosed context:ResourceWarning"),
]

SCENARIOS = Path(__file__).parent.parent.parent / "scenarios"
LONGEST = 80
"""Characters of a reply of a follower."""


class StaysOpen:
    """The engine that the tests share; a run closes its model, but not this one."""

    def __init__(self, model):
        self.name = model.name
        self.generate = model.generate

    async def close(self):
        pass


def run(engine, name, tmp_path, *sets):
    loaded = load_scenario(str(SCENARIOS / name), sets, None)
    plan = RunPlan(loaded.scenario, StaysOpen(engine.model), tmp_path)
    outcome = engine.runner.run(launch(plan))
    ledger = outcome.finish.progress.ledger
    assert ledger.planned == ledger.done + ledger.refused.total() + ledger.failed.total()
    return Run.open(outcome.folder)


def test_every_follower_of_social_ai_replies_within_its_limit(engine, tmp_path):
    record = run(engine, "social_ai.py", tmp_path, f"longest={LONGEST}")
    events = record.read("events").to_pylist()
    replies = [event for event in events if event["verb"] == "reply"]
    assert len(replies) == 27
    assert {event["outcome"] for event in replies} == {"done"}
    assert all(0 < len(event["text"]) <= LONGEST for event in replies)
    at_limit = [event for event in replies if len(event["text"]) == LONGEST]
    assert all("at_limit" in event["marks"] for event in at_limit)
    calls = record.read("calls").to_pylist()
    assert len(calls) == 27
    assert all(call["prompt_tokens"] > 0 < call["output_tokens"] for call in calls)


def test_a_discussion_goes_round_with_its_moderator(engine, tmp_path):
    sets = ("moderator=true", "turns=3", "remembers=1")
    record = run(engine, "discussion.py", tmp_path, *sets)
    turns = record.read("events").to_pylist()
    names = ["Emma35", "Moderator", "Giannis", "Moderator"]
    assert [turn["who"] for turn in turns] == (names * 2)[:6]
    said = [turn for turn in turns if turn["outcome"] == "done"]
    assert said
    assert all(0 < len(turn["text"]) <= 500 for turn in said)
