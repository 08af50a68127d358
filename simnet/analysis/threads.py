"""Threads of posts with their replies and reactions, built from a table of events."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa

from simnet.foundation.text import counted
from simnet.world.events import DONE, Event
from simnet.world.verbs import RELATION_OF


@dataclass(slots=True)
class Post:
    """One post with its replies, reactions and reposts."""

    id: int
    event: Event
    """The event that made it."""
    parent: "Post | None" = None
    quotes: int | None = None
    """The post it quotes."""
    replies: list["Post"] = field(default_factory=list)
    reactions: Counter[str] = field(default_factory=Counter)
    """Number of each kind of reaction it has at the end."""
    reposts: int = 0
    """Number of reposts and quotes."""
    removed_by: str | None = None
    labels: list[str] = field(default_factory=list)
    attempts: list[Event] = field(default_factory=list)
    """Refused and failed actions on it."""

    def counts(self) -> list[str]:
        """List its reactions and reposts in words, such as `2 likes`."""
        told = [(count, kind) for kind, count in sorted(self.reactions.items()) if count > 0]
        told += [(self.reposts, "repost")] if self.reposts else []
        return [counted(count, kind) for count, kind in told]


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


def gather(events: Iterable[Event], relations: Mapping[str, str] = RELATION_OF) -> Threads:
    """Build threads from events in order of time.

    `relations` gives the relation of each verb to the post it is about; `Run.relations` has them.
    """
    threads = Threads([], {}, [], Counter(), Counter())
    reacted: dict[tuple[str, int], str] = {}
    for event in events:
        if event.outcome != DONE:
            _add_undone(threads, event)
            continue
        threads.done[event.verb] += 1
        if event.made is not None:
            _publish(threads, event.made, event, relations.get(event.verb))
        elif event.post is not None and (post := threads.posts.get(event.post)):
            _apply(post, event, relations.get(event.verb), reacted)
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


def _publish(threads: Threads, number: int, event: Event, relation: str | None) -> None:
    post = threads.posts[number] = Post(number, event)
    about = threads.posts.get(event.post) if event.post is not None else None
    if about is not None and relation == "reply":
        post.parent = about
        about.replies.append(post)
        return
    if relation == "quote":
        post.quotes = event.post
        if about is not None:
            about.reposts += 1
    threads.roots.append(post)


def _add_undone(threads: Threads, event: Event) -> None:
    threads.undone[event.outcome, event.verb] += 1
    post = threads.posts.get(event.post) if event.post is not None else None
    (threads.missed if post is None else post.attempts).append(event)


def _apply(
    post: Post, event: Event, relation: str | None, reacted: dict[tuple[str, int], Any]
) -> None:
    match relation:
        case "reaction":
            _react(post, (event.who, post.id), event.text or event.verb, reacted)
        case "retraction":
            _react(post, (event.who, post.id), None, reacted)
        case "repost":
            post.reposts += 1
        case "removal":
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
