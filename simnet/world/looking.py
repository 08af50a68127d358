"""A look at the world through one member's eyes: it is shown once and then counts as seen."""

from typing import NamedTuple

from simnet.clock import Seconds
from simnet.world.feeds import Choice, Feed, affordable, choose
from simnet.world.posts import Message, View
from simnet.world.rankings import name_of
from simnet.world.world import World

UNREAD = 64
"""Replies and quotes that wait for their reader at most."""
MAIL = 5
"""Messages shown at one look; the rest wait for the next."""
NONE: frozenset[int] = frozenset()


class Look(NamedTuple):
    """A view and, for each of its posts, its number, its score and the ranker it is from."""

    view: View
    shown: tuple[int, ...]
    scores: tuple[float, ...]
    rankers: tuple[str, ...]


def look(
    world: World,
    viewer: int,
    feed: Feed,
    now: Seconds,
    *,
    turn: int,
    seed: int,
    refused: tuple[str, ...] = (),
) -> Look:
    """Show `viewer` replies to them, then their feed, mail and what they had asked for."""
    seen = world.seen[viewer]
    answers = _answers(world, viewer, feed, seen) if viewer in world.mentions else []
    answered = [post.id for _, post, _ in answers] if answers else NONE
    chosen = choose(world, viewer, feed, now, seen if feed.fresh else NONE, answered)
    if answers:
        chosen = answers + chosen[: feed.size - len(answers)]
    if feed.tokens is not None:
        chosen = affordable(chosen, feed.tokens)
        answers = answers[: len(chosen)]
    name = name_of(feed.ranking, world, viewer)
    rankers = ("mention",) * len(answers) + (name,) * (len(chosen) - len(answers))
    if feed.oldest_first:
        order = sorted(range(len(chosen)), key=[post.id for _, post, _ in chosen].__getitem__)
        chosen = [chosen[place] for place in order]
        rankers = tuple([rankers[place] for place in order])
    scores, posts, why = zip(*chosen, strict=True) if chosen else ((), (), ())
    shown = tuple([post.id for post in posts])
    if feed.fresh:
        seen.update(shown)
        _forget(world, viewer, seen, feed, now)
    news, found = world.findings.pop(viewer, ((), ()))
    if feed.suggests is not None:
        found += _suggested(world, viewer, feed, seed, found)
    view = View(
        world.handles[viewer],
        turn,
        now,
        seed,
        tuple([post.shown() for post in posts]),
        why,
        _mail(world, viewer) if viewer in world.mail else (),
        news,
        found,
        tuple(sorted(world.groups)[:MAIL]) if world.groups else (),
        refused,
    )
    return Look(view, shown, scores, rankers)


def _answers(world: World, viewer: int, feed: Feed, seen: set[int]) -> list[Choice]:
    """Take the unread replies and quotes, newest first, for at most half of the feed.

    The rest wait for the next look, the newest `UNREAD` of them.
    """
    unread = world.mentions.pop(viewer)
    hidden = world.hidden_from(viewer)
    answers: list[Choice] = []
    rest: list[int] = []
    for number in reversed(unread):
        post = world.posts[number]
        if post.removed or post.author_index in hidden or number in seen:
            continue
        if len(answers) == (feed.size + 1) // 2:
            rest.append(number)
            continue
        why = "replied to you" if post.parent is not None else "quoted you"
        answers.append((post.at, post, why))
    if rest:
        world.mentions[viewer] = rest[UNREAD - 1 :: -1]
    return answers


def _suggested(
    world: World, viewer: int, feed: Feed, seed: int, found: tuple[str, ...]
) -> tuple[str, ...]:
    """Recommend members to follow who are neither hidden nor found already."""
    assert feed.suggests is not None
    hidden = world.hidden_from(viewer)
    spare = len(found) + min(len(hidden), feed.suggestions)
    asked = feed.suggests(world.network, viewer, feed.suggestions + spare, seed)
    handles = [world.handles[whom] for whom in asked if whom not in hidden]
    return tuple([handle for handle in handles if handle not in found][: feed.suggestions])


def _mail(world: World, viewer: int) -> tuple[Message, ...]:
    hidden = world.hidden_from(viewer)
    letters = [m for m in world.mail.pop(viewer) if world.index[m.sender] not in hidden]
    if len(letters) > MAIL:
        world.mail[viewer] = letters[MAIL:]
    return tuple(letters[:MAIL])


def _forget(world: World, viewer: int, seen: set[int], feed: Feed, now: Seconds) -> None:
    """Drop posts too old to be candidates again, so that what was seen stays small.

    Looking through it all is put off until it has doubled, so that a look costs the same
    however long a viewer has been looking.
    """
    if len(seen) >= world.forget_at.get(viewer, 8 * feed.candidates):
        horizon = now - feed.window
        seen.difference_update([n for n in seen if world.posts[n].at < horizon])
        world.forget_at[viewer] = max(8 * feed.candidates, 2 * len(seen))
