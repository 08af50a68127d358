"""Asks a model many questions at once, each until it has a usable answer, and keeps their order.

Many prompts are in flight, so that an engine batches them continuously, but a bounded number, and
answers wait for those before them in a bounded window. The result depends on the questions and the
model alone, never on the order in which replies arrive.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Generic, NamedTuple, TypeVar

from simnet import draws
from simnet.errors import RunError
from simnet.foundation.text import cut, one_line
from simnet.inference.model import Completion, Model, Prompt
from simnet.inference.replies.usable_reply import FAILED, UnusableReplyError
from simnet.personas.generate import recorded_name
from simnet.scheduler.failures.failure_limit import CallFailure, FailureLimit
from simnet.synthesis.asking.counts import Counts
from simnet.synthesis.asking.reply_log import Facts, ReplyLog, key_of

T = TypeVar("T")
IN_FLIGHT = 256
"""Prompts that are sent at once unless an option says otherwise."""
TRIES = 3
"""Replies that are asked for until one can be used, each with another seed."""
_WINDOW = 4
"""Questions in the window for each prompt in flight; the rest is room for replies that wait."""
_LONGEST = 300
"""Characters of the reason of a failure that are kept."""


@dataclass(frozen=True, kw_only=True)
class Question(Generic[T]):
    """What is asked: a prompt for each seed, and how the reply to it is read."""

    facts: Facts
    seed: int
    prompt: Callable[[int], Prompt]
    read: Callable[[Completion, int], T]
    """Turns a reply to the prompt with a seed into a value. Raises UnusableReplyError."""
    about: Any = None
    """What the caller needs again with the answer."""
    known: T | None = None
    """The value, if it is known already: then nothing is asked."""


@dataclass(frozen=True)
class Answer(Generic[T]):
    """The value of a question, None if no try brought one, and why."""

    question: Question[T]
    value: T | None
    seed: int
    """The seed of the last try."""
    why: str | None = None
    """What the last try brought, if nothing could be used."""


def seed_of(seed: int, *key: int) -> int:
    """Return the seed of one of several replies to one prompt; that of the first is `seed`."""
    return seed if not any(key) else draws.sampling_seed(seed, *key)


class _Obtained(NamedTuple):
    """A completion of a prompt."""

    completion: Completion
    kept: bool
    """Whether it is from an earlier start."""


class Asker:
    """Asks a model, through the log of replies of a job, and counts."""

    def __init__(
        self,
        model: Model,
        log: ReplyLog,
        *,
        in_flight: int = IN_FLIGHT,
        tries: int = TRIES,
        reasoning_tokens: int = 0,
        stop_on_failures: bool = True,
        progress: Callable[[Counts], None] = lambda _: None,
    ) -> None:
        """Take the model and the log of its replies. `progress` is called for every answer.

        `reasoning_tokens` is room for reasoning before each reply. `stop_on_failures` raises
        RunError as soon as so many calls fail that a run would stop.
        """
        self.counts = Counts()
        self.model = model
        self._name = recorded_name(model.name)
        self._log = log
        self._tries = tries
        self._room = reasoning_tokens
        self._slots = asyncio.Semaphore(in_flight)
        self._window = _WINDOW * in_flight
        self._running: dict[bytes, asyncio.Task[_Obtained]] = {}
        self._stops = stop_on_failures
        self._now, self._whole = FailureLimit(), FailureLimit()
        """Counts of the questions that the model was asked by this start, and of all: replies of an
        earlier start say nothing of the model that is asked now, until all is done."""
        self._progress = progress

    async def ask(self, questions: Iterable[Question[T]]) -> AsyncGenerator[Answer[T], None]:
        """Yield the answers in the order of the questions, which are drawn as there is room.

        Raises RunError when the model is gone or fails too often, DiskError when a reply cannot be
        kept.
        """
        pending: deque[asyncio.Task[Answer[T]]] = deque()
        try:
            for question in questions:
                pending.append(asyncio.create_task(self._answer(question)))
                if len(pending) >= self._window:
                    yield await self._next(pending)
            while pending:
                yield await self._next(pending)
        finally:
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
        self._check(at_end=True)

    async def _next(self, pending: "deque[asyncio.Task[Answer[T]]]") -> Answer[T]:
        """Return the first answer once it is there."""
        answer = await pending[0]
        pending.popleft()
        self._progress(self.counts)
        return answer

    async def _answer(self, question: Question[T]) -> Answer[T]:
        why, seed, asked = None, question.seed, False
        if question.known is not None:
            return Answer(question, question.known, question.seed)
        for attempt in range(self._tries):
            seed = seed_of(question.seed, attempt)
            completion, kept = await self._complete(question.prompt(seed), question.facts)
            asked = asked or not kept
            try:
                value = question.read(completion, seed)
            except UnusableReplyError as error:
                why = str(error)
                if error.kind == FAILED:
                    self.counts.failed += 1
                    self.counts.failure = cut(one_line(why), _LONGEST)
                    break
                self.counts.unusable[error.kind] += 1
            else:
                self._count(None, asked=asked)
                return Answer(question, value, seed)
        else:
            self.counts.given_up += 1
        self._count(why, asked=asked)
        return Answer(question, None, seed, why)

    async def _complete(self, prompt: Prompt, facts: Facts) -> _Obtained:
        """Return the reply to a prompt; equal prompts that are in flight are asked once."""
        if self._room:
            prompt = replace(prompt, max_tokens=prompt.max_tokens + self._room)
        key = key_of(self.model.name, prompt)
        running = self._running.get(key)
        if running is None:
            running = self._running[key] = asyncio.create_task(self._obtain(key, prompt, facts))
            running.add_done_callback(lambda _: self._running.pop(key, None))
        else:
            self.counts.kept += 1
        return await running

    async def _obtain(self, key: bytes, prompt: Prompt, facts: Facts) -> _Obtained:
        if (kept := self._log.get(key)) is not None:
            self.counts.kept += 1
            return _Obtained(kept, kept=True)
        async with self._slots:
            self._check()
            completion = await self._generate(prompt)
            if completion.usable:  # its place is free once it is on the disk: no more can be lost
                await self._log.keep(key, facts, self._name, prompt, completion)
        if completion.usable:
            self.counts.asked += 1
            self.counts.prompt_tokens += completion.prompt_tokens or 0
            self.counts.cached_tokens += completion.cached_tokens or 0
            self.counts.output_tokens += completion.output_tokens or 0
        return _Obtained(completion, kept=False)

    async def _generate(self, prompt: Prompt) -> Completion:
        async for batch in self.model.generate([prompt]):
            for _, completion in batch:
                return completion
        raise RunError(f"{self.model.name} ended without a reply")

    def _count(self, why: str | None, *, asked: bool) -> None:
        text = cut(one_line(why or ""), _LONGEST)
        failures = [] if why is None else [CallFailure(text, text, replied=True)]
        self._whole.add(1, failures)
        if asked:
            self._now.add(1, failures)

    def _check(self, *, at_end: bool = False) -> None:
        """Raise RunError if so many calls fail that going on is no use."""
        limit = self._whole if at_end else self._now
        if self._stops and (message := limit.exceeded(at_end=at_end)):
            raise RunError(
                f"{message}. Replies so far are kept; choose another model or task, or go on "
                "regardless with --accept-failures"
            )
