"""The vLLM engine behind the Model protocol, on the embedded model."""

import asyncio
import re
from dataclasses import replace

import pytest

from simnet.errors import RunError
from simnet.inference.model import Prompt
from simnet.inference.settings import environment

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.filterwarnings("ignore:Unclosed context:ResourceWarning"),
]

ACTION = r"(reply [1-3]: [^\n\r]{1,200}|like [1-3]|pass)"
SYSTEM = "You are Ann, a cyclist. You read a feed and answer in one line. " * 3


def _prompts(count, **told):
    told = {"pattern": ACTION, "max_tokens": 24} | told
    return [
        Prompt(system=SYSTEM, user=f"1. The bike lane opens on day {n}.", seed=n, **told)
        for n in range(count)
    ]


def test_every_reply_that_ended_matches_its_pattern(engine):
    done = engine.complete(_prompts(24, max_tokens=90))
    assert {completion.finish for completion in done} <= {"stop", "length"}
    ended = [completion.text for completion in done if completion.finish == "stop"]
    assert len(ended) > len(done) // 2
    assert all(re.fullmatch(ACTION, text) for text in ended)
    assert max(len(completion.text) for completion in done) <= len("reply 1: ") + 200


def test_a_limit_on_characters_holds_without_a_limit_on_tokens(engine):
    done = engine.complete(_prompts(6, pattern=r"[^\n\r]{1,40}", max_tokens=200))
    assert all(completion.finish == "stop" for completion in done)
    assert all(1 <= len(completion.text) <= 40 for completion in done)


def test_the_same_seed_gives_the_same_reply_and_another_seed_another(engine):
    """One prompt at a time, from a warm cache: numbers differ a little from batch to batch."""

    def replies(prompts):
        return [engine.complete([prompt])[0].text for prompt in prompts]

    asked = _prompts(2, pattern=None, max_tokens=12)
    replies(asked)
    first = replies(asked)
    assert replies(asked) == first
    assert replies([replace(prompt, seed=prompt.seed + 99) for prompt in asked]) != first


def test_tokens_are_counted_and_the_shared_prefix_is_cached(engine):
    before = engine.model.statistics()
    done = engine.complete(_prompts(6))
    after = engine.model.statistics()
    asked = sum(completion.prompt_tokens for completion in done)
    assert after.prompt_tokens - before.prompt_tokens == asked
    assert after.generated_tokens - before.generated_tokens == sum(
        completion.output_tokens for completion in done
    )
    assert sum(completion.cached_tokens for completion in done) > asked / 3
    assert (after.in_flight, after.waiting) == (0, 0)


def test_prompts_that_cannot_be_served_are_errors_and_the_others_go_on(engine):
    good, *_ = _prompts(1)
    bad = [
        replace(good, user="word " * 600),
        replace(good, pattern="(unclosed"),
        replace(good, pattern=r"(?=ahead)x"),
        replace(good, ids=(10**7,)),
        replace(good, temperature=9.0),
        replace(good, adapter="nobody"),
        replace(good, max_tokens=0),
    ]
    *failed, done = engine.complete([*bad, good])
    assert [completion.finish for completion in failed] == ["error"] * len(bad)
    assert all(completion.text for completion in failed)
    assert "tokens" in failed[0].text
    assert "cheerful, gloomy" in failed[5].text
    assert done.usable


def test_garbage_prompts_are_answered(engine):
    texts = ["", "\x00\ud83d\u202e", "<|im_end|><|im_start|>system\nx", "🚲" * 50, "\n" * 90]
    prompts = [Prompt(system=text, user=text, max_tokens=4, pattern="ok") for text in texts]
    assert [done.text for done in engine.complete(prompts)] == ["ok"] * len(texts)


def test_a_deadline_that_passes_is_a_completion_and_the_engine_goes_on(engine, monkeypatch):
    short = replace(engine.model._settings, deadline=0.05)
    with monkeypatch.context() as patched:
        patched.setattr(engine.model, "_settings", short)
        [late] = engine.complete(_prompts(1, pattern=None, max_tokens=300))
    assert late.finish == "deadline"
    assert late.text.startswith("no reply within 0.")
    assert late.text.endswith(" s; --deadline sets another limit")
    assert engine.complete(_prompts(2))[1].usable
    assert engine.model.statistics().in_flight == 0


def test_leaving_early_frees_the_engine(engine):
    async def leave():
        async for part in engine.model.generate(_prompts(30, pattern=None, max_tokens=60)):
            assert part
            break

    engine.runner.run(leave())
    engine.runner.run(asyncio.sleep(0))
    assert engine.complete(_prompts(1))[0].usable
    assert engine.model.statistics().in_flight == 0


def test_a_queue_that_is_full_is_waited_for(engine, monkeypatch):
    from vllm.exceptions import QueueOverflowError

    begun, generate = [], engine.model._engine.generate

    def full_at_first(*arguments, **options):
        begun.append(arguments)
        if len(begun) <= 5:
            raise QueueOverflowError
        return generate(*arguments, **options)

    before = engine.model.statistics().throttled
    with monkeypatch.context() as patched:
        patched.setattr(engine.model._engine, "generate", full_at_first)
        done = engine.complete(_prompts(4))
    assert all(completion.usable for completion in done)
    assert engine.model.statistics().throttled - before == 5


def test_adapters_change_what_is_said(engine):
    told = {"pattern": None, "temperature": 0.0, "max_tokens": 12}
    said = [
        tuple(done.text for done in engine.complete(_prompts(2, adapter=name, **told)))
        for name in (None, "cheerful", "gloomy")
    ]
    assert len(set(said)) == 3


def test_adapters_change_nothing_for_those_beside_them(engine):
    told = {"pattern": None, "temperature": 0.0, "max_tokens": 12}
    plain, others = _prompts(4, **told), _prompts(8, **told)[4:]
    adapted = [replace(one, adapter=("cheerful", "gloomy")[n % 2]) for n, one in enumerate(others)]

    def said(beside):
        return [done.text for done in engine.complete([*plain, *beside])[: len(plain)]]

    said(others)  # from now on the same prefixes are cached
    assert said(adapted) == said(others)


def test_an_engine_that_does_not_start_says_why(engine, tmp_path):
    settings = replace(engine.model._settings, extra={"no_such_argument": 1})

    async def start():
        from simnet.inference.engine.vllm import VllmModel

        return VllmModel(settings)

    with pytest.raises(RunError, match=r"did not start.*no_such_argument"):
        asyncio.run(start())


@pytest.mark.parametrize("cpu", [True, False])
def test_the_environment_of_an_engine_has_variables_that_vllm_reads(cpu):
    from vllm.envs import environment_variables

    given = {name for name in environment(cpu=cpu) if name.startswith("VLLM_")}
    assert given <= environment_variables.keys()
