"""The fake model: a function of the prompt, within the pattern, fast."""

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulation import virtual_time

from simnet.errors import RunError, UserCodeError
from simnet.inference.fakes.fake import FakeModel, plausible
from simnet.inference.fakes.sample import Draws, sampler
from simnet.inference.model import Prompt

ACTIONS = (
    r"(reply [1-9]: [^\n\r]{1,200}|quote (12|7): ([^\n\r]{100})?[^\n\r]{1,100}|like [1-9]|pass)"
)
PATTERNS = [
    ACTIONS,
    r"[^\s][^\n\r]{0,199}",
    r"\d{2,4}-\w+\.[a-f]*",
    r"(?:yes|no)( because [^.]{5,40}\.)?",
    r"[^\n]{3}",
    r".{30,40}?",
    r"a|b||c",
    r"[\u4e00-\u9fff]{2}",
    r"^\[x\]\$\{1\}[^\W\d]$",
    r"\{\"verb\":\"(like|pass)\",\"post\":[1-9]\}",
    r"[^a]{15,20}",
    r"[A-Z]{12,20}",
    r"[^\n\r]{200}",
    r"\x41\u00e9\U0001f600",
]


async def _collect(model, prompts):
    return [part async for part in model.generate(prompts)]


@pytest.mark.parametrize("pattern", PATTERNS)
@given(seed=st.integers(0, 2**70))
def test_a_drawn_string_matches_its_pattern(pattern, seed):
    assert re.fullmatch(pattern, sampler(pattern)(Draws(seed)))


def test_all_alternatives_are_drawn_in_time():
    drawn = {sampler(ACTIONS)(Draws(seed)).split(" ")[0] for seed in range(200)}
    assert drawn == {"reply", "quote", "like", "pass"}


def test_the_reply_depends_on_the_prompt_alone():
    prompts = [Prompt(system="s", user=f"u{n}", pattern=ACTIONS, seed=n) for n in range(50)]
    first = [plausible(prompt) for prompt in prompts]
    assert first == [plausible(prompt) for prompt in prompts]
    assert len(set(first)) > 25
    assert plausible(Prompt(system="s", user="u", seed=1)) != plausible(
        Prompt(system="s", user="u", seed=2)
    )


def test_without_a_delay_everything_comes_in_one_list():
    prompts = [Prompt(system="s", user=str(n)) for n in range(5)]
    parts = asyncio.run(_collect(FakeModel(lambda prompt: prompt.user), prompts))
    assert [(at, done.text, done.finish) for at, done in parts[0]] == [
        (n, str(n), "stop") for n in range(5)
    ]
    assert len(parts) == 1


def test_with_delays_each_comes_when_it_is_due():
    prompts = [Prompt(system="s", user=str(n)) for n in range(4)]
    model = FakeModel(delay=lambda prompt: 0.2 - 0.05 * int(prompt.user))
    parts = virtual_time.run(_collect(model, prompts))
    assert [[at for at, _ in part] for part in parts] == [[3], [2], [1], [0]]


def test_no_prompts_give_no_completions():
    assert asyncio.run(_collect(FakeModel(delay=lambda _: 0.0), [])) == []


@pytest.mark.parametrize("pattern", ["(?=x)y", r"(a)\1", "(", "[z", "x{2,1}"])
def test_a_pattern_beyond_it_is_an_error_of_that_prompt_alone(pattern):
    prompts = [Prompt(system="s", user="u", pattern=p) for p in (pattern, "ok")]
    [[(_, bad), (_, good)]] = asyncio.run(_collect(FakeModel(), prompts))
    assert bad.finish == "error"
    assert bad.text
    assert not bad.usable
    assert (good.text, good.finish) == ("ok", "stop")


async def later(prompt):
    return "x"


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        (FakeModel(lambda _: None), "reply function <lambda> returned None; return a text"),
        (FakeModel(lambda _: b"x"), "reply function <lambda> returned b'x'; return a text"),
        (FakeModel(later), "reply function later is an `async def`; write `def NAME(prompt)`"),
        (FakeModel(delay=lambda _: "1"), "delay function <lambda> returned '1'; return a number"),
    ],
)
def test_a_function_that_returns_no_text_or_no_number_is_named(model, problem):
    with pytest.raises(UserCodeError, match=rf"{re.escape(problem)}.*test_fake\.py:\d+: "):
        asyncio.run(_collect(model, [Prompt(system="s", user="u")]))


def test_a_closed_model_refuses():
    async def use():
        model = FakeModel()
        await model.close()
        await model.close()
        await _collect(model, [Prompt(system="s", user="u")])

    with pytest.raises(RunError, match="closed"):
        asyncio.run(use())


@pytest.mark.parametrize(
    "pattern",
    [
        "(?=x)y",
        "(?!x)y",
        r"(a)\1",
        "(?i)a",
        "a^b",
        "a$b",
        r"a\bc",
        r"\Aab",
        "(?>a)b",
        "a++a",
        "a{1,3}+a",
        "a?+b",
    ],
)
def test_a_pattern_outside_of_the_grammar_is_refused_with_its_position(pattern):
    with pytest.raises(ValueError, match=r"cannot make replies that match .*, at position \d"):
        sampler(pattern)


def test_a_class_of_rare_characters_gives_some_of_them():
    drawn = {sampler("[äöü]")(Draws(seed)) for seed in range(50)}
    assert drawn == {"ä", "ö", "ü"}


def test_a_class_that_matches_nothing_is_refused():
    with pytest.raises(ValueError, match="matches nothing"):
        sampler(r"[^\s\S]")


def test_what_a_seed_draws_stays_the_same():
    """Recorded runs of the fake model depend on it."""
    assert sampler(r"\d{2,4}-\w+\.[a-f]*")(Draws(1)) == "563-58eQmK7N.be"
    assert sampler("(yes|no)(\n(yes|no)){0,2}")(Draws(2)) == "no\nno\nyes"
    assert sampler(ACTIONS)(Draws(2)) == "pass"
    assert (
        sampler(r"[^\s][^\n\r]{0,199}")(Draws(1))
        == "Dnever kind time music often around town early street nice think"
    )
