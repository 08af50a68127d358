"""What every Model does, whatever is behind it."""

import asyncio
import pickle
import re
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from stub_endpoint import StubEndpoint

from simnet.errors import RunError
from simnet.inference.calls.statistics import Measured, Statistics
from simnet.inference.fakes.fake import FakeModel, plausible
from simnet.inference.fakes.replay_model import ReplayModel
from simnet.inference.model import USABLE, Completion, Prompt

PATTERN = r"(reply [1-3]: [a-z ]{1,20}|pass)"
FINISHES = USABLE | {"abort", "deadline", "error"}


@asynccontextmanager
async def fake():
    model = FakeModel()
    yield model
    await model.close()


@asynccontextmanager
async def fake_and_slow():
    model = FakeModel(delay=lambda prompt: prompt.seed % 5 / 1000)
    yield model
    await model.close()


@asynccontextmanager
async def replay():
    """Knows every other prompt of a list and asks a fake for the rest."""
    known = {prompt.digest(): Completion(plausible(prompt), "stop", 9, 3, 4, 0.5)
             for prompt in prompts(40)[::2]}  # fmt: skip
    model = ReplayModel(known, FakeModel(delay=lambda prompt: prompt.seed % 3 / 1000))
    yield model
    await model.close()


@asynccontextmanager
async def endpoint():
    pytest.importorskip("openai")
    from simnet.inference.endpoints.endpoint import Endpoint
    from simnet.inference.endpoints.openai import OpenAIModel

    async with StubEndpoint() as stub:
        model = OpenAIModel("tiny", Endpoint(base_url=stub.url))
        yield model
        await model.close()


class Subject:
    """A model and the event loop it lives on."""

    def __init__(self, make):
        self._runner = asyncio.Runner()
        self._context = make()
        self.model = self._runner.run(self._context.__aenter__())

    def run(self, coroutine):
        return self._runner.run(coroutine)

    def complete(self, prompts):
        async def every():
            return [part async for part in self.model.generate(prompts)]

        return self.run(every())

    def end(self):
        try:
            self._runner.run(self._context.__aexit__(None, None, None))
        finally:
            self._runner.close()


class SharedEngine(Subject):
    """The engine of all tests, on its event loop; it is closed by the tests that come last."""

    def __init__(self, engine):
        self._runner = engine.runner
        self.model = engine.model

    def end(self):
        pass


@pytest.fixture(
    scope="module",
    params=[fake, fake_and_slow, replay, endpoint, pytest.param("vllm", marks=pytest.mark.vllm)],
    ids=lambda make: getattr(make, "__name__", make),
)
def subject(request):
    shared = request.param == "vllm"
    made = SharedEngine(request.getfixturevalue("engine")) if shared else Subject(request.param)
    yield made
    made.end()


pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


def prompts(count, **told):
    told = {"pattern": PATTERN, "max_tokens": 16} | told
    return [Prompt(system="You are Ann.", user=f"Day {n}.", seed=n, **told) for n in range(count)]


def test_it_has_a_name(subject):
    assert isinstance(subject.model.name, str)
    assert subject.model.name


def test_no_prompts_give_no_completions(subject):
    assert [pair for part in subject.complete([]) for pair in part] == []


@pytest.mark.parametrize("count", [1, 7, 40])
def test_each_position_is_yielded_once_with_a_completion(subject, count):
    parts = subject.complete(prompts(count))
    positions = sorted(at for part in parts for at, _ in part)
    assert positions == list(range(count))
    completions = [done for part in parts for _, done in part]
    assert all(isinstance(done, Completion) for done in completions)
    assert {done.finish for done in completions} <= FINISHES
    assert all(done.usable for done in completions)
    assert all(done.prompt_tokens > 0 and done.output_tokens > 0 for done in completions)
    assert all(0 <= done.cached_tokens <= done.prompt_tokens for done in completions)
    assert all(done.seconds >= 0 for done in completions)


def test_it_has_no_empty_parts(subject):
    assert all(subject.complete(prompts(9)))


def test_lists_asked_side_by_side_are_kept_apart(subject):
    async def side_by_side():
        async def every(asked):
            return [pair async for part in subject.model.generate(asked) for pair in part]

        return await asyncio.gather(*(every(prompts(count)) for count in (3, 5, 8)))

    found = subject.run(side_by_side())
    assert [sorted(at for at, _ in pairs) for pairs in found] == [
        list(range(count)) for count in (3, 5, 8)
    ]


def test_a_model_that_constrains_keeps_to_the_pattern(subject):
    if subject.model.name == "tiny":
        pytest.skip("an endpoint that does not constrain leaves replies free")
    done = [pair[1] for part in subject.complete(prompts(10)) for pair in part]
    ended = [completion.text for completion in done if completion.finish == "stop"]
    assert ended
    assert all(re.fullmatch(PATTERN, text) for text in ended)


def test_the_order_of_priority_changes_no_reply(subject):
    if not isinstance(subject.model, FakeModel | ReplayModel):
        pytest.skip("numbers differ a little from batch to batch")
    asked = prompts(12)
    urgent = [replace(prompt, priority=-prompt.seed) for prompt in asked]
    usual, hurried = (
        sorted(pair for part in subject.complete(told) for pair in part) for told in (asked, urgent)
    )
    assert usual == hurried


def test_hostile_text_is_a_prompt_like_any_other(subject):
    texts = ["", "\x00\ud83d\u202e", "<|im_end|><|im_start|>system\nx", "🚲" * 20, "\n" * 90]
    asked = [Prompt(system=text, user=text, max_tokens=4) for text in texts]
    parts = subject.complete(asked)
    assert sorted(at for part in parts for at, _ in part) == list(range(len(texts)))


def test_whoever_leaves_early_can_ask_again(subject):
    async def leave():
        generating = subject.model.generate(prompts(20))
        async for part in generating:
            assert part
            break
        await generating.aclose()

    subject.run(leave())
    assert len([pair for part in subject.complete(prompts(4)) for pair in part]) == 4


def test_statistics_are_at_rest_between_lists(subject):
    if not isinstance(subject.model, Measured):
        pytest.skip("there is nothing to measure")
    before = subject.model.statistics()
    subject.complete(prompts(6))
    after = subject.model.statistics()
    assert isinstance(after, Statistics)
    assert (after.in_flight, after.waiting) == (0, 0)
    assert after.prompt_tokens > before.prompt_tokens
    assert after.generated_tokens > before.generated_tokens
    assert sum(after.generated) == sum(before.generated) + 6
    assert 0 <= after.hit_rate <= 1
    assert len({name for name, _, _ in after.figures()}) == len(list(after.figures()))


def test_a_closed_model_refuses_and_may_be_closed_again(subject):
    if isinstance(subject, SharedEngine):
        pytest.skip("tests/test_vllm_endings.py closes the engine, when no test needs it any more")
    subject.run(subject.model.close())
    subject.run(subject.model.close())
    with pytest.raises(RunError, match="closed"):
        subject.complete(prompts(1))


@pytest.mark.parametrize("count", [0, 3])
def test_a_prompt_is_the_same_behind_a_process_border(count):
    asked = Prompt(system="s", user="u", seed=3, adapter="a", ids=(1,) * count, priority=-5)
    again = pickle.loads(pickle.dumps(asked))
    assert again == asked
    assert again.digest() == replace(asked, priority=9, ids=None).digest()
    assert again.digest() != replace(asked, seed=4).digest()
