"""How a behaviour calls a model without knowing where the model is.

A behaviour is a coroutine that awaits `ask`. Awaiting yields the prompt to the host that drives
the coroutine, and the host sends the completion back into it. So a process drives thousands of
agents without a task, future or lock for each, and sends their prompts in one list.
"""

import re
from collections.abc import Coroutine, Generator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from simnet import draws
from simnet.agents import reply_flags
from simnet.agents.awaited import Awaited
from simnet.agents.formats.fitted_reply import fitted
from simnet.agents.formats.lenient_reader import Reading, own_names, read
from simnet.agents.formats.reply_grammar import ONLY_REASONING
from simnet.agents.person_turn import ABSENT, PersonPrompt
from simnet.agents.profile import Agent
from simnet.agents.prompting import prompts
from simnet.agents.prompting.fitting import HALVINGS, Fitting, Versions
from simnet.errors import ModelError
from simnet.foundation.text import cut, neutralise, storable
from simnet.foundation.user_code import wrong_result
from simnet.inference.model import Completion, Prompt
from simnet.world.actions import Action
from simnet.world.state.posts import View

TEMPERATURE_STEP = 0.3
"""Added to the temperature each time a flawed reply is sampled again."""
MAX_TEMPERATURE = 2.0
MOST_CALLS = 1000
"""Calls of a model in one turn. A behaviour that asks more often would never end its turn."""


class _PendingCompletion:
    """Awaiting it yields the prompt and returns the completion sent back."""

    __slots__ = ("prompt",)

    def __init__(self, prompt: Prompt) -> None:
        self.prompt = prompt

    def __await__(self) -> Generator[Prompt, Completion, Completion]:
        return (yield self.prompt)


class _Reply(NamedTuple):
    """A reply that asks for actions, as it was read."""

    reading: Reading
    completion: Completion | None
    """None if there was nothing to ask for."""


class PromptingAgent(Agent, Protocol):
    """An agent whose behaviour may call a model."""

    fitting: Fitting | None
    """Shortens the turn's prompts; None if the model has no context limit."""

    def flaws(self, actions: Sequence[Action], view: View) -> tuple[str, ...]:
        """List the flags of a reply's texts."""
        ...

    def note_finish(self, completion: Completion) -> None:
        """Remember how the turn's last completion ended."""
        ...

    def note_cut(self) -> None:
        """Remember that a text of the turn's last completion was over the limit and was cut."""
        ...


class TurnAsk:
    """The `Ask` of one turn of one agent."""

    def __init__(self, me: PromptingAgent, view: View) -> None:
        self._me = me
        self._view = view
        self._calls = 0
        self._resamples = 0
        """How often the reply was sampled again."""
        self._judges = False
        """Whether the prompts of a judge follow."""
        self._awaited = Awaited()

    @property
    def calls(self) -> int:
        """How often the turn asked the model."""
        return self._calls

    async def as_judge(self, system: str, user: str, pattern: str) -> str:
        """Ask at temperature 0 and without an adapter. Raises ModelError."""
        self._judges = True
        return await self(system, user, pattern)

    def __call__(
        self, system: str, user: str, pattern: str | None = None
    ) -> Coroutine[Any, Any, str]:
        """Send any prompt and return the reply. Raises ModelError if there is no usable reply."""
        return self._awaited.note("ask(...)", self._ask(system, user, pattern))

    def for_action(self) -> Coroutine[Any, Any, list[Action]]:
        """Ask the model to act on the view with the cohort's verbs.

        A reply that refuses, repeats or is garbled is sampled again, at most as often as the
        cohort's `resamples`, or an alarm that rings, says. Raises ModelError if no reply can be
        parsed.
        """
        return self._awaited.note("ask.for_action()", self._sampled_action())

    def check_awaited(self) -> None:
        """Raise UserCodeError if the behaviour asked and did not await the reply."""
        self._awaited.check(self._me.profile.behaviour)

    async def _ask(self, system: str, user: str, pattern: str | None) -> str:
        """Ask any prompt.

        If the prompt is too long for the model, the end of `user` is cut off. Of a reply that the
        model was free to give, the part that matches `pattern` is returned; without one, the reply
        less fences, quotation marks and the like.
        """
        if pattern is not None:
            re.compile(pattern)  # raises here, where the user's frame is known
        system, user = neutralise(system), neutralise(user)
        if self._me.fitting is None:
            return await self._text(self._prompt(system, user, pattern))

        def shorter(version: int) -> Prompt:
            if version == 0:
                return self._prompt(system, user, pattern)
            text = cut(user, len(user) >> version) if version < HALVINGS else ""
            return self._prompt(system, text, pattern)

        version, prompt = self._me.fitting.choose(1 + HALVINGS, shorter)
        if version:
            self._me.mark(reply_flags.TRIMMED)
        return await self._text(prompt)

    async def _text(self, prompt: Prompt) -> str:
        completion = await self._completion(prompt)
        if completion.constrained is not False:
            return completion.text
        return fitted(completion.text, prompt.pattern, own_names(self._me.persona))

    async def _sampled_action(self) -> list[Action]:
        chosen: _Reply | None = None
        most = max(self._me.profile.resamples, self._view.resamples)
        for resample in range(1, most + 1):
            with suppress(ModelError):
                chosen = await self._action()
                if not self._flawed(chosen.reading.actions):
                    return self._counted(chosen)
            self._resamples = resample
            self._me.mark(reply_flags.RESAMPLED)
        try:
            chosen = await self._action()
        except ModelError:
            if chosen is None:
                raise
        return self._counted(chosen)

    def _counted(self, reply: _Reply) -> list[Action]:
        """Return the actions of the reply that counts; the turn's marks are those of it."""
        if reply.completion is not None:
            self._me.note_finish(reply.completion)
        if reply.reading.cut:
            self._me.note_cut()
        if reply.reading.surplus:
            self._me.mark(reply_flags.SURPLUS)
        return reply.reading.actions

    async def _action(self) -> _Reply:
        me, view = self._me, self._view
        reply_format = me.profile.reply_format
        pattern = reply_format.pattern(view)
        if pattern is None:
            return _Reply(Reading([]), None)
        if me.fitting is None:
            prompt = self._prompt(me.instructions, prompts.user_prompt(me, view), pattern)
        else:
            versions = Versions(me, view)

            def shorter(version: int) -> Prompt:
                system, memories, seen = versions[version]
                user = "\n".join([*memories, *prompts.view_lines(me, seen)])
                return self._prompt(system, user, reply_format.pattern(seen))

            version, prompt = me.fitting.choose(len(versions), shorter)
            if version:
                view = versions[version].view
                me.mark(reply_flags.TRIMMED)
        completion = await self._completion(prompt)
        if completion.constrained is not False:
            return _Reply(Reading(reply_format.parse(completion.text, view)), completion)
        return _Reply(read(reply_format, completion.text, view, own_names(me.persona)), completion)

    async def of_person(self, prompt: PersonPrompt) -> Completion:
        """Ask the person who has the handle; seeds of the model's calls do not depend on it."""
        completion = await _PendingCompletion(prompt)
        if completion.finish != ABSENT and self._me.fitting is not None:
            self._me.fitting.pass_over()
        return completion

    def _flawed(self, actions: list[Action]) -> bool:
        return not reply_flags.FLAWS.isdisjoint(self._me.flaws(actions, self._view))

    def _prompt(self, system: str, user: str, pattern: str | None) -> Prompt:
        profile = self._me.profile
        return Prompt(
            system=system,
            user=user,
            pattern=pattern,
            seed=draws.bits(self._view.seed, self._calls) >> 1,
            temperature=self._temperature(),
            max_tokens=profile.max_tokens,
            adapter=None if self._judges else profile.adapter,
            priority=int(self._view.now),  # the earlier a turn lands, the more urgent its reply
            routing_key=self._view.who,
        )

    def _temperature(self) -> float:
        if self._judges:
            return 0.0
        raised = self._me.profile.temperature + TEMPERATURE_STEP * self._resamples
        return min(MAX_TEMPERATURE, raised)

    async def _completion(self, prompt: Prompt) -> Completion:
        """Send a prompt; the completion has a text. Raises ModelError if the model gave none."""
        self._calls += 1
        if self._calls > MOST_CALLS:
            problem = f"asks the model more than {MOST_CALLS:,} times in one turn"
            raise wrong_result("behaviour", self._me.profile.behaviour, problem)
        completion = await _PendingCompletion(prompt)
        self._me.note_finish(completion)
        if not completion.usable:
            raise ModelError(f"{completion.finish}: {completion.text}")
        if completion.reasoning_only:
            raise ModelError(ONLY_REASONING)
        text = storable(completion.text)  # as the record stores it
        return completion if text is completion.text else completion._replace(text=text)
