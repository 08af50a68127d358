"""From a table of events to the threads that people would see on the platform."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa

from simnet.world.events import DONE, Event

_TAKES_BACK = {"unlike": "like", "undislike": "dislike"}


@dataclass(slots=True)
class Post:
    """One post, what came of it, and the posts that answer it."""

    id: int
    event: Event
    """The event that made it."""
    parent: "Post | None" = None
    replies: list["Post"] = field(default_factory=list)
    reactions: Counter[str] = field(default_factory=Counter)
    """How many likes, dislikes and feelings it has now."""
    reposts: int = 0
    """How often it was passed on, with words or without."""
    removed_by: str | None = None
    labels: list[str] = field(default_factory=list)
    attempts: list[Event] = field(default_factory=list)
    """What was tried on it and refused."""


class Threads(NamedTuple):
    """What a table of events comes to."""

    roots: list[Post]
    """The posts that begin a thread, oldest first."""
    posts: dict[int, Post]
    missed: list[Event]
    """Refused and failed events that concern no post of the table."""
    done: Counter[str]
    """How often each verb was done."""
    undone: Counter[tuple[str, str]]
    """How often a verb was refused or failed: (outcome, verb) -> count."""


def rows(events: pa.Table) -> Iterator[Event]:
    """Turn a table of events back into events."""
    columns = (events[name].to_pylist() for name in Event._fields)
    for values in zip(*columns, strict=True):
        event = Event(*values)
        yield event._replace(marks=tuple(event.marks), shown=tuple(event.shown))


def gather(events: Iterable[Event]) -> Threads:
    """Put the posts of events, in the order of time, into threads with all that came of them."""
    threads = Threads([], {}, [], Counter(), Counter())
    reacted: dict[tuple[str, int], str] = {}
    for event in events:
        if event.outcome != DONE:
            _miss(threads, event)
            continue
        threads.done[event.verb] += 1
        if event.made is not None:
            _publish(threads, event.made, event)
        elif event.post is not None and (post := threads.posts.get(event.post)):
            _touch(post, event, reacted)
    return threads


def descendants(post: Post) -> Iterator[tuple[int, Post]]:
    """Walk a thread in reading order: (depth below `post`, post), `post` itself first."""
    waiting = [(0, post)]
    while waiting:
        depth, one = waiting.pop()
        yield depth, one
        waiting.extend((depth + 1, reply) for reply in reversed(one.replies))


def involving(threads: Threads, who: str) -> set[int]:
    """Find the posts that lead to what one member wrote or tried: theirs and all above."""
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


def _miss(threads: Threads, event: Event) -> None:
    threads.undone[event.outcome, event.verb] += 1
    post = threads.posts.get(event.post) if event.post is not None else None
    (threads.missed if post is None else post.attempts).append(event)


def _touch(post: Post, event: Event, reacted: dict[tuple[str, int], Any]) -> None:
    match event.verb:
        case "like" | "dislike" | "react":
            reaction = event.text if event.verb == "react" and event.text else event.verb
            _react(post, (event.who, post.id), reaction, reacted)
        case "unlike" | "undislike":
            if reacted.get((event.who, post.id)) == _TAKES_BACK[event.verb]:
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
    """Give a post a member's reaction in place of the one it had."""
    if before := reacted.pop(key, None):
        post.reactions[before] -= 1
    if reaction is not None:
        reacted[key] = reaction
        post.reactions[reaction] += 1
