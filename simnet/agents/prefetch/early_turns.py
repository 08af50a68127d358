"""Turns that are played before they begin, on copies of agents, to have their calls made early.

An early turn is played on a view that is likely to come. Its agent is a copy, so that nothing it
remembers, notes or marks stays. All that is left of it are the early completions of its calls,
which serve a request of the real turn if that is exactly equal, and its decision, which a look
ahead may take for likely.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeAlias

from simnet.agents.deduplication import PromptDeduplicator
from simnet.agents.model_handle import ModelHandle, encoded
from simnet.agents.person_turn import PersonPrompt
from simnet.agents.prefetch.early_calls import EarlyCall, EarlyCalls
from simnet.agents.turns import Turn
from simnet.errors import reason
from simnet.inference.model import Completion, Model, Prompt
from simnet.inference.replies.reasoning import without_reasoning
from simnet.world.decision import Decision
from simnet.world.state.posts import View


class EarlyView(NamedTuple):
    """A view that is likely to come."""

    ticket: int
    """Names the early turn."""
    view: View


class EarlyDecision(NamedTuple):
    """How an early turn ended."""

    ticket: int
    decision: Decision | None = None
    """None if it came to nothing: it was aborted, a call failed, or its code did."""
    problem: str | None = None
    """The error of its code, in one line."""
    calls: int = 0
    """How many calls it made."""


Inbox: TypeAlias = "asyncio.Queue[EarlyDecision]"


class _EarlyTurn:
    """One early turn under way."""

    def __init__(self, ticket: int, turn: Turn, inbox: Inbox) -> None:
        self.ticket, self.turn, self.inbox = ticket, turn, inbox
        self.task: asyncio.Task[None] | None = None
        self.call: EarlyCall | None = None
        """The call that it waits for."""
        self.calls = 0
        """How many it made."""


class EarlyTurns:
    """The early turns of one host, one for each of its agents at most."""

    def __init__(
        self,
        begin: Callable[[View], Turn | None],
        served_by: Callable[[Turn], tuple[ModelHandle, PromptDeduplicator]],
    ) -> None:
        """Take how a turn on a copy is begun, None where it may not be, and who serves it.

        The models of the handles are `EarlyCalls`.
        """
        self._begin, self._served_by = begin, served_by
        self._turns: dict[str, _EarlyTurn] = {}
        self._calls: defaultdict[str, list[tuple[EarlyCalls, EarlyCall]]] = defaultdict(list)
        """The calls that were begun for each agent's next turn."""
        self._holders: defaultdict[EarlyCall, set[str]] = defaultdict(set)
        """For whose next turn a call was begun: several archetypes may share one."""

    async def run(self, views: Sequence[EarlyView]) -> AsyncIterator[list[EarlyDecision]]:
        """Play early turns; yield lists of how they ended, each turn once.

        A view of an agent replaces the one before. Calls of the replaced turn that are under way
        and not needed are aborted.
        """
        inbox: Inbox = asyncio.Queue()
        for one in views:
            self._start(one, inbox)
        left = len(views)
        while left:
            ended = [await inbox.get()]
            while not inbox.empty():
                ended.append(inbox.get_nowait())
            left -= len(ended)
            yield ended

    # -- what happens to the real turns -------------------------------------------------

    def due(self, who: str) -> None:
        """End the early turn of an agent whose real turn begins; its calls may serve that."""
        self._stop(who)

    def meet(self, turns: Sequence[Turn], prompts: Sequence[Prompt], model: Model) -> None:
        """Compare the requests of real turns with early calls; a turn without one has missed."""
        if not self._calls or not isinstance(model, EarlyCalls):
            return
        for turn, prompt in zip(turns, prompts, strict=True):
            if turn.view.who in self._calls and not model.holds(prompt):
                self.missed(turn.view.who)

    def missed(self, who: str) -> None:
        """Abort the early calls of an agent whose real turn made another request."""
        self._stop(who)
        for calls, call in self._calls.get(who, ()):
            if not call.task.done():
                self._release(who, calls, call)

    def over(self, who: str) -> None:
        """Forget all that was done early for a turn that has ended."""
        self._stop(who)
        for calls, call in self._calls.pop(who, ()):
            self._release(who, calls, call)

    def forget(self, tickets: Iterable[int]) -> None:
        """Abort early turns."""
        unwanted = set(tickets)
        for who, early in list(self._turns.items()):
            if early.ticket in unwanted:
                self.missed(who)

    def end(self) -> None:
        """Abort all early turns and calls."""
        for who in [*self._turns, *self._calls]:
            self.over(who)

    # -- early turns ----------------------------------------------------------------------

    def _start(self, one: EarlyView, inbox: Inbox) -> None:
        """Play an early turn to its first call, and then end the one that it replaces."""
        who, problem = one.view.who, None
        early, waits = None, False
        try:
            turn = self._begin(one.view)
        except (Exception, SystemExit) as error:  # noqa: BLE001  (notes may not be copied)
            turn, problem = None, reason(error)
        if turn is not None:
            early = _EarlyTurn(one.ticket, turn, inbox)
            waits = self._advance(early, None)
        self._stop(who, instead=early)
        if early is None:
            inbox.put_nowait(EarlyDecision(one.ticket, problem=problem))
        elif waits:
            self._turns[who] = early
            early.task = asyncio.create_task(self._play(early))

    async def _play(self, early: _EarlyTurn) -> None:
        """Go on with an early turn each time that its call has been completed."""
        while early.call is not None:
            await asyncio.wait([early.call.task])
            completion = early.call.completion
            if completion is None:
                _close(early.turn)
                early.inbox.put_nowait(EarlyDecision(early.ticket, calls=early.calls))
                break
            if not self._advance(early, completion):
                break
        if self._turns.get(early.turn.view.who) is early:
            del self._turns[early.turn.view.who]

    def _advance(self, early: _EarlyTurn, completion: Completion | None) -> bool:
        """Advance to the next call, and begin it; False if the turn has ended instead."""
        turn, problem = early.turn, None
        decision: Decision | None = None
        try:
            handle, deduplicator = self._served_by(turn)
            reply = None if completion is None else without_reasoning(completion)
            while True:
                prompt = next(turn.deciding) if reply is None else turn.deciding.send(reply)
                if not isinstance(prompt, Prompt) or isinstance(prompt, PersonPrompt):
                    break
                turn.prompt = prompt
                if deduplicator.awaits(turn):
                    break
                reply = deduplicator.answered(turn)
                if reply is None:
                    self._call(early, encoded(prompt, handle), handle.model)
                    return True
        except StopIteration as decided:
            decision = decided.value
        except BaseException as error:  # noqa: BLE001  (a behaviour may raise SystemExit too)
            problem = reason(error)
        _close(early.turn)
        if decision is not None and (decision.failure is not None or decision.error is not None):
            decision = None
        early.inbox.put_nowait(EarlyDecision(early.ticket, decision, problem, early.calls))
        return False

    def _call(self, early: _EarlyTurn, prompt: Prompt, calls: Model) -> None:
        who = early.turn.view.who
        assert isinstance(calls, EarlyCalls)
        early.call = call = calls.begin(prompt)
        early.calls += 1
        if who not in self._holders[call]:
            self._holders[call].add(who)
            self._calls[who].append((calls, call))

    def _stop(self, who: str, instead: _EarlyTurn | None = None) -> None:
        """End an early turn; `instead` replaces it, and its call goes on if both make it."""
        early = self._turns.pop(who, None)
        if early is None:
            return
        if early.task is not None:
            early.task.cancel()
        _close(early.turn)
        early.inbox.put_nowait(EarlyDecision(early.ticket))
        if instead is None or early.call is None or early.call is instead.call:
            return
        for calls, call in self._calls[who]:
            if call is early.call and not call.task.done():
                self._release(who, calls, call)

    def _release(self, who: str, calls: EarlyCalls, call: EarlyCall) -> None:
        """Drop a call unless it was begun for others too."""
        holders = self._holders[call]
        holders.discard(who)
        if not holders:
            del self._holders[call]
            calls.drop(call)


def _close(turn: Turn) -> None:
    """End the coroutine of a behaviour, whatever it does about that."""
    with suppress(BaseException):
        turn.deciding.close()
