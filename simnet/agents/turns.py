"""Turns under way, and prompts that many of them ask alike."""

import asyncio
from collections.abc import Generator, Iterable, Sequence
from typing import TypeAlias

from simnet.agents import reply_flags
from simnet.agents.hosted_agent import HostedAgent
from simnet.inference.model import Completion, Prompt
from simnet.world.decision import Decision
from simnet.world.posts import View

KNOWN = 1024
"""Completions of shared prompts that are kept for whoever asks the same later."""


class Turn:
    """One turn of one agent."""

    __slots__ = ("agent", "calls", "deciding", "prompt", "shared", "view")

    def __init__(self, agent: HostedAgent, view: View) -> None:
        self.agent = agent
        self.view = view
        self.deciding: Generator[Prompt, Completion, Decision] = agent.decide(view)
        self.calls = 0
        self.prompt: Prompt | None = None
        self.shared = False
        """Whether its last prompt was answered by the completion of another's."""


Inbox: TypeAlias = "asyncio.Queue[list[tuple[Turn, Completion]] | BaseException]"
"""Where turns wait for completions."""


class PromptDeduplicator:
    """Has a prompt that many turns ask alike asked once; all that wait get the completion.

    Only turns marked `archetype` share, so it costs the others nothing. A completion is given
    to those who ask while it is under way and, if it is usable, to those who ask later.
    """

    def __init__(self) -> None:
        self._waiting: dict[Prompt, list[tuple[Turn, Inbox]]] = {}
        self._known: dict[Prompt, Completion] = {}

    def sift(self, turns: Sequence[Turn], inbox: Inbox) -> tuple[list[Turn], list[Prompt]]:
        """Leave out turns that another's completion answers.

        Returns the turns that have to ask, and the prompts among theirs that others may share.
        """
        asking: list[Turn] = []
        leading: list[Prompt] = []
        known: list[tuple[Turn, Completion]] = []
        for turn in turns:
            prompt = turn.prompt
            if prompt is None or reply_flags.ARCHETYPE not in turn.agent.marked:
                asking.append(turn)
            elif prompt in self._known:
                known.append((turn, self._known[prompt]))
            elif prompt in self._waiting:
                self._waiting[prompt].append((turn, inbox))
            else:
                self._waiting[prompt] = []
                asking.append(turn)
                leading.append(prompt)
        _answer(known, inbox)
        return asking, leading

    def settle(self, finished: Iterable[tuple[Turn, Completion]]) -> None:
        """Give the completions of shared prompts to all that wait for them."""
        answered: dict[Inbox, list[tuple[Turn, Completion]]] = {}
        for leader, done in finished:
            prompt = leader.prompt
            if prompt is None or prompt not in self._waiting:
                continue
            if done.usable:
                self._known[prompt] = done
                if len(self._known) > KNOWN:
                    del self._known[next(iter(self._known))]
            for turn, inbox in self._waiting.pop(prompt):
                answered.setdefault(inbox, []).append((turn, done))
        for inbox, answers in answered.items():
            _answer(answers, inbox)

    def give_up(self, prompts: Sequence[Prompt], error: Exception) -> None:
        """Raise `error` for all that still wait for one of these prompts."""
        for prompt in prompts:
            for _, inbox in self._waiting.pop(prompt, ()):
                inbox.put_nowait(error)


def _answer(answers: list[tuple[Turn, Completion]], inbox: Inbox) -> None:
    for turn, _ in answers:
        turn.shared = True
    if answers:
        inbox.put_nowait(answers)
