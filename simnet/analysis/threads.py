"""From a table of events to the threads that people would see on the platform."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa

from simnet.world.events import DONE, Event
from simnet.world.verbs import RELATION_OF


@dataclass(slots=True)
class Post:
    """One post, what came of it, and the posts that answer it."""

    id: int
    event: Event
    """The event that made it."""
    parent: "Post | None" = None
    quotes: int | None = None
    """The post it quotes."""
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


def gather(events: Iterable[Event], relations: Mapping[str, str] = RELATION_OF) -> Threads:
    """Put the posts of events, in the order of time, into threads with all that came of them.

    `relations` says what each verb is to the post it is about; of a run, `Run.relations`.
    """
    threads = Threads([], {}, [], Counter(), Counter())
    reacted: dict[tuple[str, int], str] = {}
    for event in events:
        if event.outcome != DONE:
            _miss(threads, event)
            continue
        threads.done[event.verb] += 1
        if event.made is not None:
            _publish(threads, event.made, event, relations.get(event.verb))
        elif event.post is not None and (post := threads.posts.get(event.post)):
            _touch(post, event, relations.get(event.verb), reacted)
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


def _miss(threads: Threads, event: Event) -> None:
    threads.undone[event.outcome, event.verb] += 1
    post = threads.posts.get(event.post) if event.post is not None else None
    (threads.missed if post is None else post.attempts).append(event)


def _touch(
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
    """Give a post a member's reaction in place of the one it had."""
    if before := reacted.pop(key, None):
        post.reactions[before] -= 1
    if reaction is not None:
        reacted[key] = reaction
        post.reactions[reaction] += 1
