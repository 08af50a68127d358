"""The shipped personas, populations, and personas made by a model."""

import asyncio
import pickle
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

import simnet.personas as public
from simnet.errors import ModelError, PersonaError
from simnet.inference.model import Completion, Prompt
from simnet.personas import Persona, Population, sample
from simnet.personas.generate import (
    parse,
    persona_to_persona,
    relation_prompt,
    text_prompt,
    text_to_persona,
)
from simnet.personas.population import villagers


class Scripted:
    """A model whose reply is a function of the prompt."""

    name = "scripted"

    def __init__(self, reply):
        self.reply = reply

    async def generate(
        self, prompts: Sequence[Prompt]
    ) -> AsyncIterator[list[tuple[int, Completion]]]:
        yield [(place, Completion(self.reply(prompt))) for place, prompt in enumerate(prompts)]

    async def close(self):
        pass


def test_a_hundred_different_people_ship_with_simnet():
    people = villagers()
    assert len(people) == len({one.id for one in people}) == 100
    for name in ("occupation", "temperament"):
        assert len({one.attributes[name] for one in people}) == 100
    assert len({one.attributes["country"] for one in people}) > 50
    ages = [one.attributes["age"] for one in people]
    assert min(ages) < 20
    assert max(ages) > 75
    genders = [one.attributes["gender"] for one in people]
    assert 40 <= genders.count("female") <= 60
    assert all(len(one.attributes["interests"]) == 3 for one in people)


def test_a_seed_gives_the_same_people_in_its_own_order():
    assert list(sample(12, seed=7)) == list(sample(12, seed=7))
    assert [one.description for one in sample(12, seed=7)] != [
        one.description for one in sample(12, seed=8)
    ]


def test_a_larger_sample_begins_with_the_smaller_one():
    assert list(sample(250, seed=3))[:40] == list(sample(40, seed=3))


def test_samples_with_different_seeds_share_no_handle():
    taken = [
        one.handle(row)
        for seed in range(20)
        for one in [sample(150, seed)]
        for row in range(len(one))
    ]
    assert len(set(taken)) == len(taken) == 3_000


def test_a_prefix_tells_two_samples_of_one_seed_apart():
    left, right = sample(10, seed=1, prefix="l_"), sample(10, seed=1, prefix="r_")
    assert not {one.id for one in left} & {one.id for one in right}


def test_beyond_a_hundred_nobody_is_anybody_else():
    people = list(sample(5_000))
    assert len({one.id for one in people}) == 5_000
    assert len({(one.description, one.portrait()) for one in people}) == 5_000


def test_combinations_keep_a_life_together():
    lives = {one.description: one.attributes for one in villagers()}
    for one in sample(700, seed=2):
        for name in ("age", "gender", "occupation", "country"):
            assert one.attributes[name] == lives[one.description][name]


def test_a_million_cost_nothing_until_they_are_looked_at():
    people = sample(1_000_000, seed=7, stance="unsure")
    assert len(pickle.dumps(people)) < 300
    assert people.handle(999_999) == people[-1].id
    assert people[999_999].attributes["stance"] == "unsure"
    assert len({people.handle(row) for row in range(0, 1_000_000, 13)}) == len(
        range(0, 1_000_000, 13)
    )


def test_a_population_survives_pickling_and_slicing():
    people = sample(300, seed=-5, prefix="x.")
    again = pickle.loads(pickle.dumps(people))
    assert again == people
    assert hash(again) == hash(people)
    assert again[250] == people[250]
    part = people[10:300:7]
    assert isinstance(part, Population)
    assert list(part) == list(people)[10:300:7]
    with pytest.raises(IndexError):
        people[300]


@given(st.integers(), st.integers(0, 10**12))
def test_any_seed_and_row_gives_a_valid_persona(seed, row):
    one = sample(10**12 + 1, seed=seed)[row]
    assert Persona.model_validate(one.model_dump()) == one


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"n": -1}, "n=-1"),
        ({"n": 1.5}, "n=1.5"),
        ({"n": 3, "seed": "x"}, "seed='x'"),
        ({"n": 3, "prefix": "no spaces"}, "prefix='no spaces'"),
        ({"n": 3, "prefix": ".dot"}, "prefix='.dot'"),
        ({"n": 3, "stance": object()}, "stance"),
    ],
)
def test_arguments_that_cannot_be_used_are_named(arguments, named):
    with pytest.raises(PersonaError, match=named.replace("(", r"\(")):
        sample(**arguments)


def test_an_untold_attribute_stays_out_of_the_portrait():
    one = Persona(id="a", description="A baker.", attributes={"age": 3, "n": "x"}, untold=("n",))
    assert one.portrait() == "A baker. age: 3."


def test_whole_numbers_of_a_column_with_gaps_are_told_without_decimals():
    values = {"age": 41.0, "rate": 1.5, "debt": -3.0, "gap": float("nan"), "stars": 1e30}
    told = Persona(id="a", description="A baker.", attributes=values).portrait()
    assert told == "A baker. age: 41. rate: 1.5. debt: -3. stars: 1e+30."


def test_what_the_package_promises_is_there():
    assert public.__all__ == sorted(public.__all__)
    assert all(getattr(public, name) for name in public.__all__)
    with pytest.raises(AttributeError, match="nobody"):
        public.nobody  # noqa: B018


def test_importing_the_package_loads_no_heavy_library():
    code = (
        "import sys, simnet.personas; simnet.personas.sample(3);"
        "print([m for m in ('pyarrow', 'rich', 'typer', 'ray') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_text_becomes_a_persona_that_says_how_it_was_made():
    model = Scripted(lambda prompt: '**Persona:** "A beekeeper who charts every swarm."\n\nNote.')
    one = asyncio.run(text_to_persona("Swarming season has begun.", model))
    assert one.description == "A beekeeper who charts every swarm."
    assert one.attributes["method"] == "text-to-persona"
    assert one.attributes["made_from"].startswith("text ")
    assert one.portrait() == one.description
    assert one.id.startswith("beekeeper_charts_every_")


def test_a_persona_becomes_another_in_the_relation_asked_for():
    seen = []
    model = Scripted(lambda prompt: seen.append(prompt) or "A patient who fears needles.")
    nurse = Persona(id="nurse", description="A nurse on nights.")
    one = asyncio.run(persona_to_persona(nurse, model, "their patient", seed=4))
    assert one.attributes["made_from"] == "nurse"
    assert one.attributes["relation"] == "their patient"
    assert "A nurse on nights." in seen[0].user
    assert "their patient" in seen[0].user
    assert "A nurse on nights." not in seen[0].system
    assert seen[0].seed == 4


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "   \n\n ",
        "***",
        "I'm sorry, but I can't help.",
        "I cannot help with that.",
        "I can't help with that.",
        "As an AI, I have no views.",
        "\u200b\x00",
    ],
)
def test_a_refusal_or_an_empty_reply_is_a_model_error(reply):
    with pytest.raises(ModelError, match="scripted"):
        asyncio.run(text_to_persona("A text.", Scripted(lambda prompt: reply)))


def test_a_failed_completion_is_a_model_error_that_says_why():
    with pytest.raises(ModelError, match=r"deadline.*too slow"):
        parse(Completion("too slow", finish="deadline"), {}, "m")


def test_a_reply_cut_off_ends_at_its_last_whole_sentence():
    one = parse(Completion("A cook. Makes soup. And then she", finish="length"), {}, "m")
    assert one.description == "A cook. Makes soup."


@given(st.text(max_size=200), st.sampled_from(["stop", "length", "abort"]))
def test_any_reply_is_a_persona_or_a_model_error(text, finish):
    try:
        one = parse(Completion(text, finish=finish), {"made_from": "x"}, "m")
    except ModelError:
        return
    assert one.description


def test_nothing_makes_no_persona():
    with pytest.raises(PersonaError, match="empty"):
        text_prompt(" \n")
    with pytest.raises(PersonaError, match="'blank' says nothing"):
        relation_prompt(Persona(id="blank"))
