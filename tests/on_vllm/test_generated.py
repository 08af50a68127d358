"""Personas and texts made by the embedded model in a real engine."""

import asyncio
import json

import pytest

from simnet.personas.persona import Persona
from simnet.synthesis.asking.job import JobOptions
from simnet.synthesis.composing.composition import Composition
from simnet.synthesis.composing.tasks import TASKS
from simnet.synthesis.composing.text_job import TextJob, synthesize
from simnet.synthesis.composing.tool_definitions import tool
from simnet.synthesis.people.attribute_completion import read_wanted
from simnet.synthesis.people.expansion import Expansion
from simnet.synthesis.people.persona_job import PersonaJob, expand

pytestmark = pytest.mark.vllm

PEOPLE = [
    Persona(id="ann", description="Ann keeps bees."),
    Persona(id="bob", description="Bob mends clocks in Lyon."),
]


def run(engine, job, start, folder):
    """Run a job on the engine's own event loop."""
    found = []
    options = JobOptions(work=folder, tries=2, stop_on_failures=False)

    async def whole():
        return await asyncio.wait_for(
            start(job, engine.model, options, lambda made, _: found.append(made)), 240
        )

    counts = engine.runner.run(whole())
    return found[0], counts


def test_personas_with_attributes_that_match_what_was_declared(engine, tmp_path):
    wanted = read_wanted(["age=18..90", "country=France|Germany", "occupation"])
    job = PersonaJob(given=PEOPLE, plan=Expansion(relations=("rival",)), wanted=wanted, check=True)
    made, counts = run(engine, job, expand, tmp_path)
    assert counts.failed == 0
    for persona in made.personas():
        assert 18 <= persona.attributes["age"] <= 90
        assert persona.attributes["country"] in {"France", "Germany"}
        assert persona.attributes["consistency"] in {"consistent", "contradictory"}
        assert "/" not in persona.attributes["model"]


def test_tools_are_valid_json(engine, tmp_path):
    task = TASKS["tool"]._replace(max_tokens=200)  # so that the prompt fits into this engine
    job = TextJob(personas=PEOPLE, plan=Composition(task=task))
    made, counts = run(engine, job, synthesize, tmp_path)
    assert counts.failed == 0
    assert made.count + counts.given_up + sum(counts.repeats.values()) == 2
    for row in made.rows():
        assert tool(row["synthesized text"]) == json.loads(row["synthesized text"])
