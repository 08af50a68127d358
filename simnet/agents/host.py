"""A host drives the agents of one process: views in, decisions out, prompts to a model.

It is a plain class; on a cluster it becomes a Ray actor as it stands. With one persona it is
that persona's actor; with thousands it drives them all, and their prompts leave in lists.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol, TypeAlias

from simnet.agents.agent import Agent, Decision
from simnet.errors import RunError
from simnet.inference.model import Call, Completion, Model, Prompt
from simnet.world.posts import View

Deciding: TypeAlias = Generator[Prompt, Completion, Decision]


class Encoder(Protocol):
    """Turn a chat into token ids."""

    def encode(self, system: str, user: str) -> tuple[int, ...]:
        """Encode what a model is to see."""
        ...


class Thoughts(NamedTuple):
    """What came out of some turns: decisions, and the model calls they took."""

    decisions: list[Decision]
    calls: list[Call]


class _Turn:
    """One turn under way."""

    __slots__ = ("calls", "deciding", "prompt", "view")

    def __init__(self, view: View, deciding: Deciding) -> None:
        self.view = view
        self.deciding = deciding
        self.calls = 0
        self.prompt: Prompt | None = None


class Host:
    """The agents of one process."""

    def __init__(
        self, agents: Callable[[str], Agent], model: Model, encoder: Encoder | None = None
    ) -> None:
        """Take a function that makes the agent of a handle; it is called once for each."""
        self._make = agents
        self._agents: dict[str, Agent] = {}
        self._model = model
        self._encoder = encoder

    async def think(self, views: Sequence[View]) -> AsyncIterator[Thoughts]:
        """Let agents decide about their views; yield decisions as they are ready.

        Each view leads to exactly one decision. Raises what a behaviour raises, with a note
        that names the persona and the turn.
        """
        thoughts = Thoughts([], [])
        asking = [t for v in views if (t := self._begin(v, thoughts.decisions)) is not None]
        if thoughts.decisions:
            yield thoughts
        arrived: asyncio.Queue[list[tuple[_Turn, Completion]] | BaseException] = asyncio.Queue()
        open_turns = len(asking)
        tasks = {asyncio.create_task(self._ask(asking, arrived))} if asking else set()
        try:
            while open_turns:
                finished = await arrived.get()
                if isinstance(finished, BaseException):
                    raise finished
                thoughts = Thoughts([], [])
                again = self._proceed(finished, thoughts)
                open_turns -= len(thoughts.decisions)
                if again:
                    tasks.add(asyncio.create_task(self._ask(again, arrived)))
                yield thoughts
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    def _begin(self, view: View, decisions: list[Decision]) -> _Turn | None:
        agent = self._agents.get(view.who)
        if agent is None:
            agent = self._agents[view.who] = self._make(view.who)
        turn = _Turn(view, agent.decide(view))
        return turn if self._advance(turn, None, decisions) else None

    def _proceed(
        self, finished: Iterable[tuple[_Turn, Completion]], thoughts: Thoughts
    ) -> list[_Turn]:
        again = []
        for turn, completion in finished:
            thoughts.calls.append(self._call(turn, completion))
            turn.calls += 1
            if self._advance(turn, completion, thoughts.decisions):
                again.append(turn)
        return again

    def _advance(
        self, turn: _Turn, completion: Completion | None, decisions: list[Decision]
    ) -> bool:
        """Drive a turn to its next prompt; False if it has decided instead."""
        try:
            asked = next(turn.deciding) if completion is None else turn.deciding.send(completion)
        except StopIteration as decided:
            decisions.append(decided.value)
            return False
        except Exception as error:
            error.add_note(f"in turn {turn.view.turn} of @{turn.view.who}")
            raise
        if not isinstance(asked, Prompt):
            raise TypeError(
                f"the behaviour of @{turn.view.who} awaits {asked!r} in turn {turn.view.turn}; "
                "it may only await `ask`"
            )
        turn.prompt = asked
        return True

    async def _ask(
        self,
        turns: Sequence[_Turn],
        arrived: asyncio.Queue[list[tuple[_Turn, Completion]] | BaseException],
    ) -> None:
        prompts = [self._encoded(turn.prompt) for turn in turns if turn.prompt is not None]
        waiting = set(range(len(prompts)))
        try:
            async for finished in self._model.generate(prompts):
                for position, _ in finished:
                    if position not in waiting:
                        raise RunError(
                            f"the model {self._model.name!r} completed prompt {position} of "
                            f"{len(prompts)}, which is not waiting"
                        )
                    waiting.remove(position)
                arrived.put_nowait([(turns[position], done) for position, done in finished])
            if waiting:
                raise RunError(
                    f"the model {self._model.name!r} completed {len(prompts) - len(waiting)} of "
                    f"{len(prompts)} prompts and ended"
                )
        except Exception as error:  # noqa: BLE001  (handed to the consumer, which raises it)
            arrived.put_nowait(error)

    def _encoded(self, prompt: Prompt) -> Prompt:
        if self._encoder is None:
            return prompt
        return replace(prompt, ids=self._encoder.encode(prompt.system, prompt.user))

    def _call(self, turn: _Turn, done: Completion) -> Call:
        prompt = turn.prompt
        assert prompt is not None
        return Call(
            turn.view.now, turn.view.who, turn.view.turn, turn.calls, self._model.name,
            prompt.adapter, prompt.seed, prompt.digest(), prompt.system, prompt.user,
            prompt.pattern, done.text, done.finish, done.prompt_tokens, done.cached_tokens,
            done.output_tokens, done.seconds,
        )  # fmt: skip
