"""Formats posts as lines of a prompt; lines are cached, as most posts have many readers."""

from collections.abc import Callable
from typing import NamedTuple

from simnet.agents.memory_entries import ADDRESSED_TO_VIEWER
from simnet.clock import HOUR, Seconds, format_age
from simnet.foundation.text import counted, one_line
from simnet.world.state.posts import Reported, Shown, View

CACHED = 65_536
"""Posts in the cache at most."""
_COUNTED = (
    ("like", "likes"),
    ("dislike", "dislikes"),
    ("reply", "replies"),
    ("repost", "reposts"),
)
"""The counts of a Shown, in their order, in the singular and the plural."""


class _FormattedPost(NamedTuple):
    """The text before and after the age of a post, which depends on the time."""

    post: Shown
    """Keeps the object alive, so that no other object gets its `id()`."""
    at: Seconds
    author: str
    rest: str


class PostFormatter:
    """Formats the posts of views for a model."""

    def __init__(self, quote: Callable[[str], str]) -> None:
        """Create an empty cache; `quote` marks text that others wrote."""
        self._quote = quote
        self._cache: dict[tuple[int, str], _FormattedPost] = {}
        """By `id(post)`, as hashing all fields takes longer, and the reason it is in the feed."""

    def posts(self, view: View) -> list[str]:
        """Format the posts of a view, one numbered line each."""
        cache, now = self._cache, view.now
        lines = []
        for number, (post, why) in enumerate(zip(view.posts, view.why, strict=True), 1):
            formatted = cache.get((id(post), why)) or self._add(post, why)
            _, at, author, rest = formatted
            lines.append(f"{number} {author}{age(now - at)}{rest}")
        if view.reports:
            return [line + self.reports(one) for line, one in zip(lines, view.reports, strict=True)]
        return lines

    def reports(self, reported: Reported) -> str:
        """Write how a post was reported, for a moderator; empty if it was not."""
        notes = []
        if reported.members:
            reasons = "; ".join(map(self._quote, reported.reasons))
            notes.append(f"reported by {reported.members}: {reasons}")
        if reported.strikes:
            notes.append(f"author warned or suspended {counted(reported.strikes, 'time')}")
        return f" ({'; '.join(notes)})" if notes else ""

    def _add(self, post: Shown, why: str) -> _FormattedPost:
        if len(self._cache) >= CACHED:
            self._cache.clear()
        author, rest = self._format(post, why)
        formatted = _FormattedPost(post=post, at=post.at, author=author, rest=rest)
        self._cache[id(post), why] = formatted
        return formatted

    def _format(self, post: Shown, why: str) -> tuple[str, str]:
        _, author, text, _, to, quoted, label, *counts, community = post
        recipient = f" to @{to}" if to else ""
        if why in ADDRESSED_TO_VIEWER:
            recipient, why = f" {why}", ""
        if community:
            recipient += f" in {self._quote(one_line(community))}"
        rest = f": {self._quote(text)}"
        if quoted:
            rest += f" quoting {self._quote(quoted)}"
        if label:
            rest += f" [{self._quote(one_line(label))}]"
        if why or any(counts):
            pairs = zip(counts, _COUNTED, strict=True)
            notes = [f"{count} {names[count > 1]}" for count, names in pairs if count]
            rest += f" ({', '.join([*notes, why] if why else notes)})"
        return f"@{author}{recipient}", rest


def age(seconds: Seconds) -> str:
    """Format an age of an hour or more; empty below that, which saves tokens."""
    return f" {format_age(seconds)}" if seconds >= HOUR else ""
