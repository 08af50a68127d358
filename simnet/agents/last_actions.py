"""The simplest memory: an agent's own last actions."""

from collections.abc import Sequence

from simnet.agents.memory_entries import (
    REMEMBERED,
    Exchange,
    describe_action,
    describe_exchange,
    holds,
)
from simnet.clock import Seconds
from simnet.foundation.text import one_line
from simnet.world.actions import Action
from simnet.world.state.posts import View


class LastActions:
    """Keeps an agent's own last actions."""

    __slots__ = ("_most", "done", "implanted")

    reflects = False

    def __init__(self, most: int) -> None:
        self._most = most
        self.done: list[str] = []
        """Oldest first; with what was asked and answered in between."""
        self.implanted: list[str] = []
        """What interventions added, oldest first."""

    def __copy__(self) -> "LastActions":
        fresh = LastActions(self._most)
        fresh.done, fresh.implanted = self.done.copy(), self.implanted.copy()
        return fresh

    def lines(self, view: View) -> Sequence[str]:
        """List all of them, oldest first, then what interventions added."""
        return self._listed(self.done)

    def beside_actions(self) -> Sequence[str]:
        """List what was asked outside of the agent's turns, and what interventions added."""
        return self._listed([line for line in self.done if isinstance(line, Exchange)])

    def _listed(self, done: Sequence[str]) -> Sequence[str]:
        if self.implanted:
            return [REMEMBERED, *(f"you did: {line}" for line in done), *self.implanted]
        return ["Lately you did:", *done] if done else ()

    def note(self, view: View, actions: Sequence[Action]) -> None:
        """Add the turn's actions and drop the oldest beyond the limit."""
        if self._most and actions:
            self.done += [describe_action(action) for action in actions]
            del self.done[: -self._most]

    def note_exchange(self, now: Seconds, question: str, answer: str) -> None:
        """Add the exchange like an action."""
        if self._most:
            self.done.append(describe_exchange(question, answer))
            del self.done[: -self._most]

    def reflection_input(self, now: Seconds) -> Sequence[str]:
        """List nothing: there are no reflections."""
        return ()

    def add_reflection(self, thought: str | None, now: Seconds) -> None:
        """Do nothing: there are no reflections."""

    def implant(self, text: str, now: Seconds) -> None:
        """Add a memory, which is kept until it is forgotten."""
        self.implanted.append(one_line(text))

    def forget(self, words: str) -> None:
        """Remove the memories that hold these words."""
        self.done = [line for line in self.done if not holds(line, words)]
        self.implanted = [line for line in self.implanted if not holds(line, words)]
