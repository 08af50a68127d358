"""Threads of posts with their replies and reactions, built from a table of events."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa

from simnet.world.events import DONE, Event

_UNDOES = {"unlike": "like", "undislike": "dislike"}


@dataclass(slots=True)
class Post:
    """One post with its replies, reactions and reposts."""

    id: int
    event: Event
    """The event that made it."""
    parent: "Post | None" = None
    replies: list["Post"] = field(default_factory=list)
    reactions: Counter[str] = field(default_factory=Counter)
    """Number of each kind of reaction it has at the end."""
    reposts: int = 0
    """Number of reposts and quotes."""
    removed_by: str | None = None
    labels: list[str] = field(default_factory=list)
    attempts: list[Event] = field(default_factory=list)
    """Refused and failed actions on it."""


class Threads(NamedTuple):
    """The posts of a table of events, and counts of its actions."""

    roots: list[Post]
    """Posts that begin a thread, oldest first."""
    posts: dict[int, Post]
    missed: list[Event]
    """Refused and failed actions that refer to no post of the table."""
    done: Counter[str]
    """Number of actions done, by verb."""
    undone: Counter[tuple[str, str]]
    """Number of refused and failed actions: (outcome, verb) -> count."""


def rows(events: pa.Table) -> Iterator[Event]:
    """Yield the events of a table."""
    columns = (events[name].to_pylist() for name in Event._fields)
    for values in zip(*columns, strict=True):
        event = Event(*values)
        yield event._replace(marks=tuple(event.marks), shown=tuple(event.shown))


def gather(events: Iterable[Event]) -> Threads:
    """Build threads from events in order of time."""
    threads = Threads([], {}, [], Counter(), Counter())
    reacted: dict[tuple[str, int], str] = {}
    for event in events:
        if event.outcome != DONE:
            _add_undone(threads, event)
            continue
        threads.done[event.verb] += 1
        if event.made is not None:
            _publish(threads, event.made, event)
        elif event.post is not None and (post := threads.posts.get(event.post)):
            _apply(post, event, reacted)
    return threads


def descendants(post: Post) -> Iterator[tuple[int, Post]]:
    """Yield (depth below `post`, post) of a thread in reading order, `post` itself first."""
    waiting = [(0, post)]
    while waiting:
        depth, current = waiting.pop()
        yield depth, current
        waiting.extend((depth + 1, reply) for reply in reversed(current.replies))


def involving(threads: Threads, who: str) -> set[int]:
    """Return the ids of posts that a member wrote or acted on in vain, and of those above them."""
    found: set[int] = set()
    for number, post in threads.posts.items():
        if post.event.who == who or any(event.who == who for event in post.attempts):
            above: Post | None = post
            found.add(number)
            while above and (above := above.parent) and above.id not in found:
                found.add(above.id)
    return found


def _publish(threads: Threads, number: int, event: Event) -> None:
    post = threads.posts[number] = Post(number, event)
    other = threads.posts.get(event.post) if event.post is not None else None
    if other is not None and event.verb == "reply":
        post.parent = other
        other.replies.append(post)
        return
    if other is not None:
        other.reposts += 1
    threads.roots.append(post)


def _add_undone(threads: Threads, event: Event) -> None:
    threads.undone[event.outcome, event.verb] += 1
    post = threads.posts.get(event.post) if event.post is not None else None
    (threads.missed if post is None else post.attempts).append(event)


def _apply(post: Post, event: Event, reacted: dict[tuple[str, int], Any]) -> None:
    match event.verb:
        case "like" | "dislike" | "react":
            reaction = event.text if event.verb == "react" and event.text else event.verb
            _react(post, (event.who, post.id), reaction, reacted)
        case "unlike" | "undislike":
            if reacted.get((event.who, post.id)) == _UNDOES[event.verb]:
                _react(post, (event.who, post.id), None, reacted)
        case "repost":
            post.reposts += 1
        case "remove":
            post.removed_by = event.who
        case "label":
            post.labels.append(event.text or "")


def _react(
    post: Post, key: tuple[str, int], reaction: str | None, reacted: dict[tuple[str, int], Any]
) -> None:
    """Replace a member's reaction to a post; None takes it back."""
    if before := reacted.pop(key, None):
        post.reactions[before] -= 1
    if reaction is not None:
        reacted[key] = reaction
        post.reactions[reaction] += 1
