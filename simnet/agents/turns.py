"""Turns in progress."""

import asyncio
from collections.abc import Callable, Generator
from functools import partial
from typing import TypeAlias

from simnet.agents.hosted_agent import HostedAgent
from simnet.agents.prompting.fitting import Failure
from simnet.inference.model import Completion, Prompt
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


Inbox: TypeAlias = "asyncio.Queue[list[tuple[Turn, Completion]] | BaseException]"
"""The queue of completions that one call of `Host.think` reads; an exception ends that call."""
