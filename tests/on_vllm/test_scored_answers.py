"""How probable the embedded model finds the answers to a question, and annotations with it."""

import asyncio
import json

import pytest

from simnet.annotation import Annotation, Item, aannotate
from simnet.annotation.items import Said
from simnet.inference.model import Prompt
from simnet.questions import Choice, Likert, Number, YesNo

pytestmark = pytest.mark.vllm


def test_every_label_has_a_probability_and_the_reply_at_temperature_zero_the_greatest(engine):
    tones = ("friendly", "neutral", "hostile")
    asked = {
        ("yes", "no"): "(yes|no)",
        tones: "(friendly|neutral|hostile)",
        tuple("12345"): "(5|4|3|2|1)",
    }
    prompts = [
        Prompt(system="You judge texts.", user=f"Text: I like it. {labels}?", pattern=pattern,
               temperature=0.0, max_tokens=8, labels=labels)
        for labels, pattern in asked.items()
    ]  # fmt: skip
    for labels, done in zip(asked, engine.complete(prompts), strict=True):
        assert sum(done.probabilities) == pytest.approx(1.0)
        assert all(0.0 < one < 1.0 for one in done.probabilities)
        assert labels[done.probabilities.index(max(done.probabilities))] == done.text
    (untold,) = engine.complete([Prompt(system="", user="Hello.", max_tokens=2)])
    assert untold.probabilities is None


def test_annotations_have_the_probabilities_of_their_answers(engine, tmp_path):
    questions = [
        YesNo("kind", "Is it kind?"),
        Choice("tone", "What is its tone?", ["friendly", "hostile"]),
        Likert("civil", "It is civil."),
        Number("words", "How many words has it?", 0, 9),
    ]
    items = [Item("0", (Said("ann", "What a lovely day!"),))]
    task = Annotation("tone", questions)

    async def judged():
        whole = aannotate(items, task, model=engine.model, out=tmp_path, accept_failures=True)
        return await asyncio.wait_for(whole, 120)

    rows = {row.question: row for row in engine.runner.run(judged()).rows}
    assert set(json.loads(rows["kind"].probabilities)) == {"yes", "no"}
    assert set(json.loads(rows["tone"].probabilities)) == {"friendly", "hostile"}
    assert set(json.loads(rows["civil"].probabilities)) == set("12345")
    assert rows["words"].probabilities is None
