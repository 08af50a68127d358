"""Turns in progress."""

import asyncio
from collections.abc import Generator
from typing import TypeAlias

from simnet.agents.hosted_agent import HostedAgent
from simnet.agents.prompting.fitting import Failure
from simnet.inference.model import Completion, Prompt
from simnet.world.decision import Decision
from simnet.world.state.posts import View


class Turn:
    """One turn of one agent."""

    __slots__ = ("agent", "calls", "deciding", "failure", "prompt", "shared", "view")

    def __init__(self, agent: HostedAgent, view: View) -> None:
        self.agent = agent
        self.view = view
        self.deciding: Generator[Prompt, Completion, Decision] = agent.decide(view)
        self.calls = 0
        self.prompt: Prompt | None = None
        self.failure: Failure | None = None
        """How it failed by the record, if it did."""
        self.shared = False
        """Whether its last prompt was answered by a deduplicated completion."""


Inbox: TypeAlias = "asyncio.Queue[list[tuple[Turn, Completion]] | BaseException]"
"""The queue of completions that one call of `Host.think` reads; an exception ends that call."""
