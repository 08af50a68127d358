"""What is shown to whom: sources find candidates, a ranking scores them, a Feed is both.

Ranking is lazy: it runs for the viewer who looks, over at most `Feed.candidates` posts, so
that a look costs the same whether the world holds a thousand posts or ten million.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import filterfalse
from typing import NamedTuple

from simnet.arguments import checked
from simnet.clock import DAY, Seconds
from simnet.user_code import raised_by, wrong_result
from simnet.world.feeds.boundary import Entry, Source, found_entries, problem_of_scores, whose
from simnet.world.feeds.rankings import Ranking, chronological
from simnet.world.feeds.recommendations import Recommendation
from simnet.world.posts import Post
from simnet.world.state import WorldState

CHARACTERS_PER_TOKEN = 4


def following(world: WorldState, viewer: int, first: Entry, limit: int) -> list[Entry]:
    """Offer what the people one follows wrote or reposted, the newest few of each."""
    entries = world.recent.take(world.network.followees(viewer), axis=0).ravel()
    entries.sort()
    newest_first: list[Entry] = entries[: -limit - 1 : -1].tolist()
    if newest_first and newest_first[-1] < first:
        newest_first = [entry for entry in newest_first if entry >= first]
    return newest_first


def everything(world: WorldState, viewer: int, first: Entry, limit: int) -> list[Entry]:
    """Offer whatever was posted last, whoever wrote it."""
    last = len(world.timeline)
    return list(range(last - 1, max(first, last - limit) - 1, -1))


def reported(world: WorldState, viewer: int, first: Entry, limit: int) -> list[Entry]:
    """Offer what was reported and still stands: the queue of a moderator."""
    return [world.entry_of[post] for post in world.report_queue[: -limit - 1 : -1]]


@checked
def popular(most: int) -> Source:
    """Offer at most `most` of the posts that were engaged with most often lately, by anybody.

    Lately is within the last 1,024 likes, feelings, answers, quotes and reposts. Cost per view:
    one sort of at most 1,024 numbers if anything was engaged with since the last one.
    """

    def by_popularity(world: WorldState, viewer: int, first: Entry, limit: int) -> list[Entry]:
        top = world.engagement.popular(min(most, limit))
        entries = [world.entry_of[post] for post in top]
        return sorted((entry for entry in entries if entry >= first), reverse=True)

    return by_popularity


@checked
def both(one: Source, other: Source) -> Source:
    """Offer what either source offers, `one` first when room is short."""

    def find(world: WorldState, viewer: int, first: Entry, limit: int) -> list[Entry]:
        found = dict.fromkeys(one(world, viewer, first, limit))
        if len(found) < limit:
            found.update(dict.fromkeys(other(world, viewer, first, limit - len(found))))
        return sorted(found, reverse=True)

    return find


@checked
@dataclass(frozen=True)
class Feed:
    """How a cohort's feed is made."""

    ranking: Ranking = chronological
    reads: Source = following
    size: int = 10
    """Posts shown at one look."""
    fresh: bool = True
    """Leave out what the viewer was shown before."""
    own: bool = False
    """Show the viewer's own posts too."""
    oldest_first: bool = False
    """Show the chosen posts in the order they were written, as a conversation reads."""
    window: Seconds = 2 * DAY
    """Older posts are no candidates."""
    candidates: int = 128
    """How many of the newest posts a ranking may choose from."""
    tokens: int | None = None
    """Tokens (estimated: four characters each) of text shown at one look; one post at least."""
    suggests: Recommendation | None = None
    """How members to follow are suggested; None suggests nobody."""
    suggestions: int = 3
    """How many members are suggested at one look."""


class Choices(NamedTuple):
    """Posts in the order they are shown."""

    posts: list[Post]
    scores: list[float]
    why: list[str]
    """For each post, why it is there: see View.why."""

    def at(self, places: Iterable[int]) -> "Choices":
        """Select posts by their places, in the order of `places`."""
        kept = list(places)
        return Choices(
            [self.posts[place] for place in kept],
            [self.scores[place] for place in kept],
            [self.why[place] for place in kept],
        )

    def then(self, others: "Choices", most: int) -> "Choices":
        """Put others after these, `most` in all."""
        return Choices(
            (self.posts + others.posts)[:most],
            (self.scores + others.scores)[:most],
            (self.why + others.why)[:most],
        )


def choose(
    world: WorldState,
    viewer: int,
    feed: Feed,
    now: Seconds,
    seen: Collection[int],
    excluded: Collection[int] = (),
) -> Choices:
    """Rank what `viewer` may see, without what was `seen` or is `excluded`; keep the best.

    Returns `feed.size` posts at most.
    """
    newest = feed.ranking is chronological and not world.pins
    most = feed.size if newest else feed.candidates
    found = _visible(world, viewer, feed, now, seen, excluded, most)
    if newest:
        return found
    posts, pins = found.posts, world.pins
    scores = scored(world, viewer, feed.ranking, posts, now)
    order = list(range(len(posts)))
    if feed.ranking is not chronological:
        order.sort(key=lambda place: (scores[place], posts[place].id), reverse=True)
    if pins:
        order.sort(key=lambda place: posts[place].id not in pins)
    return found._replace(scores=list(scores)).at(order[: feed.size])


def scored(
    world: WorldState, viewer: int, ranking: Ranking, posts: Sequence[Post], now: Seconds
) -> Sequence[float]:
    """Return a ranking's scores. Raises UserCodeError, naming it, if they are not usable."""
    try:
        scores = ranking(world, viewer, posts, now)
    except BaseException as error:
        raise raised_by("ranking", ranking, error, **whose(world, viewer)) from error
    problem = problem_of_scores(posts, scores)
    if problem is not None:
        raise wrong_result("ranking", ranking, problem, **whose(world, viewer))
    return scores


def affordable(posts: Sequence[Post], tokens: int) -> int:
    """Count the first posts whose texts fit into `tokens`; one at least."""
    left = tokens * CHARACTERS_PER_TOKEN
    for place, post in enumerate(posts):
        shown = post.shown()
        left -= len(shown.text) + len(shown.quoted or "")
        if place and left < 0:
            return place
    return len(posts)


def _visible(
    world: WorldState,
    viewer: int,
    feed: Feed,
    now: Seconds,
    seen: Collection[int],
    excluded: Collection[int],
    most: int,
) -> Choices:
    """List the newest posts the viewer may see, each once, scored by their time.

    Returns `most` posts at most.
    """
    first = world.first_entry_since(now - feed.window)
    hidden = world.hidden_from(viewer)
    left_out = None if feed.own else viewer
    entries = found_entries(world, viewer, feed.reads, first, feed.candidates)
    posts: list[Post] = []
    reposted: dict[int, str] = {}
    taken = set(excluded)
    # Most of what is read was seen; these two let it pass without a step in Python.
    for number in filterfalse(seen.__contains__, map(world.posted.__getitem__, entries)):
        if number >= 0:
            post = world.posts[number]
            author = post.author_index
            if author == left_out or post.removed or author in hidden or number in taken:
                continue
        else:
            by, post = world.timeline[~number]
            author = post.author_index
            if author == left_out or post.removed or author in hidden or by in hidden:
                continue
            if post.id in seen or post.id in taken:
                continue
            if by != author:
                reposted[len(posts)] = f"reposted by @{world.handles[by]}"
        taken.add(post.id)
        posts.append(post)
        if len(posts) == most:
            break
    why = (
        [reposted.get(place, "") for place in range(len(posts))] if reposted else [""] * len(posts)
    )
    return Choices(posts, [post.at for post in posts], why)
