"""What one member sees at one look. Nothing is changed here; `World.observe` does that."""

from collections.abc import Collection, Sequence
from heapq import nsmallest
from operator import gt
from typing import NamedTuple

from simnet.clock import Seconds
from simnet.world.events import ExposureBatch
from simnet.world.feeds.boundary import suggested_members
from simnet.world.feeds.feed import Choices, Feed, affordable, choose
from simnet.world.feeds.rankings import name_of
from simnet.world.state.posts import (
    REASONS,
    Counts,
    MessageSeen,
    Post,
    Reported,
    Shown,
    View,
    shown_text,
)
from simnet.world.state.rooms import names
from simnet.world.state.world_state import WorldState

UNREAD = 64
"""Replies and quotes that wait for their reader at most."""
MAIL = 5
"""Messages shown at one look; the rest wait for the next."""
GROUPS = 5
"""Groups named at one look."""
COMMUNITIES = 8
"""Communities named at one look."""
NONE: frozenset[int] = frozenset()


class Unread(NamedTuple):
    """What a look leaves unread."""

    mentions: list[int]
    """Replies and quotes, oldest first."""
    mail: list[MessageSeen]
    """Messages, oldest first."""


NOTHING_UNREAD = Unread([], [])


def look_at(
    world: WorldState,
    viewer: int,
    feed: Feed,
    now: Seconds,
    *,
    turn: int,
    seed: int,
    refused: tuple[str, ...] = (),
) -> tuple[View, ExposureBatch, Unread]:
    """Choose what `viewer` is shown: replies to them, then their feed, mail and findings."""
    chosen, rankers, mentions = _posts(world, viewer, feed, now, turn, seed)
    posts, scores, why, vias, reposters = chosen
    mail = _mail(world, viewer) if viewer in world.mail else None
    news, found = world.findings.get(viewer, ((), ()))
    if feed.karma:
        news += (f"your karma is {world.forum.karma.get(viewer, 0)}",)
    if feed.suggests is not None:
        found += _suggested(world, viewer, feed, seed, found)
    handle = world.handles[viewer]
    # A hot path: arguments by position, in the order of the fields, cost a quarter.
    view = View(
        handle,
        turn,
        now,
        seed,
        _shown(posts, feed.counts),
        tuple(why),
        tuple(mail[:MAIL]) if mail else (),
        news,
        found,
        _groups(world, viewer, mail[:MAIL] if mail else []) if world.groups else (),
        refused,
        _communities(world, viewer) if world.forum.communities else (),
        tuple(reposters) if any(reposters) else (),
        _done(world, viewer, posts) if feed.again or not feed.fresh else (),
        _reports(world, posts) if world.open_reports and feed.shows_reports else (),
    )
    # Hot, as above.
    exposures = ExposureBatch(
        now,
        handle,
        turn,
        tuple([post.id for post in posts]),
        tuple(scores),
        rankers,
        tuple(vias),
    )
    unread = Unread(mentions, mail[MAIL:] if mail else []) if mentions or mail else NOTHING_UNREAD
    return view, exposures, unread


def _shown(posts: Sequence[Post], counts: Counts) -> tuple[Shown, ...]:
    if counts == "exact":  # hot
        return tuple([post.cached or post.shown() for post in posts])
    return tuple([post.shown_with(counts) for post in posts])


def _posts(
    world: WorldState, viewer: int, feed: Feed, now: Seconds, turn: int, seed: int
) -> tuple[Choices, tuple[str, ...], list[int]]:
    """Choose posts; return them, the ranker of each, and the mentions that stay unread."""
    seen: Collection[int] = world.seen.get(viewer, NONE)
    answers, left = _answers(world, viewer, feed, seen) if viewer in world.mentions else (None, [])
    answered = [post.id for post in answers.posts] if answers else NONE
    shown = seen if feed.fresh else NONE
    chosen = choose(world, viewer, feed, now, shown, answered, turn=turn, seed=seed)
    rankers = (name_of(feed.ranking, world, viewer),) * len(chosen.posts)
    if answers:
        chosen = answers.then(chosen, feed.size)
        rankers = (("mention",) * len(answers.posts) + rankers)[: feed.size]
    if feed.tokens is not None:
        paid = affordable(chosen.posts, feed.tokens)
        if answers and (unpaid := answers.posts[paid:]):
            left = [*left, *(post.id for post in reversed(unpaid))][-UNREAD:]
        chosen, rankers = chosen.at(range(paid)), rankers[:paid]
    if feed.oldest_first:
        ids = [post.id for post in chosen.posts]
        order: Sequence[int] = range(len(ids))[::-1]  # what a chronological feed is sorted to
        if any(map(gt, ids[1:], ids)):
            order = sorted(order, key=ids.__getitem__)
        chosen, rankers = chosen.at(order), tuple([rankers[place] for place in order])
    return chosen, rankers, left


def _answers(
    world: WorldState, viewer: int, feed: Feed, seen: Collection[int]
) -> tuple[Choices, list[int]]:
    """Choose unread replies and quotes, newest first, for at most half of the feed.

    The second value lists those that stay unread, oldest first: the newest `UNREAD`.
    """
    hidden = world.hidden_from(viewer)
    answers = Choices([], [], [], [], [])
    rest: list[int] = []
    for number in reversed(world.mentions[viewer]):
        post = world.posts[number]
        if post.removed or post.author_index in hidden or number in seen:
            continue
        if len(answers.posts) == (feed.size + 1) // 2:
            rest.append(number)
            continue
        answers.posts.append(post)
        answers.scores.append(post.at)
        answers.why.append(_address(world, viewer, post))
        answers.vias.append(None)
        answers.reposters.append(())
    return answers, rest[UNREAD - 1 :: -1] if rest else []


def _address(world: WorldState, viewer: int, post: Post) -> str:
    """Say in which way a post addresses the viewer."""
    if post.to == world.handles[viewer]:
        return "replied to you"
    quoted = post.quotes is not None and post.quotes.author_index == viewer
    if quoted or not names(world, post, viewer):
        return "quoted you"  # also if the post it quotes was removed
    return "mentioned you"


def _done(world: WorldState, viewer: int, posts: Sequence[Post]) -> tuple[tuple[str, ...], ...]:
    """List what the viewer did with posts already: their reaction, a repost."""
    if not world.reactions and not world.reposted:
        return ()
    done = []
    for post in posts:
        mine = [world.reactions.get((viewer, post.id))]
        mine += ["repost"] if (viewer, post.id) in world.reposted else []
        done.append(tuple(filter(None, mine)))
    return tuple(done) if any(done) else ()


def _reports(world: WorldState, posts: Sequence[Post]) -> tuple[Reported, ...]:
    """Say how posts were reported, and how often their authors were warned or suspended."""
    found = []
    for post in posts:
        reports = world.open_reports.get(post.id, ())
        members = {who for who, _ in reports}
        settled = world.settled_reports.get(post.id, {})
        reasons = tuple([shown_text(text) for _, text in reports[-REASONS:]])
        strikes = world.strikes.get(post.author_index, 0)
        counted, answered = len(members | settled.keys()), tuple(sorted({*settled.values()}))
        found.append(Reported(len(members), reasons, strikes, counted, answered))
    return tuple(found)


def _suggested(
    world: WorldState, viewer: int, feed: Feed, seed: int, found: tuple[str, ...]
) -> tuple[str, ...]:
    """Recommend members to follow who are neither hidden nor found already."""
    assert feed.suggests is not None
    hidden = world.hidden_from(viewer)
    spare = len(found) + min(len(hidden), feed.suggestions)
    ranked = suggested_members(world, viewer, feed.suggests, feed.suggestions + spare, seed)
    handles = [world.handles[whom] for whom in ranked if whom not in hidden]
    return tuple([handle for handle in handles if handle not in found][: feed.suggestions])


def _groups(world: WorldState, viewer: int, mail: Sequence[MessageSeen]) -> tuple[str, ...]:
    """Name groups: those with messages in view, the newest the viewer is in, then others.

    They are in the order of the alphabet.
    """
    groups = world.groups
    if len(groups) <= GROUPS:
        return tuple(sorted(groups))
    heard = [one.group for one in mail if one.group in groups]
    mine = [name for name, members in groups.items() if viewer in members]
    known = dict.fromkeys([*heard, *reversed(mine)])
    others = nsmallest(GROUPS, (name for name in groups if name not in known))
    return tuple(sorted([*known, *others][:GROUPS]))


def _communities(world: WorldState, viewer: int) -> tuple[str, ...]:
    """Name the communities the viewer is in, the last joined first, then the largest others."""
    every, mine = world.forum.communities, world.forum.joined.get(viewer, {})
    joined = list(mine)[: -COMMUNITIES - 1 : -1]
    others = nsmallest(
        COMMUNITIES - len(joined),
        (name for name in every if name not in mine),
        key=lambda name: (-len(every[name].members), name),
    )
    return (*joined, *others)


def _mail(world: WorldState, viewer: int) -> list[MessageSeen]:
    """List the unread messages whose senders are not hidden, oldest first."""
    hidden = world.hidden_from(viewer)
    return [m for m in world.mail[viewer] if world.index[m.sender] not in hidden]
