"""What a persona remembers, and what of it a prompt recalls.

A memory is bounded twice: it keeps so many entries, and a prompt recalls so many tokens of
them. So no turn costs more than another because a run is long. What is recalled is a function
of what the persona saw and did, hence the same wherever the persona lives.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, inf, log
from typing import NamedTuple, Protocol, TypeAlias
from zlib import crc32

from simnet.clock import HOUR, Seconds, format_age
from simnet.errors import ScenarioError
from simnet.text import cut, one_line
from simnet.world.actions import Action
from simnet.world.posts import PostSeen, View

CHARACTERS_PER_TOKEN = 4
LONGEST_ENTRY = 160
"""Characters of an entry; a longer text is cut."""
LN2 = log(2)
SHORTEST_BUDGET = 16
"""Tokens below which hardly an entry could be recalled."""
COMMON_WORDS = 3
"""Letters up to which a word says little about what a text is about."""

SAW = "saw"
TOLD = "told"
DID = "did"
THOUGHT = "thought"

TO_YOU = frozenset({"replied to you", "quoted you"})
"""Values of `View.why` of posts that are meant for the viewer."""

Words: TypeAlias = frozenset[int]

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Recall:
    """Remember what one saw, was told and did, and recall what matters now.

    An entry's score is the weighted sum of recency, importance and relevance, each from 0 to 1.
    The best are recalled, oldest first, as far as `tokens` reach. Source: the memory stream of
    Park et al. 2023, "Generative Agents". Here importance follows from what kind of thing it
    is, and relevance from the words that an entry shares with what is new: no model is asked.
    """

    tokens: int = 120
    """Tokens of a prompt, at four characters each, that memories may take."""
    half_life: Seconds = 6 * HOUR
    """Time after which recency has halved."""
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Of recency, importance and relevance."""
    keeps: int = 100
    """Entries kept; those that are old and of little importance go first."""
    reflect_every: int = 0
    """Turns after which a model sums up what they came to; 0 is never."""

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
    """What one agent remembers."""

    @property
    def reflects(self) -> bool:
        """Whether it is time to ask a model what it all comes to."""
        ...

    def lines(self, view: View) -> Sequence[str]:
        """Say what comes to mind at the sight of `view`, with a heading; empty if nothing."""
        ...

    def note(self, view: View, actions: Sequence[Action]) -> None:
        """Keep what was seen and done in one turn."""
        ...

    def matter(self, now: Seconds) -> Sequence[str]:
        """List what a reflection is to be about."""
        ...

    def conclude(self, thought: str | None, now: Seconds) -> None:
        """Keep what a reflection came to; None if it came to nothing."""
        ...


def memory_of(settings: int | Recall) -> Memory:
    """Make an empty memory: of one's own last actions if `settings` is how many."""
    return LastActions(settings) if isinstance(settings, int) else MemoryStream(settings)


class LastActions:
    """One's own last actions, in the order in which they were done."""

    __slots__ = ("_most", "done")

    reflects = False

    def __init__(self, most: int) -> None:
        self._most = most
        self.done: list[str] = []
        """Oldest first."""

    def lines(self, view: View) -> Sequence[str]:
        """List them all."""
        return ["Lately you did:", *self.done] if self.done else ()

    def note(self, view: View, actions: Sequence[Action]) -> None:
        """Keep what was done and forget what is too long ago."""
        if self._most and actions:
            self.done += [_told(action) for action in actions]
            del self.done[: -self._most]

    def matter(self, now: Seconds) -> Sequence[str]:
        """List nothing: it never reflects."""
        return ()

    def conclude(self, thought: str | None, now: Seconds) -> None:
        """Keep nothing."""


class Entry(NamedTuple):
    """One thing remembered."""

    at: Seconds
    kind: str
    """saw | told | did | thought"""
    text: str
    importance: float
    """From 0 to 1."""
    words: Words


class MemoryStream:
    """Everything that happened to one, and a way to recall what matters; see `Recall`."""

    __slots__ = ("_count", "_entries", "_settings", "_turns")

    def __init__(self, settings: Recall) -> None:
        self._settings = settings
        self._entries: dict[int, Entry] = {}
        """By the number of the post that was seen; other things have negative numbers."""
        self._count = 0
        self._turns = 0

    @property
    def entries(self) -> list[Entry]:
        """List what is kept, in the order in which it came."""
        return list(self._entries.values())

    @property
    def reflects(self) -> bool:
        """Whether enough turns have passed since the last reflection."""
        return 0 < self._settings.reflect_every <= self._turns

    def lines(self, view: View) -> Sequence[str]:
        """Say what is recent, important and about what is new, and not in view anyway."""
        in_view = {post.id for post in view.posts}
        new: Words = frozenset().union(*(words_of(text) for text in _new(view)))
        known = [entry for number, entry in self._entries.items() if number not in in_view]
        heading = "You remember:"
        chosen = self._best(known, new, view.now, self._settings.tokens, len(heading) + 1)
        return [heading, *chosen] if chosen else ()

    def note(self, view: View, actions: Sequence[Action]) -> None:
        """Keep what was seen and done; forget the least if there is too much."""
        for post, why in zip(view.posts, view.why, strict=True):
            if post.id not in self._entries:
                meant = why in TO_YOU
                text = f"@{post.author}{f' {why}' if meant else ''}: {post.text}"
                kind, importance = (TOLD, 0.8) if meant else (SAW, 0.2)
                self._entries[post.id] = _entry(view.now, kind, text, importance)
        for message in view.messages:
            self._keep(view.now, TOLD, f"@{message.sender} wrote to you: {message.text}", 0.8)
        posts = {post.id: post for post in view.posts}
        for action in actions:
            about = posts.get(getattr(action, "post", -1))
            spoke = bool(getattr(action, "text", None))
            self._keep(view.now, DID, _told(action, about), 0.5 if spoke else 0.3)
        self._turns += 1
        self._forget(view.now)

    def matter(self, now: Seconds) -> Sequence[str]:
        """List what was most important of late."""
        return self._best(self._entries.values(), frozenset(), now, 4 * self._settings.tokens)

    def conclude(self, thought: str | None, now: Seconds) -> None:
        """Keep a thought as the most important of memories."""
        self._turns = 0
        if thought is not None:
            self._keep(now, THOUGHT, thought, 1.0)

    def _keep(self, at: Seconds, kind: str, text: str, importance: float) -> None:
        self._count += 1
        self._entries[-self._count] = _entry(at, kind, text, importance)

    def _forget(self, now: Seconds) -> None:
        """Drop a fifth at once, so that looking for what matters least is rare."""
        if len(self._entries) > self._settings.keeps:
            worth = {number: self._worth(one, now) for number, one in self._entries.items()}
            too_many = len(worth) - max(1, self._settings.keeps * 4 // 5)
            for number in sorted(worth, key=worth.__getitem__)[:too_many]:
                del self._entries[number]

    def _worth(self, entry: Entry, now: Seconds) -> float:
        recency, importance, _ = self._settings.weights
        age = (now - entry.at) / self._settings.half_life
        return recency * exp(-age * LN2) + importance * entry.importance

    def _best(
        self, entries: Iterable[Entry], new: Words, now: Seconds, tokens: int, taken: int = 0
    ) -> list[str]:
        """Choose the entries with the best scores that fit into `tokens`, oldest first."""
        relevance = self._settings.weights[2]
        scored = [
            (self._worth(entry, now) + relevance * overlap(entry.words, new), place, entry)
            for place, entry in enumerate(entries)
        ]
        scored.sort(key=lambda one: one[:2], reverse=True)
        room = tokens * CHARACTERS_PER_TOKEN - taken
        chosen = []
        for _, place, entry in scored:
            if len(entry.text) >= room:
                continue
            line = _line(entry, now)
            if len(line) < room:
                room -= len(line) + 1
                chosen.append((place, line))
        return [line for _, line in sorted(chosen)]


@lru_cache(maxsize=16_384)
def words_of(text: str) -> Words:
    """Reduce a text to the hashes of its words, without short ones."""
    return frozenset(
        crc32(word.encode("utf-8", "surrogatepass"))
        for word in _WORD.findall(text.casefold())
        if len(word) > COMMON_WORDS
    )


def overlap(words: Words, new: Words) -> float:
    """Tell which share of `words` is among the `new`: 0 to 1; few words count as three."""
    return len(words & new) / max(3, len(words)) if words else 0.0


def _entry(at: Seconds, kind: str, text: str, importance: float) -> Entry:
    return Entry(at, kind, cut(one_line(text), LONGEST_ENTRY), importance, words_of(text))


def _line(entry: Entry, now: Seconds) -> str:
    verb = {DID: "you did: ", THOUGHT: "you thought: "}.get(entry.kind, "")
    return f"{format_age(now - entry.at)} ago {verb}{entry.text}"


def _new(view: View) -> Iterable[str]:
    yield from (post.text for post in view.posts)
    yield from (message.text for message in view.messages)
    yield from view.news


def _told(action: Action, about: PostSeen | None = None) -> str:
    """Tell what one did, and about which post if that is known."""
    text = getattr(action, "text", None)
    whom = getattr(action, "whom", None) or (about.author if about else None)
    told = [action.verb, f"@{whom}" if whom else "", f'"{one_line(text)}"' if text else ""]
    if about is not None:
        told.append(f'about "{cut(about.text, LONGEST_ENTRY // 2)}"')
    return " ".join(filter(None, told))
