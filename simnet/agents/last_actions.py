"""The simplest memory: an agent's own last actions."""

from collections.abc import Sequence

from simnet.agents.memory_texts import Exchange, describe, exchange
from simnet.clock import Seconds
from simnet.world.actions import Action
from simnet.world.state.posts import View


class LastActions:
    """Keeps an agent's own last actions."""

    __slots__ = ("_most", "done")

    reflects = False

    def __init__(self, most: int) -> None:
        self._most = most
        self.done: list[str] = []
        """Oldest first; with what was asked and answered in between."""

    def lines(self, view: View) -> Sequence[str]:
        """List all of them, oldest first."""
        return ["Lately you did:", *self.done] if self.done else ()

    def exchanges(self) -> Sequence[str]:
        """List those of them in which the agent was asked something outside of its turns."""
        found = [line for line in self.done if isinstance(line, Exchange)]
        return ["Lately you did:", *found] if found else ()

    def note(self, view: View, actions: Sequence[Action]) -> None:
        """Add the turn's actions and drop the oldest beyond the limit."""
        if self._most and actions:
            self.done += [describe(action) for action in actions]
            del self.done[: -self._most]

    def note_exchange(self, now: Seconds, question: str, answer: str) -> None:
        """Add the exchange like an action."""
        if self._most:
            self.done.append(exchange(question, answer))
            del self.done[: -self._most]

    def reflection_input(self, now: Seconds) -> Sequence[str]:
        """List nothing: there are no reflections."""
        return ()

    def add_reflection(self, thought: str | None, now: Seconds) -> None:
        """Do nothing: there are no reflections."""
