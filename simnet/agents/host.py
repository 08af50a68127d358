"""A host drives the agents of one process: views in, decisions out, prompts to a model.

It is a plain class; on a cluster it becomes a Ray actor as it stands. With one persona it is
that persona's actor; with thousands it drives them all, and their prompts leave in lists.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from simnet.agents.hosted_agent import HostedAgent
from simnet.agents.profile import AgentProfile
from simnet.agents.prompting.fitting import Encoder, Fitting, Replies
from simnet.agents.turns import Inbox, PromptDeduplicator, Turn
from simnet.clock import Seconds
from simnet.errors import RunError
from simnet.inference.model import Call, Completion, Model, Prompt
from simnet.world.decision import Decision
from simnet.world.posts import View


class Thoughts(NamedTuple):
    """What came out of some turns: decisions, and the model calls they took."""

    decisions: list[Decision]
    calls: list[Call]
    shared: list[Call]
    """Those of the calls that the completion of another's answered: the model was not asked."""


class ModelHandle(NamedTuple):
    """A model, and what makes token ids for it where it does not take text."""

    model: Model
    encoder: Encoder | None = None


class _Source(NamedTuple):
    """A model with what its prompts need in this process."""

    model: Model
    encoder: Encoder | None
    sharing: PromptDeduplicator


class Host:
    """The agents of one process."""

    def __init__(
        self,
        agents: Callable[[str], HostedAgent],
        model: Model | Mapping[str | None, ModelHandle],
        encoder: Encoder | None = None,
        *,
        replies: Replies | None = None,
        profile_of: Callable[[str, Seconds], AgentProfile] | None = None,
    ) -> None:
        """Take a function that makes the agent of a handle; it is called once for each.

        `model` is one for everyone, or the models by the names that cohorts give them.
        A call whose reply is among `replies` is not made, nor is it among the calls that come
        out. `profile_of` returns the profile of a handle at a time, if profiles change in the run.
        """
        self._make = agents
        self._replies = replies
        self._profile_of = profile_of
        self._agents: dict[str, HostedAgent] = {}
        served = model if isinstance(model, Mapping) else {None: ModelHandle(model, encoder)}
        self._sources = {name: _Source(*one, PromptDeduplicator()) for name, one in served.items()}
        self._everyones = next(iter(self._sources.values())) if len(served) == 1 else None
        self._asks = 0

    def take_asks(self) -> int:
        """Count the lists of prompts sent to the model since this was last asked."""
        asks, self._asks = self._asks, 0
        return asks

    async def think(self, views: Sequence[View]) -> AsyncIterator[Thoughts]:
        """Let agents decide about their views; yield decisions as they are ready.

        Each view leads to exactly one decision. Raises what a behaviour raises, with a note
        that names the persona and the turn.
        """
        thoughts = Thoughts([], [], [])
        asking = [t for v in views if (t := self._begin(v, thoughts.decisions)) is not None]
        if thoughts.decisions:
            yield thoughts
        arrived: Inbox = asyncio.Queue()
        open_turns = len(asking)
        tasks = self._asked(asking, arrived)
        try:
            while open_turns:
                finished = await arrived.get()
                if isinstance(finished, BaseException):
                    raise finished
                thoughts = Thoughts([], [], [])
                again = self._proceed(finished, thoughts)
                open_turns -= len(thoughts.decisions)
                tasks |= self._asked(again, arrived)
                yield thoughts
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    def recall(self, views: Sequence[View]) -> list[Decision]:
        """Decide as far as all replies are known; the other views are begun and left."""
        decisions: list[Decision] = []
        for view in views:
            self._begin(view, decisions)
        return decisions

    def _begin(self, view: View, decisions: list[Decision]) -> Turn | None:
        agent = self._agents.get(view.who)
        if agent is None:
            agent = self._agents[view.who] = self._make(view.who)
        if self._profile_of is not None:
            agent.change(self._profile_of(view.who, view.now))
        encoder = self._source(agent).encoder
        if encoder is not None or self._replies is not None:
            agent.fitting = Fitting(view, encoder, self._replies)
        turn = Turn(agent, view)
        return turn if self._go_on(turn, None, decisions) else None

    def _proceed(
        self, finished: Iterable[tuple[Turn, Completion]], thoughts: Thoughts
    ) -> list[Turn]:
        again = []
        for turn, completion in finished:
            thoughts.calls.append(self._call(turn, completion))
            turn.calls += 1
            if turn.shared:
                turn.shared = False
                thoughts.shared.append(thoughts.calls[-1])
            if self._go_on(turn, completion, thoughts.decisions):
                again.append(turn)
        return again

    def _go_on(self, turn: Turn, completion: Completion | None, decisions: list[Decision]) -> bool:
        """Drive a turn to its next prompt whose reply is not known; False if it has decided."""
        while self._advance(turn, completion, decisions):
            if self._replies is None or turn.prompt is None:
                return True
            completion = self._replies.find(turn.view, turn.calls, turn.prompt)
            if completion is None:
                return True
            turn.calls += 1
        return False

    def _advance(
        self, turn: Turn, completion: Completion | None, decisions: list[Decision]
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

    def _source(self, agent: HostedAgent) -> _Source:
        return self._everyones or self._sources[agent.profile.model]

    def _asked(self, turns: Sequence[Turn], arrived: Inbox) -> set[asyncio.Task[None]]:
        """Begin to ask each model the prompts of those turns that are for it."""
        if not turns:
            return set()
        if self._everyones is not None:
            return {asyncio.create_task(self._ask(self._everyones, turns, arrived))}
        groups: dict[str | None, list[Turn]] = {}
        for turn in turns:
            groups.setdefault(turn.agent.profile.model, []).append(turn)
        return {
            asyncio.create_task(self._ask(self._sources[name], group, arrived))
            for name, group in groups.items()
        }

    async def _ask(self, source: _Source, turns: Sequence[Turn], arrived: Inbox) -> None:
        leading: Sequence[Prompt] = ()
        if any(turn.agent.marked for turn in turns):
            turns, leading = source.sharing.sift(turns, arrived)
        prompts = [_encoded(turn.prompt, source) for turn in turns if turn.prompt is not None]
        self._asks += bool(prompts)
        failure: Exception = RunError("the turn that asked for this one was given up")
        try:
            async for finished in _completions(source.model, prompts):
                completed = [(turns[position], done) for position, done in finished]
                arrived.put_nowait(completed)
                if leading:
                    source.sharing.settle(completed)
        except Exception as error:  # noqa: BLE001  (handed to the consumer, which raises it)
            failure = error
            arrived.put_nowait(error)
        finally:
            source.sharing.give_up(leading, failure)

    def _call(self, turn: Turn, done: Completion) -> Call:
        prompt = turn.prompt
        assert prompt is not None
        return Call(
            turn.view.now, turn.view.who, turn.view.turn, turn.calls,
            self._source(turn.agent).model.name, prompt.adapter, prompt.seed, prompt.digest(),
            prompt.system, prompt.user, prompt.pattern, done.text, done.finish,
            done.prompt_tokens, done.cached_tokens, done.output_tokens, done.seconds,
        )  # fmt: skip


async def _completions(
    model: Model, prompts: Sequence[Prompt]
) -> AsyncIterator[list[tuple[int, Completion]]]:
    """Yield what the model yields. Raises RunError unless it completes each prompt once."""
    if not prompts:
        return
    waiting = set(range(len(prompts)))
    async for finished in model.generate(prompts):
        for position, _ in finished:
            if position not in waiting:
                raise RunError(
                    f"the model {model.name!r} completed prompt {position} of "
                    f"{len(prompts)}, which is not waiting"
                )
            waiting.remove(position)
        yield finished
    if waiting:
        raise RunError(
            f"the model {model.name!r} completed {len(prompts) - len(waiting)} of "
            f"{len(prompts)} prompts and ended"
        )


def _encoded(prompt: Prompt, source: _Source) -> Prompt:
    if source.encoder is None or prompt.ids is not None:
        return prompt
    return replace(prompt, ids=source.encoder.encode(prompt.system, prompt.user))
