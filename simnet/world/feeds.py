"""What is shown to whom: sources find candidates, a ranking scores them, a Feed is both.

Ranking is lazy: it runs for the viewer who looks, over at most `Feed.candidates` posts, so
that a look costs the same whether the world holds a thousand posts or ten million.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Protocol, TypeAlias

from simnet.clock import DAY, Seconds
from simnet.errors import ScenarioError
from simnet.world.posts import Post
from simnet.world.rankings import Ranking, chronological
from simnet.world.recommendations import Recommendation

if TYPE_CHECKING:
    from simnet.world.world import World

CHARACTERS_PER_TOKEN = 4

Entry: TypeAlias = int
"""Position in the world's timeline, where each post and each repost has an entry."""


class Source(Protocol):
    """Find what a viewer might be shown: timeline entries since `first`, newest first."""

    def __call__(self, world: "World", viewer: int, first: Entry, limit: int) -> list[Entry]:
        """List at most `limit` entries, newest first."""
        ...


def following(world: "World", viewer: int, first: Entry, limit: int) -> list[Entry]:
    """Offer what the people one follows wrote or reposted, the newest few of each."""
    entries = world.recent.take(world.network.followees(viewer), axis=0).ravel()
    entries.sort()
    newest_first: list[Entry] = entries[: -limit - 1 : -1].tolist()
    if newest_first and newest_first[-1] < first:
        newest_first = [entry for entry in newest_first if entry >= first]
    return newest_first


def everything(world: "World", viewer: int, first: Entry, limit: int) -> list[Entry]:
    """Offer whatever was posted last, whoever wrote it."""
    last = len(world.timeline)
    return list(range(last - 1, max(first, last - limit) - 1, -1))


def reported(world: "World", viewer: int, first: Entry, limit: int) -> list[Entry]:
    """Offer what was reported and still stands: a moderator's desk."""
    return [world.entry_of[post] for post in world.desk[: -limit - 1 : -1]]


def popular(most: int) -> Source:
    """Offer at most `most` of the posts that were engaged with most often lately, by anybody.

    Lately is within the last 1,024 likes, feelings, answers, quotes and reposts. Cost per view:
    one sort of at most 1,024 numbers if anything was engaged with since the last one.
    """

    def by_popularity(world: "World", viewer: int, first: Entry, limit: int) -> list[Entry]:
        top = world.attention.popular(min(most, limit))
        entries = [world.entry_of[post] for post in top]
        return sorted((entry for entry in entries if entry >= first), reverse=True)

    return by_popularity


def both(one: Source, other: Source) -> Source:
    """Offer what either source offers, `one` first when room is short."""

    def find(world: "World", viewer: int, first: Entry, limit: int) -> list[Entry]:
        found = dict.fromkeys(one(world, viewer, first, limit))
        if len(found) < limit:
            found.update(dict.fromkeys(other(world, viewer, first, limit - len(found))))
        return sorted(found, reverse=True)

    return find


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


Choice: TypeAlias = tuple[float, Post, str]
"""Score, post, and why it is there."""


def choose(
    world: "World",
    viewer: int,
    feed: Feed,
    now: Seconds,
    seen: Collection[int],
    besides: Collection[int] = (),
) -> list[Choice]:
    """Rank what `viewer` may see, less what was `seen` or is shown `besides`; keep the best.

    There are `feed.size` of them at most.
    """
    newest = feed.ranking is chronological and not world.pins
    most = feed.size if newest else feed.candidates
    candidates = _visible(world, viewer, feed, now, seen, besides, most)
    if newest:
        return candidates
    posts = [post for _, post, _ in candidates]
    scores = scored(world, viewer, feed.ranking, posts, now)
    ranked = [(score, post, why) for score, (_, post, why) in zip(scores, candidates, strict=True)]
    if feed.ranking is not chronological:
        ranked.sort(key=_best_first, reverse=True)
    if world.pins:
        ranked.sort(key=lambda choice: choice[1].id not in world.pins)
    return ranked[: feed.size]


def _best_first(choice: Choice) -> tuple[float, int]:
    return choice[0], choice[1].id


def scored(
    world: "World", viewer: int, ranking: Ranking, posts: Sequence[Post], now: Seconds
) -> Sequence[float]:
    """Ask a ranking for its scores; raise ScenarioError, naming it, if they are not usable."""
    try:
        scores = ranking(world, viewer, posts, now)
    except ScenarioError:
        raise
    except Exception as error:
        raise ScenarioError(
            f"cohort {world.cohorts[viewer]!r}: ranking {_name(ranking)} raised "
            f"{type(error).__name__}: {error}"
        ) from error
    check_scores(ranking, posts, scores, world.cohorts[viewer])
    return scores


def affordable(choices: Sequence[Choice], tokens: int) -> list[Choice]:
    """Keep the first posts, as many as `tokens` pay for; one at least."""
    left = tokens * CHARACTERS_PER_TOKEN
    kept: list[Choice] = []
    for choice in choices:
        shown = choice[1].shown()
        left -= len(shown.text) + len(shown.quoted or "")
        if kept and left < 0:
            break
        kept.append(choice)
    return kept


def _name(ranking: Ranking) -> str:
    return getattr(ranking, "__name__", repr(ranking))


def _visible(
    world: "World",
    viewer: int,
    feed: Feed,
    now: Seconds,
    seen: Collection[int],
    besides: Collection[int],
    most: int,
) -> list[Choice]:
    """List the newest posts the viewer may see, each once, scored by their time.

    There are `most` at most.
    """
    first = world.first_entry_since(now - feed.window)
    hidden = world.hidden_from(viewer)
    left_out = None if feed.own else viewer
    timeline = world.timeline
    found: list[Choice] = []
    taken = set(besides)
    for entry in feed.reads(world, viewer, first, feed.candidates):
        by, post = timeline[entry]
        number = post.id
        if number in seen or number in taken or post.removed:
            continue
        author = post.author_index
        if author == left_out or (hidden and (author in hidden or by in hidden)):
            continue
        taken.add(number)
        found.append((post.at, post, "" if by == author else f"reposted by @{world.handles[by]}"))
        if len(found) == most:
            break
    return found


def check_scores(
    ranking: Ranking, posts: Sequence[Post], scores: Sequence[float], cohort: str
) -> None:
    """Raise ScenarioError, naming cohort and ranking, unless it gave each post one number."""
    if len(scores) != len(posts) or any(map(isnan, scores)):
        name = f"cohort {cohort!r}: ranking {_name(ranking)}"
        raise ScenarioError(
            f"{name} gave {len(scores)} scores for {len(posts)} posts"
            if len(scores) != len(posts)
            else f"{name} gave a score that is not a number"
        )
