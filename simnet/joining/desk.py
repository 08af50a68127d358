"""The desk: asks whoever has a handle, and lets the persona answer when nobody does in time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any, Protocol

from simnet.agents.person_turn import (
    ABSENT,
    LEAVE,
    LEFT,
    SKIP,
    PersonPrompt,
    PersonQuestion,
    control_word,
)
from simnet.errors import ModelError
from simnet.foundation.text import storable
from simnet.inference.model import HUMAN, Completion, Prompt
from simnet.inference.replies.reasoning import without_reasoning
from simnet.joining.humans import Humans
from simnet.joining.protocol import ProtocolError


class Holder(Protocol):
    """Whoever has a handle, and is shown its views."""

    def show(self, question: PersonQuestion, seconds: float) -> None:
        """Take a view; `seconds` are left for the reply."""
        ...

    def over(self, turn: int, why: str) -> None:
        """Take that a turn is over without a reply."""
        ...


class _OpenTurn:
    """A turn that waits for a person."""

    def __init__(self, question: PersonQuestion, ends: float) -> None:
        self.question = question
        self.ends = ends
        """On the clock of the event loop, seconds."""
        self.reply: asyncio.Future[Completion] = asyncio.get_running_loop().create_future()


class _Seat:
    """One handle."""

    def __init__(self) -> None:
        self.holder: Holder | None = None
        self.vacant = False
        """Whether nobody is waited for, since the last one left or nobody came in time."""
        self.turn: _OpenTurn | None = None


class Desk:
    """The seats of one run. All of it is used in one event loop."""

    def __init__(self, humans: Humans) -> None:
        self.deadline = humans.deadline
        self._seats = {handle: _Seat() for handle in humans.handles}

    @property
    def handles(self) -> Sequence[str]:
        """The handles that people may take."""
        return list(self._seats)

    async def ask(self, question: PersonQuestion) -> Completion:
        """Ask whoever has the handle, and wait for a reply until the deadline.

        If nobody has it, somebody may come until the deadline. After that, or once somebody has
        left, nobody is waited for until the handle is taken again: the completion is ABSENT.
        """
        seat = self._seats[question.view.who]
        if seat.holder is None and seat.vacant:
            return Completion("nobody has the handle", ABSENT)
        clock = asyncio.get_running_loop().time
        began = clock()
        turn = seat.turn = _OpenTurn(question, began + self.deadline)
        if seat.holder is not None:
            seat.holder.show(question, self.deadline)
        try:
            await asyncio.wait({turn.reply}, timeout=self.deadline)
        finally:
            seat.turn = None
        seconds = clock() - began
        if turn.reply.done():
            return turn.reply.result()._replace(seconds=seconds)
        if seat.holder is None:
            seat.vacant = True
        else:
            seat.holder.over(question.view.turn, "the time is over, so the persona answers")
        return Completion(f"no answer within {self.deadline:g} s", "deadline", seconds=seconds)

    def sit(self, handle: str, holder: Holder) -> None:
        """Give a handle to somebody, who is shown the turn that waits.

        Raises ProtocolError for a handle that people may not take or that is taken.
        """
        seat = self._seats.get(handle)
        if seat is None:
            known = ", ".join(f"@{one}" for one in self._seats)
            raise ProtocolError("handle", f"@{handle} cannot be taken in this run; choose {known}")
        if seat.holder is not None:
            raise ProtocolError("taken", f"@{handle} is taken by somebody else who has joined")
        seat.holder, seat.vacant = holder, False

    def show_open(self, handle: str) -> None:
        """Show the turn that waits, if there is one, to the holder of a handle."""
        seat = self._seats[handle]
        if seat.turn is not None and seat.holder is not None and not seat.turn.reply.done():
            left = seat.turn.ends - asyncio.get_running_loop().time()
            seat.holder.show(seat.turn.question, max(0.0, left))

    def rise(self, handle: str, *, leaves: bool) -> None:
        """Take a handle back; who `leaves` is not waited for, who lost the connection is."""
        seat = self._seats[handle]
        seat.holder = None
        if leaves:
            seat.vacant = True
            if seat.turn is not None and not seat.turn.reply.done():
                seat.turn.reply.set_result(Completion(LEAVE, LEFT))

    def act(self, handle: str, number: int, text: str) -> None:
        """Take the reply to turn `number`. Raises ModelError, with the reason, if it is refused.

        A refused reply changes nothing: the person can reply again.
        """
        turn = self._seats[handle].turn
        if turn is None or turn.question.view.turn != number or turn.reply.done():
            raise ModelError(f"turn {number} is over")
        word = control_word(text, turn.question.reply_format)
        if word == SKIP:
            turn.reply.set_result(Completion(SKIP, LEFT))
            return
        said = without_reasoning(Completion(storable(text)))  # as it is read from the record
        turn.question.read(said.text)
        turn.reply.set_result(said)


class DeskModel:
    """The model through which agents of the same process ask people."""

    name = HUMAN

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def generate(
        self, prompts: Sequence[Prompt]
    ) -> AsyncIterator[list[tuple[int, Completion]]]:
        """Yield the reply to each prompt, all of which are PersonPrompts, as it comes."""
        async for finished in as_they_come(self._desk.ask, prompts):
            yield finished

    async def close(self) -> None:
        """Do nothing: the service ends with the run."""


async def as_they_come(
    ask: Callable[[PersonQuestion], Coroutine[Any, Any, Completion]], prompts: Sequence[Prompt]
) -> AsyncIterator[list[tuple[int, Completion]]]:
    """Ask the questions of PersonPrompts at once; yield each reply with its position."""
    places: dict[asyncio.Task[Completion], int] = {}
    for place, prompt in enumerate(prompts):
        assert isinstance(prompt, PersonPrompt)
        places[asyncio.create_task(ask(prompt.question))] = place
    waiting = set(places)
    try:
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            yield [(places[task], task.result()) for task in done]
    finally:
        for task in waiting:
            task.cancel()
