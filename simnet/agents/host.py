"""A host drives the agents of one process: views in, decisions out, prompts to a model.

It is a plain class that a Ray actor wraps on a cluster. A host drives one agent or thousands;
their prompts are sent to the model in lists.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

from simnet.agents.deduplication import PromptDeduplicator
from simnet.agents.hosted_agent import HostedAgent
from simnet.agents.model_faults import is_cancelled, model_error, refuse
from simnet.agents.model_handle import ModelHandle, completions, encoded
from simnet.agents.person_turn import ABSENT, PersonPrompt, Seats
from simnet.agents.prefetch.early_calls import EarlyCost, cost_of, with_early_calls
from simnet.agents.prefetch.early_turns import EarlyTurns
from simnet.agents.profile import AgentProfile
from simnet.agents.prompting.fitting import Encoder, Fitting, KnownReplies, is_known
from simnet.agents.turns import Inbox, Inquiry, Turn, TurnResults
from simnet.clock import Seconds
from simnet.errors import RunError
from simnet.inference.model import HUMAN, POSTPONED, Call, Completion, Model, Prompt
from simnet.world.decision import Decision
from simnet.world.state.posts import View

_DESK = "@"
"""The key of the model through which people are asked; no name of a model has an `@`."""


class Host:
    """The agents of one process."""

    def __init__(
        self,
        agents: Callable[[str], HostedAgent],
        model: Model | Mapping[str | None, ModelHandle],
        encoder: Encoder | None = None,
        *,
        replies: KnownReplies | None = None,
        profile_of: Callable[[str, Seconds], AgentProfile] | None = None,
        inquiry: Inquiry | None = None,
        seats: Seats | None = None,
        looks_ahead: bool = False,
    ) -> None:
        """Create a host without agents.

        `agents` makes the agent of a handle; it is called once for each handle.
        `model` serves all agents; a mapping serves several models, by the names in profiles.
        A call whose reply is in `replies` does not reach the model and is not in the results.
        `profile_of` returns the profile of a handle at a time, for runs whose scenario changes.
        `inquiry` starts the turns in which agents are asked, whose numbers are negative.
        `seats` are the handles whose turns a person may take. With `looks_ahead`, turns may be
        played early.
        """
        self._make = agents
        self._replies = replies
        self._profile_of = profile_of
        self._agents: dict[str, HostedAgent] = {}
        served: Mapping[str | None, ModelHandle]
        served = model if isinstance(model, Mapping) else {None: ModelHandle(model, encoder)}
        self._early: EarlyTurns | None = None
        if looks_ahead:
            served = {name: with_early_calls(handle) for name, handle in served.items()}
            self._early = EarlyTurns(self._begin_early, self._served)
        self._inquiry, self._seats = inquiry, seats
        self._models = served if seats is None else {**served, _DESK: ModelHandle(seats.desk)}
        self._deduplicators = {name: PromptDeduplicator() for name in self._models}
        self._first, self._alone = next(iter(served)), len(served) == 1  # then it serves all
        self._prompt_lists = self._recalled = 0

    def take_recalled(self) -> int:
        """Return how many recorded replies were used, and reset that count."""
        count, self._recalled = self._recalled, 0
        return count

    def take_asks(self) -> int:
        """Return how many lists of prompts were sent to models, and reset that count."""
        count, self._prompt_lists = self._prompt_lists, 0
        return count

    def take_early_cost(self) -> EarlyCost:
        """Return what early calls cost since the last time."""
        return cost_of(handle.model for handle in self._models.values())

    @property
    def early(self) -> EarlyTurns:
        """The early turns; only of a host that looks ahead."""
        assert self._early is not None
        return self._early

    async def think(self, views: Sequence[View]) -> AsyncIterator[TurnResults]:
        """Run one turn for each view; yield decisions as soon as they are ready.

        Each view leads to exactly one decision. A behaviour that raises, or returns what it may
        not, leads to a decision with an error; the other turns go on.
        """
        results = TurnResults([], [], [])
        waiting = [t for v in views if (t := self._begin(v, results.decisions)) is not None]
        if results.decisions:
            yield results
        inbox: Inbox = asyncio.Queue()
        open_turns = len(waiting)
        tasks = self._start_calls(waiting, inbox)
        try:
            while open_turns:
                finished = await inbox.get()
                if isinstance(finished, BaseException):
                    raise finished
                results = TurnResults([], [], [])
                waiting = self._continue(finished, results)
                open_turns -= len(results.decisions)
                tasks |= self._start_calls(waiting, inbox)
                yield results
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    def recall(self, views: Sequence[View]) -> list[Decision]:
        """Decide the turns whose replies are all known; the other turns are started and left."""
        decisions: list[Decision] = []
        for view in views:
            self._begin(view, decisions)
        return decisions

    def agent(self, who: str) -> HostedAgent:
        """Return the agent of a handle; it is made at its first use."""
        agent = self._agents.get(who)
        if agent is None:
            agent = self._agents[who] = self._make(who)
        return agent

    def _begin_early(self, view: View) -> Turn | None:
        """Begin a turn on a copy of an agent; None if its calls are known or a person's."""
        if self._seats is not None and view.who in self._seats.handles:
            return None
        if self._replies is not None and is_known(self._replies, view):
            return None
        agent = self.agent(view.who).twin()
        if self._profile_of is not None:
            agent.change(self._profile_of(view.who, view.now))
        if view.changed is not None:
            agent.take(view.changed, view.now)
        encoder = self._models[self._name(agent)].encoder
        if encoder is not None or self._replies is not None:
            agent.fitting = Fitting(view, encoder, None)
        return Turn(agent, view)

    def _begin(self, view: View, decisions: list[Decision]) -> Turn | None:
        if self._early is not None:
            self._early.due(view.who)
        agent = self.agent(view.who)
        if self._profile_of is not None:
            agent.change(self._profile_of(view.who, view.now))
        if view.changed is not None and view.turn >= 0:  # answers to a survey change nobody
            agent.take(view.changed, view.now)
        if self._seats is not None or self._replies is not None:
            agent.asks_person = self._asks_person(view)
        encoder = self._models[self._name(agent)].encoder
        if encoder is not None or self._replies is not None:
            agent.fitting = Fitting(view, encoder, self._replies)
        turn = Turn(agent, view, self._inquiry)
        turn.failure = self._replies.failure(view) if self._replies is not None else None
        if self._advance_to_model(turn, None, decisions):
            return turn
        if self._early is not None:
            self._early.over(view.who)
        return None

    def _asks_person(self, view: View) -> bool:
        """Whether a person is asked: as the record says, or else if people may take the handle."""
        if self._replies is not None and (asked := self._replies.asked_person(view)) is not None:
            return asked
        return self._seats is not None and view.who in self._seats.handles

    def _continue(
        self, finished: Iterable[tuple[Turn, Completion]], results: TurnResults
    ) -> list[Turn]:
        waiting = []
        for turn, completion in finished:
            if completion.finish == POSTPONED:
                results.decisions.append(turn.leave())
                continue
            if completion.finish != ABSENT:
                results.calls.append(self._call(turn, completion))
                turn.calls += 1
            if turn.shared:
                turn.shared = False
                results.shared.append(results.calls[-1])
            if self._advance_to_model(turn, completion, results.decisions):
                waiting.append(turn)
            elif self._early is not None:
                self._early.over(turn.view.who)
        return waiting

    def _advance_to_model(
        self, turn: Turn, completion: Completion | None, decisions: list[Decision]
    ) -> bool:
        """Advance a turn to its next prompt with an unknown reply; False if it has decided."""
        while self._advance(turn, completion, decisions):
            if self._replies is None or turn.prompt is None:
                return True
            completion = self._replies.find(turn.view, turn.calls, turn.prompt)
            if completion is None:
                if turn.failure is None:
                    return True
                turn.deciding.close()
                decisions.append(turn.failed(turn.failure))
                return False
            self._recalled += 1
            turn.calls += 1
        if turn.failure is not None:
            decisions[-1] = turn.failed(turn.failure)
        return False

    def _advance(
        self, turn: Turn, completion: Completion | None, decisions: list[Decision]
    ) -> bool:
        """Advance a turn to its next prompt; False if it has decided instead."""
        deciding = turn.deciding
        try:
            prompt = next(deciding) if completion is None else deciding.send(completion)
            if not isinstance(prompt, Prompt):
                refuse(deciding, prompt)
        except StopIteration as decided:
            decisions.append(decided.value)
            return False
        except BaseException as error:  # noqa: BLE001  (a behaviour may raise SystemExit too)
            decisions.append(turn.agent.fail(turn.view, error))
            return False
        turn.prompt = prompt
        return True

    def _name(self, agent: HostedAgent) -> str | None:
        return self._first if self._alone else agent.profile.model

    def _served(self, turn: Turn) -> tuple[ModelHandle, PromptDeduplicator]:
        return self._models[name := self._name(turn.agent)], self._deduplicators[name]

    def _start_calls(self, turns: Sequence[Turn], inbox: Inbox) -> set[asyncio.Task[None]]:
        """Start one task for each model, with the turns that use it."""
        groups: dict[str | None, list[Turn]] = {}
        people: list[Turn] = []
        if self._seats is not None:
            people = [turn for turn in turns if isinstance(turn.prompt, PersonPrompt)]
            turns = [turn for turn in turns if not isinstance(turn.prompt, PersonPrompt)]
        for turn in turns:
            groups.setdefault(self._name(turn.agent), []).append(turn)
        if people:
            groups[_DESK] = people
        return {
            asyncio.create_task(self._generate(name, group, inbox))
            for name, group in groups.items()
        }

    async def _generate(self, name: str | None, turns: list[Turn], inbox: Inbox) -> None:
        """Send the prompts of turns to one model; put completions into `inbox` as they finish."""
        handle, deduplicator = self._models[name], self._deduplicators[name]
        shareable: Sequence[Prompt] = ()
        if any(turn.agent.marked for turn in turns):
            turns, shareable = deduplicator.split(turns, inbox)
        prompts = [encoded(turn.prompt, handle) for turn in turns if turn.prompt is not None]
        if self._early is not None:
            self._early.meet(turns, prompts, handle.model)
        self._prompt_lists += bool(prompts)
        failure: Exception = RunError("the turn whose call this turn waits for was cancelled")
        try:
            async for finished in completions(handle.model, prompts):
                completed = [(turns[position], done) for position, done in finished]
                inbox.put_nowait(completed)
                if shareable:
                    deduplicator.settle(completed)
        except BaseException as error:  # a model object of the user may raise SystemExit too
            if is_cancelled(error):
                raise
            failure = model_error(error, handle.model)
            inbox.put_nowait(failure)
        finally:
            deduplicator.give_up(shareable, failure)

    def _call(self, turn: Turn, done: Completion) -> Call:
        prompt = turn.prompt
        assert prompt is not None
        model = HUMAN if prompt.__class__ is PersonPrompt else self._served(turn)[0].model.name
        return Call(  # positional: once per model call
            turn.view.now, turn.view.who, turn.view.turn, turn.calls,
            model, prompt.adapter, prompt.seed, prompt.digest(),
            prompt.system, prompt.user, prompt.pattern, done.text, done.finish,
            done.prompt_tokens, done.cached_tokens, done.output_tokens, done.seconds,
            done.reasoning, done.constrained,
        )  # fmt: skip
