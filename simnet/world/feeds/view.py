"""A look at the world through one member's eyes: it is shown once and then counts as seen."""

from collections.abc import Collection

from simnet.clock import Seconds
from simnet.world.events import ExposureBatch
from simnet.world.feeds.feed import Choices, Feed, affordable, choose
from simnet.world.feeds.rankings import name_of
from simnet.world.posts import MessageSeen, View
from simnet.world.world import World

UNREAD = 64
"""Replies and quotes that wait for their reader at most."""
MAIL = 5
"""Messages shown at one look; the rest wait for the next."""
NONE: frozenset[int] = frozenset()


def look(
    world: World,
    viewer: int,
    feed: Feed,
    now: Seconds,
    *,
    turn: int,
    seed: int,
    refused: tuple[str, ...] = (),
) -> tuple[View, ExposureBatch]:
    """Show `viewer` replies to them, then their feed, mail and what they had asked for."""
    seen = world.seen[viewer]
    answers = _answers(world, viewer, feed, seen) if viewer in world.mentions else None
    answered = [post.id for post in answers.posts] if answers else NONE
    chosen = choose(world, viewer, feed, now, seen if feed.fresh else NONE, answered)
    ranker = name_of(feed.ranking, world, viewer)
    rankers = (ranker,) * len(chosen.posts)
    if answers:
        chosen = answers.then(chosen, feed.size)
        rankers = (("mention",) * len(answers.posts) + rankers)[: feed.size]
    if feed.tokens is not None:
        paid = affordable(chosen.posts, feed.tokens)
        chosen, rankers = chosen.at(range(paid)), rankers[:paid]
    if feed.oldest_first:
        ids = [post.id for post in chosen.posts]
        order = sorted(range(len(ids)), key=ids.__getitem__)
        chosen, rankers = chosen.at(order), tuple([rankers[place] for place in order])
    posts, scores, why = chosen
    shown = tuple([post.id for post in posts])
    if feed.fresh:
        seen.update(dict.fromkeys(shown))
        if len(seen) >= world.forget_at.get(viewer, 8 * feed.candidates):
            _forget(world, viewer, feed, now)
    news, found = world.findings.pop(viewer, ((), ()))
    if feed.suggests is not None:
        found += _suggested(world, viewer, feed, seed, found)
    handle = world.handles[viewer]
    view = View(
        handle,
        turn,
        now,
        seed,
        tuple([post.picture or post.shown() for post in posts]),
        tuple(why),
        _mail(world, viewer) if viewer in world.mail else (),
        news,
        found,
        tuple(sorted(world.groups)[:MAIL]) if world.groups else (),
        refused,
    )
    return view, ExposureBatch(now, handle, turn, shown, tuple(scores), rankers)


def _answers(world: World, viewer: int, feed: Feed, seen: Collection[int]) -> Choices:
    """Take the unread replies and quotes, newest first, for at most half of the feed.

    The rest wait for the next look, the newest `UNREAD` of them.
    """
    unread = world.mentions.pop(viewer)
    hidden = world.hidden_from(viewer)
    answers = Choices([], [], [])
    rest: list[int] = []
    for number in reversed(unread):
        post = world.posts[number]
        if post.removed or post.author_index in hidden or number in seen:
            continue
        if len(answers.posts) == (feed.size + 1) // 2:
            rest.append(number)
            continue
        answers.posts.append(post)
        answers.scores.append(post.at)
        answers.why.append("replied to you" if post.parent is not None else "quoted you")
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


def _mail(world: World, viewer: int) -> tuple[MessageSeen, ...]:
    hidden = world.hidden_from(viewer)
    letters = [m for m in world.mail.pop(viewer) if world.index[m.sender] not in hidden]
    if len(letters) > MAIL:
        world.mail[viewer] = letters[MAIL:]
    return tuple(letters[:MAIL])


def _forget(world: World, viewer: int, feed: Feed, now: Seconds) -> None:
    """Drop posts too old to be candidates again, so that what was seen stays small.

    The next time is put off until it has doubled, so that a look costs the same however long
    a viewer has been looking.
    """
    oldest = world.first_post_since(now - feed.window)
    kept = dict.fromkeys([number for number in world.seen[viewer] if number >= oldest])
    world.seen[viewer] = kept
    world.forget_at[viewer] = max(8 * feed.candidates, 2 * len(kept))
