"""Posts in words. Most posts are told to many readers alike, so the words are kept."""

from collections.abc import Callable
from typing import NamedTuple

from simnet.agents.memory import TO_YOU
from simnet.clock import HOUR, Seconds, format_age
from simnet.text import one_line
from simnet.world.posts import PostSeen, View

KEPT = 65_536
"""Posts whose words are kept at most."""
_COUNTED = (
    ("like", "likes"),
    ("dislike", "dislikes"),
    ("reply", "replies"),
    ("repost", "reposts"),
)
"""The last fields of a PostSeen, as one and as several are told."""


class _Words(NamedTuple):
    """A post in two parts, between which its age goes."""

    post: PostSeen
    """Kept so that no other post has its identity."""
    at: Seconds
    author: str
    rest: str


class Teller:
    """Tells posts to a model."""

    def __init__(self, quote: Callable[[str], str]) -> None:
        """Take what marks the words of others."""
        self._quote = quote
        self._words: dict[tuple[int, str], _Words] = {}
        """By a post's identity, as comparing it by its fields takes longer, and why it is there."""

    def posts(self, view: View) -> list[str]:
        """Tell the posts of a view, a numbered line for each."""
        known, now = self._words, view.now
        lines = []
        for number, (post, why) in enumerate(zip(view.posts, view.why, strict=True), 1):
            words = known.get((id(post), why)) or self._learn(post, why)
            _, at, author, rest = words
            lines.append(f"{number} {author}{age(now - at)}{rest}")
        return lines

    def _learn(self, post: PostSeen, why: str) -> _Words:
        if len(self._words) >= KEPT:
            self._words.clear()
        words = self._words[id(post), why] = _Words(post, post.at, *self._put(post, why))
        return words

    def _put(self, post: PostSeen, why: str) -> tuple[str, str]:
        _, author, text, _, to, quoted, label, *counts = post
        whom = f" to @{to}" if to else ""
        if why in TO_YOU:
            whom, why = f" {why}", ""
        told = f": {self._quote(text)}"
        if quoted:
            told += f" quoting {self._quote(quoted)}"
        if label:
            told += f" [{one_line(label)}]"
        if why or any(counts):
            pairs = zip(counts, _COUNTED, strict=True)
            notes = [f"{count} {names[count > 1]}" for count, names in pairs if count]
            told += f" ({', '.join([*notes, why] if why else notes)})"
        return f"@{author}{whom}", told


def age(seconds: Seconds) -> str:
    """Tell an age of an hour or more; what has none is new, and costs no tokens for it."""
    return f" {format_age(seconds)}" if seconds >= HOUR else ""
