"""How a behaviour asks a model without knowing where the model is.

A behaviour is a coroutine that awaits `ask`. Awaiting yields the prompt to whoever drives the
coroutine, and the completion is sent back into it. So one process drives thousands of agents
with no task, future or lock for any of them, and their prompts are in one list by then.
"""

from collections.abc import Generator
from typing import TYPE_CHECKING

from simnet import draws
from simnet.agents import prompts
from simnet.errors import ModelError
from simnet.inference.model import Completion, Prompt
from simnet.world.actions import Action
from simnet.world.posts import View

if TYPE_CHECKING:
    from simnet.agents.agent import Agent


class _Asked:
    """Awaiting it yields the prompt and returns the completion sent back."""

    __slots__ = ("prompt",)

    def __init__(self, prompt: Prompt) -> None:
        self.prompt = prompt

    def __await__(self) -> Generator[Prompt, Completion, Completion]:
        return (yield self.prompt)


class Ask:
    """A model for one turn of one agent; seed, temperature and adapter are bound already."""

    def __init__(self, me: "Agent", view: View) -> None:
        self._me = me
        self._view = view
        self._calls = 0

    async def __call__(self, system: str, user: str, pattern: str | None = None) -> str:
        """Ask anything; returns the reply. Raises ModelError if there is none."""
        mind = self._me.mind
        prompt = Prompt(
            system=system,
            user=user,
            pattern=pattern,
            seed=draws.bits(self._view.seed, self._calls) >> 1,
            temperature=mind.temperature,
            max_tokens=mind.max_tokens,
            adapter=mind.adapter,
            priority=int(self._view.now),  # what lands first should be decided first
        )
        self._calls += 1
        completion = await _Asked(prompt)
        self._me.note_finish(completion)
        if not completion.usable:
            raise ModelError(f"{completion.finish}: {completion.text}")
        return completion.text

    async def for_action(self) -> list[Action]:
        """Ask what to do about the view, among the cohort's verbs."""
        replies = self._me.mind.replies
        pattern = replies.pattern(self._view)
        if pattern is None:
            return []
        reply = await self(self._me.told, prompts.news(self._me, self._view), pattern)
        return replies.parse(reply, self._view)
