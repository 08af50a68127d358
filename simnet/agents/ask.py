"""How a behaviour asks a model without knowing where the model is.

A behaviour is a coroutine that awaits `ask`. Awaiting yields the prompt to whoever drives the
coroutine, and the completion is sent back into it. So one process drives thousands of agents
with no task, future or lock for any of them, and their prompts are in one list by then.
"""

from collections.abc import Generator, Sequence
from contextlib import suppress
from typing import Protocol

from simnet import draws
from simnet.agents import reply_flags
from simnet.agents.profile import Agent
from simnet.agents.prompting import prompts
from simnet.agents.prompting.fitting import HALVINGS, Fitting, Versions
from simnet.errors import ModelError
from simnet.inference.model import Completion, Prompt
from simnet.text import cut, neutralise, storable
from simnet.world.actions import Action
from simnet.world.posts import View

HOTTER = 0.3
"""What is added to the temperature each time a flawed reply is asked for again."""
HOTTEST = 2.0


class _Asked:
    """Awaiting it yields the prompt and returns the completion sent back."""

    __slots__ = ("prompt",)

    def __init__(self, prompt: Prompt) -> None:
        self.prompt = prompt

    def __await__(self) -> Generator[Prompt, Completion, Completion]:
        return (yield self.prompt)


class Asker(Agent, Protocol):
    """What is needed of an agent to ask a model for it."""

    fitting: Fitting | None
    """Keeps the turn's prompts short enough; None where nothing is too long."""

    def flaws(self, actions: Sequence[Action], view: View) -> tuple[str, ...]:
        """List the marks of a reply's texts."""
        ...

    def note_finish(self, completion: Completion) -> None:
        """Remember how the turn's last completion ended."""
        ...


class TurnAsk:
    """The `Ask` of one turn of one agent."""

    def __init__(self, me: Asker, view: View) -> None:
        self._me = me
        self._view = view
        self._calls = 0
        self._again = 0
        """How often the reply was asked for again."""

    async def __call__(self, system: str, user: str, pattern: str | None = None) -> str:
        """Ask anything; returns the reply. Raises ModelError if there is none.

        The end of `user` is cut off if all of it is too long for the model.
        """
        system, user = neutralise(system), neutralise(user)
        if self._me.fitting is None:
            return await self._reply(self._prompt(system, user, pattern))

        def shorter(version: int) -> Prompt:
            told = cut(user, len(user) >> version) if version < HALVINGS else ""
            return self._prompt(system, told if version else user, pattern)

        version, prompt = self._me.fitting.choose(1 + HALVINGS, shorter)
        if version:
            self._me.mark(reply_flags.TRIMMED)
        return await self._reply(prompt)

    async def for_action(self) -> list[Action]:
        """Ask what to do about the view, among the cohort's verbs.

        A reply that refuses, repeats or is garbled is asked for again as often as the cohort
        says. Raises ModelError if no reply can be used.
        """
        chosen: list[Action] | None = None
        for again in range(1, self._me.profile.resamples + 1):
            with suppress(ModelError):
                chosen = await self._action()
                if not self._flawed(chosen):
                    return chosen
            self._again = again
            self._me.mark(reply_flags.RESAMPLED)
        try:
            return await self._action()
        except ModelError:
            if chosen is None:
                raise
            return chosen

    async def _action(self) -> list[Action]:
        me, view = self._me, self._view
        replies = me.profile.replies
        pattern = replies.pattern(view)
        if pattern is None:
            return []
        if me.fitting is None:
            prompt = self._prompt(me.instructions, prompts.news(me, view), pattern)
        else:
            versions = Versions(me, view)

            def shorter(version: int) -> Prompt:
                told, memories, seen = versions[version]
                user = "\n".join([*memories, *prompts.sights(me, seen)])
                return self._prompt(told, user, replies.pattern(seen))

            version, prompt = me.fitting.choose(len(versions), shorter)
            if version:
                view = versions[version].view
                me.mark(reply_flags.TRIMMED)
        return replies.parse(await self._reply(prompt), view)

    def _flawed(self, actions: list[Action]) -> bool:
        return not reply_flags.FLAWS.isdisjoint(self._me.flaws(actions, self._view))

    def _prompt(self, system: str, user: str, pattern: str | None) -> Prompt:
        profile = self._me.profile
        return Prompt(
            system=system,
            user=user,
            pattern=pattern,
            seed=draws.bits(self._view.seed, self._calls) >> 1,
            temperature=min(HOTTEST, profile.temperature + HOTTER * self._again),
            max_tokens=profile.max_tokens,
            adapter=profile.adapter,
            priority=int(self._view.now),  # what lands first should be decided first
            routing_key=self._view.who,
        )

    async def _reply(self, prompt: Prompt) -> str:
        self._calls += 1
        completion = await _Asked(prompt)
        self._me.note_finish(completion)
        if not completion.usable:
            raise ModelError(f"{completion.finish}: {completion.text}")
        return storable(completion.text)  # as the record gives it back
