"""What an agent remembers, and which of its memories a prompt contains.

A memory has two limits: the number of entries it keeps, and the tokens of a prompt they may
take. So the cost of a turn does not grow with the length of a run. What a prompt contains is a
function of what the agent saw and did, so it does not depend on which process holds the agent.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import exp, inf, log
from typing import Protocol

from simnet.agents.last_actions import LastActions
from simnet.agents.memory_entries import (
    ADDRESSED,
    ADDRESSED_TO_VIEWER,
    DONE,
    IMPLANTED,
    LONGEST_ENTRY,
    REFLECTION,
    REMEMBERED,
    SEEN,
    Entry,
    Words,
    describe_action,
    describe_exchange,
    entry_line,
    holds,
    make_entry,
    overlap,
    texts_in,
    words_of,
)
from simnet.clock import HOUR, Seconds
from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked
from simnet.foundation.text import CHARACTERS_PER_TOKEN, cut
from simnet.world.actions import Action
from simnet.world.state.posts import View
from simnet.world.state.viewer_changes import MemoryChange

LN2 = log(2)
SHORTEST_BUDGET = 16
"""Smallest `Recall.tokens`; less has no room for an entry."""


@checked
@dataclass(frozen=True)
class Recall:
    """Settings of a memory stream: what an agent saw, was told and did.

    An entry's score is the weighted sum of recency, importance and relevance, each from 0 to 1.
    The entries with the best scores that fit into `tokens` enter the prompt, oldest first.
    Source: Park et al. 2023, "Generative Agents". Importance depends only on the kind of entry,
    and relevance on the words that an entry shares with the view: no model is called.
    """

    tokens: int = 120
    """Tokens of a prompt, at four characters each, that memories may take."""
    half_life: Seconds = 6 * HOUR
    """Simulated seconds after which recency has halved."""
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Of recency, importance and relevance."""
    keeps: int = 100
    """Entries kept; the oldest and least important are dropped first."""
    reflect_every: int = 0
    """Turns between two reflections, in which a model sums up memories; 0 is never."""

    def __post_init__(self) -> None:
        self._check(self.tokens >= SHORTEST_BUDGET, f"tokens={self.tokens}; give 16 or more")
        self._check(0 < self.half_life < inf, f"half_life={self.half_life}; give a positive time")
        self._check(
            len(self.weights) == 3 and all(0 <= one < inf for one in self.weights),
            f"weights={self.weights}; give three numbers, 0 or more",
        )
        self._check(self.keeps > 0, f"keeps={self.keeps}; keep an entry")
        self._check(self.reflect_every >= 0, f"reflect_every={self.reflect_every}; 0 is never")

    def _check(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise ScenarioError(f"Recall: {otherwise}")


class Memory(Protocol):
    """The memory of one agent."""

    @property
    def reflects(self) -> bool:
        """Whether a reflection is due."""
        ...

    def lines(self, view: View) -> Sequence[str]:
        """List a heading and the memories for the prompt about `view`; empty if there are none."""
        ...

    def note(self, view: View, actions: Sequence[Action]) -> None:
        """Add what was seen and done in one turn."""
        ...

    def note_exchange(self, now: Seconds, question: str, answer: str) -> None:
        """Add a question that was put to the agent outside of its turns, and its answer."""
        ...

    def reflection_input(self, now: Seconds) -> Sequence[str]:
        """List the memories that a reflection sums up."""
        ...

    def add_reflection(self, thought: str | None, now: Seconds) -> None:
        """Add the result of a reflection; None if the model gave no usable reply."""
        ...

    def implant(self, text: str, now: Seconds) -> None:
        """Add a memory of something the agent neither saw nor did."""
        ...

    def forget(self, words: str) -> None:
        """Remove the memories that hold these words, in any case; all, if there are none."""
        ...


def memory_of(settings: int | Recall, quote: Callable[[str], str]) -> Memory:
    """Create an empty memory; a number keeps that many of the agent's own last actions.

    `quote` marks what others wrote.
    """
    return LastActions(settings) if isinstance(settings, int) else MemoryStream(settings, quote)


class MemoryStream:
    """Keeps what an agent saw, was told and did; selects by score. See `Recall`."""

    __slots__ = ("_count", "_entries", "_quote", "_settings", "_turns")

    def __init__(self, settings: Recall, quote: Callable[[str], str]) -> None:
        """Create an empty memory; `quote` marks what others wrote."""
        self._settings = settings
        self._quote = quote
        self._entries: dict[int, Entry] = {}
        """By post id; entries that are no posts have negative keys."""
        self._count = 0
        self._turns = 0

    def __copy__(self) -> "MemoryStream":
        fresh = MemoryStream(self._settings, self._quote)
        fresh._entries = self._entries.copy()
        fresh._count, fresh._turns = self._count, self._turns
        return fresh

    @property
    def entries(self) -> list[Entry]:
        """List the entries in the order in which they were added."""
        return list(self._entries.values())

    @property
    def reflects(self) -> bool:
        """Whether enough turns have passed since the last reflection."""
        return 0 < self._settings.reflect_every <= self._turns

    def lines(self, view: View) -> Sequence[str]:
        """Select the entries with the best scores, without posts that are in view."""
        in_view = {post.id for post in view.posts}
        words: Words = frozenset().union(*(words_of(text) for text in texts_in(view)))
        candidates = [entry for number, entry in self._entries.items() if number not in in_view]
        used = len(REMEMBERED) + 1
        chosen = self._best(candidates, words, view.now, self._settings.tokens, used)
        return [REMEMBERED, *chosen] if chosen else ()

    def note(self, view: View, actions: Sequence[Action]) -> None:
        """Add what was seen and done; drop the entries of the least value beyond the limit."""
        for post, why in zip(view.posts, view.why, strict=True):
            if post.id not in self._entries:
                addressed = why in ADDRESSED_TO_VIEWER
                text = f"@{post.author}{f' {why}' if addressed else ''}:"
                kind, importance = (ADDRESSED, 0.8) if addressed else (SEEN, 0.2)
                self._entries[post.id] = make_entry(view.now, kind, text, importance, post.text)
        for message in view.messages:
            self._add(view.now, ADDRESSED, f"@{message.sender} wrote to you:", 0.8, message.text)
        posts = {post.id: post for post in view.posts}
        for action in actions:
            about = posts.get(getattr(action, "post", -1))
            has_text = bool(getattr(action, "text", None))
            text, importance = describe_action(action, about), 0.5 if has_text else 0.3
            quoted = cut(about.text, LONGEST_ENTRY // 2) if about else None
            self._add(view.now, DONE, text, importance, quoted)
        self._turns += 1
        self._trim(view.now)

    def note_exchange(self, now: Seconds, question: str, answer: str) -> None:
        """Add the exchange, as important as what was addressed to the agent."""
        self._add(now, DONE, describe_exchange(question, answer), 0.8)
        self._trim(now)

    def reflection_input(self, now: Seconds) -> Sequence[str]:
        """List the most recent and important memories, in at most four times `Recall.tokens`."""
        return self._best(self._entries.values(), frozenset(), now, 4 * self._settings.tokens)

    def add_reflection(self, thought: str | None, now: Seconds) -> None:
        """Add a thought with the highest importance."""
        self._turns = 0
        if thought is not None:
            self._add(now, REFLECTION, thought, 1.0)

    def implant(self, text: str, now: Seconds) -> None:
        """Add an entry with the highest importance."""
        self._add(now, IMPLANTED, text, 1.0)

    def forget(self, words: str) -> None:
        """Remove the entries that hold these words."""
        kept = {n: entry for n, entry in self._entries.items() if not holds(entry.whole, words)}
        self._entries = kept

    def _add(
        self, at: Seconds, kind: str, text: str, importance: float, quoted: str | None = None
    ) -> None:
        self._count += 1
        self._entries[-self._count] = make_entry(at, kind, text, importance, quoted)

    def _trim(self, now: Seconds) -> None:
        """Drop a fifth of the entries at once, so that sorting them is rare."""
        if len(self._entries) > self._settings.keeps:
            values = {number: self._value(one, now) for number, one in self._entries.items()}
            excess = len(values) - max(1, self._settings.keeps * 4 // 5)
            for number in sorted(values, key=values.__getitem__)[:excess]:
                del self._entries[number]

    def _value(self, entry: Entry, now: Seconds) -> float:
        """Return the score of an entry without its relevance to a view."""
        recency, importance, _ = self._settings.weights
        age = (now - entry.at) / self._settings.half_life
        return recency * exp(-age * LN2) + importance * entry.importance

    def _best(
        self, entries: Iterable[Entry], words: Words, now: Seconds, tokens: int, used: int = 0
    ) -> list[str]:
        """Format the entries with the best scores that fit into `tokens`, oldest first.

        `used` characters are taken already.
        """
        relevance = self._settings.weights[2]
        scored = [
            (self._value(entry, now) + relevance * overlap(entry.words, words), place, entry)
            for place, entry in enumerate(entries)
        ]
        scored.sort(key=lambda one: one[:2], reverse=True)
        room = tokens * CHARACTERS_PER_TOKEN - used
        chosen = []
        for _, place, entry in scored:
            if len(entry.text) + len(entry.quoted) >= room:
                continue
            line = entry_line(entry, now, self._quote)
            if len(line) < room:
                room -= len(line) + 1
                chosen.append((place, line))
        return [line for _, line in sorted(chosen)]


def change_memory(memory: Memory, changes: Sequence[MemoryChange], now: Seconds) -> None:
    """Let interventions add to a memory and take from it."""
    for change in changes:
        if change.adds:
            memory.implant(change.text, now)
        else:
            memory.forget(change.text)
