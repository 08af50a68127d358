"""One persona that acts: who it is, what it remembers, how it decides."""

from collections.abc import Generator
from typing import NamedTuple

from simnet.agents import marks, prompts
from simnet.agents.ask import Ask
from simnet.agents.mind import Mind
from simnet.errors import ModelError
from simnet.inference.model import Completion, Prompt
from simnet.personas.persona import Persona
from simnet.world.actions import Action
from simnet.world.posts import View

NEAR = 8
"""Characters by which two texts that differ in punctuation and spaces may differ in length."""
REMEMBERED_GISTS = 256
"""How many of its own last texts an agent compares a new one with."""


class Decision(NamedTuple):
    """What an agent does in one turn, or why it does nothing."""

    who: str
    turn: int
    actions: tuple[Action, ...]
    marks: tuple[str, ...] = ()
    failure: str | None = None


class Agent:
    """A persona, its cohort's mind and its own memory."""

    __slots__ = ("_finish", "_gists", "_told", "memory", "mind", "persona")

    def __init__(self, persona: Persona, mind: Mind) -> None:
        self.persona = persona
        self.mind = mind
        self.memory: list[str] = []
        """One's own last actions, oldest first, at most `mind.memory`."""
        self._gists: dict[str, None] = {}
        self._told: str | None = None
        self._finish = "stop"

    @property
    def told(self) -> str:
        """What a model is told before anything else, the same at every turn."""
        if self._told is None:
            self._told = prompts.instructions(self.mind, self.persona)
        return self._told

    def note_finish(self, completion: Completion) -> None:
        """Remember how the turn's last completion ended, for its marks."""
        self._finish = completion.finish

    def decide(self, view: View) -> Generator[Prompt, Completion, Decision]:
        """Run the behaviour on one view: yields prompts, wants completions, returns a Decision.

        A reply that cannot be used is a Decision too, one with a failure. Raises TypeError if
        the behaviour awaits something else than `ask` or returns something else than actions.
        """
        self._finish = "stop"
        try:
            chosen = yield from self.mind.behaviour(self, view, Ask(self, view)).__await__()
        except ModelError as error:
            reason = str(error)
            return Decision(view.who, view.turn, (), self._failure_marks(reason), reason)
        actions = (chosen,) if isinstance(chosen, Action) else tuple(chosen)
        if not all(isinstance(action, Action) for action in actions):
            name = getattr(self.mind.behaviour, "__name__", repr(self.mind.behaviour))
            raise TypeError(f"behaviour {name} returned {chosen!r}, not actions")
        noted = self._marks(actions, view)
        self._remember(actions)
        return Decision(view.who, view.turn, actions, noted)

    def _failure_marks(self, reason: str) -> tuple[str, ...]:
        return (marks.EMPTY,) if "empty" in reason or "no text" in reason else (marks.GARBLED,)

    def _marks(self, actions: tuple[Action, ...], view: View) -> tuple[str, ...]:
        """Mark what is remarkable about the texts of a turn."""
        found: dict[str, None] = {}
        for text in filter(None, (getattr(action, "text", None) for action in actions)):
            if len(text) >= self.mind.text_limit or self._finish == "length":
                found[marks.AT_LIMIT] = None
            if marks.refuses(text):
                found[marks.REFUSAL] = None
            if marks.garbled(text):
                found[marks.GARBLED] = None
            gist = marks.gist(text)
            if gist in self._gists or _echoes(text, gist, view):
                found[marks.REPEAT] = None
            self._gists[gist] = None
            if len(self._gists) > REMEMBERED_GISTS:
                del self._gists[next(iter(self._gists))]
        return tuple(found)

    def _remember(self, actions: tuple[Action, ...]) -> None:
        if self.mind.memory:
            self.memory += [_recalled(action) for action in actions]
            del self.memory[: -self.mind.memory]


def _echoes(text: str, gist: str, view: View) -> bool:
    """Whether a text says what a post in view says; texts of unlike length are not compared."""
    return any(
        abs(len(post.text) - len(text)) <= NEAR and marks.gist(post.text) == gist
        for post in view.posts
    )


def _recalled(action: Action) -> str:
    text = getattr(action, "text", None)
    whom = getattr(action, "whom", None)
    return " ".join(
        filter(None, [action.verb, f"@{whom}" if whom else "", f'"{text}"' if text else ""])
    )
