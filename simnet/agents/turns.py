"""Turns in progress."""

import asyncio
from collections.abc import Callable, Generator
from functools import partial
from typing import NamedTuple, TypeAlias

from simnet.agents.hosted_agent import HostedAgent
from simnet.agents.prompting.fitting import Failure
from simnet.inference.model import Call, Completion, Prompt
from simnet.world.decision import Decision
from simnet.world.state.posts import View

Inquiry: TypeAlias = Callable[[HostedAgent, View], Generator[Prompt, Completion, Decision]]
"""Starts a turn in which an agent is asked something; its view has a negative turn number."""


class Turn:
    """One turn of one agent."""

    __slots__ = ("agent", "calls", "deciding", "failure", "prompt", "shared", "view")

    def __init__(self, agent: HostedAgent, view: View, inquiry: Inquiry | None = None) -> None:
        self.agent = agent
        self.view = view
        begin = agent.decide if inquiry is None or view.turn >= 0 else partial(inquiry, agent)
        self.deciding: Generator[Prompt, Completion, Decision] = begin(view)
        self.calls = 0
        self.prompt: Prompt | None = None
        self.failure: Failure | None = None
        """How it failed by the record, if it did."""
        self.shared = False
        """Whether its last prompt was answered by a deduplicated completion."""

    def failed(self, failure: Failure) -> Decision:
        """Return the decision of a turn that failed by the record."""
        return Decision(self.view.who, self.view.turn, (), failure.marks, failure.reason)

    def leave(self) -> Decision:
        """Give the turn up, as the run stops; a resume does it again."""
        self.deciding.close()
        return Decision(self.view.who, self.view.turn, (), left=True)


class TurnResults(NamedTuple):
    """The decisions of some turns, and the model calls that finished on the way."""

    decisions: list[Decision]
    calls: list[Call]
    shared: list[Call]
    """The calls answered by a deduplicated completion; the model was not called for them."""


Inbox: TypeAlias = "asyncio.Queue[list[tuple[Turn, Completion]] | BaseException]"
"""The queue of completions that one call of `Host.think` reads; an exception ends that call."""
