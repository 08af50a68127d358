"""Entries of memories: what one holds, its words, and its line in a prompt."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple, TypeAlias
from zlib import crc32

from simnet.clock import Seconds, format_age
from simnet.foundation.text import cut, one_line
from simnet.world.actions import Action
from simnet.world.state.posts import Shown, View

LONGEST_ENTRY = 160
"""Characters of an entry; a longer text is cut."""
SHORT_WORD = 3
"""Words of at most this many letters are left out of comparisons, like stop words."""

SEEN = "seen"
ADDRESSED = "addressed"
DONE = "done"
REFLECTION = "reflection"
IMPLANTED = "implanted"
REMEMBERED = "You remember:"
"""The heading of memories in a prompt."""

ADDRESSED_TO_VIEWER = frozenset({"replied to you", "quoted you", "mentioned you"})
"""Values of `View.why` for posts that address the viewer."""

Words: TypeAlias = frozenset[int]

_WORD = re.compile(r"\w+")


class Entry(NamedTuple):
    """One memory."""

    at: Seconds
    kind: str
    """seen | addressed | done | reflection | implanted"""
    text: str
    importance: float
    """From 0 to 1."""
    words: Words
    quoted: str = ""
    """What another member wrote; it follows `text`, and is marked in a prompt."""

    @property
    def whole(self) -> str:
        """The text with what is quoted, unmarked."""
        return f"{self.text} {self.quoted}" if self.quoted else self.text


@lru_cache(maxsize=16_384)
def words_of(text: str) -> Words:
    """Return the hashes of a text's words, without short ones."""
    return frozenset(
        crc32(word.encode("utf-8", "surrogatepass"))
        for word in _WORD.findall(text.casefold())
        if len(word) > SHORT_WORD
    )


def overlap(words: Words, others: Words) -> float:
    """Return the share of `words` that is in `others`, 0 to 1; fewer than 3 words count as 3."""
    return len(words & others) / max(3, len(words)) if words else 0.0


def holds(text: str, words: str) -> bool:
    """Tell whether a text holds words, in any case."""
    return words.casefold() in text.casefold()


def make_entry(
    at: Seconds, kind: str, text: str, importance: float, quoted: str | None = None
) -> Entry:
    """Make an entry; its texts are on one line, and together cut if they are long."""
    words = words_of(text if quoted is None else f"{text} {quoted}")
    text = cut(one_line(text), LONGEST_ENTRY)
    room = LONGEST_ENTRY - len(text)
    shown = cut(one_line(quoted), room) if quoted and room > len("...") else ""
    return Entry(at, kind, text, importance, words, shown)


def entry_line(entry: Entry, now: Seconds, quote: Callable[[str], str]) -> str:
    """Write an entry as a line of a prompt; `quote` marks what others wrote."""
    verb = {DONE: "you did: ", REFLECTION: "you thought: "}.get(entry.kind, "")
    quoted = f" {quote(entry.quoted)}" if entry.quoted else ""
    return f"{format_age(now - entry.at)} ago {verb}{entry.text}{quoted}"


def texts_in(view: View) -> Iterable[str]:
    """Yield the texts that a view shows."""
    yield from (post.text for post in view.posts)
    yield from (message.text for message in view.messages)
    yield from view.news


def describe_action(action: Action, about: Shown | None = None) -> str:
    """Describe an action; with the post it is about, words that its text may follow."""
    text = getattr(action, "text", None)
    whom = getattr(action, "whom", None) or (about.author if about else None)
    parts = [action.verb, f"@{whom}" if whom else "", f'"{one_line(text)}"' if text else ""]
    if about is not None:
        parts.append("about")
    return " ".join(filter(None, parts))


class Exchange(str):
    """The text of a question that was put to an agent outside of its turns, and its answer."""

    __slots__ = ()


def describe_exchange(question: str, answer: str) -> Exchange:
    """Describe a question that was put to the agent and its answer, like an action."""
    half = LONGEST_ENTRY // 2 - 12
    asked, said = (cut(one_line(text.strip()), half) for text in (question, answer))
    return Exchange(f'answered "{said}" when asked "{asked}"')
