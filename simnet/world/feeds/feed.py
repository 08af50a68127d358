"""What is shown to whom: sources find candidates, a ranking scores them, a Feed is both.

Ranking is lazy: it runs for the viewer who looks, over at most `Feed.candidates` posts, so
that a look costs the same whether the world holds a thousand posts or ten million.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import filterfalse
from typing import NamedTuple

from simnet.clock import DAY, Seconds
from simnet.foundation.arguments import checked
from simnet.foundation.text import CHARACTERS_PER_TOKEN
from simnet.foundation.user_code import raised_by, wrong_result
from simnet.world.feeds.boundary import found_entries, problem_of_scores, whose
from simnet.world.feeds.rankings import Ranking, chronological
from simnet.world.feeds.recommendations import Recommendation
from simnet.world.feeds.reposters import LOOKED_AT, known_reposters, named
from simnet.world.feeds.sources import AnySource, Entry, following, reported
from simnet.world.state.posts import Counts, Post
from simnet.world.state.world_state import WorldState


@checked
@dataclass(frozen=True)
class Feed:
    """How a cohort's feed is made."""

    ranking: Ranking = chronological
    """Scores the candidates; the best are shown."""
    reads: AnySource = following
    """Where candidates come from, such as `following` or `everything`."""
    size: int = 10
    """Posts shown at one look."""
    fresh: bool = True
    """Leave out what the viewer was shown before."""
    again: bool = False
    """Show it once more if somebody reposted it since; only matters to a `fresh` feed."""
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
    karma: bool = False
    """Tell the viewer their karma: likes less dislikes that others gave to their posts."""
    reports: bool | None = None
    """Say how often and why posts were reported; None does if it reads `reported` and no more. A
    source of one's own that reads the queue needs True, or strategies of moderators see nothing."""
    counts: Counts = "exact"
    """How likes, dislikes, replies and reposts are shown: `exact`, `rounded` down to powers of two,
    or `none`. Each new like changes what is shown of a post, so coarse counts let more prompts be
    known early and shared."""

    @property
    def shows_reports(self) -> bool:
        """Whether the viewer is told of reports."""
        return self.reads is reported if self.reports is None else self.reports


class Choices(NamedTuple):
    """Posts in the order they are shown."""

    posts: list[Post]
    scores: list[float]
    why: list[str]
    """For each post, why it is there: see View.why."""
    vias: list[str | None]
    """For each post, who put it there by a repost."""
    reposters: list[tuple[str, ...]]
    """For each post, who of those the viewer follows reposted it: see View.reposters."""

    def at(self, places: Iterable[int]) -> "Choices":
        """Select posts by their places, in the order of `places`."""
        kept = list(places)
        return Choices(
            [self.posts[place] for place in kept],
            [self.scores[place] for place in kept],
            [self.why[place] for place in kept],
            [self.vias[place] for place in kept],
            [self.reposters[place] for place in kept],
        )

    def then(self, others: "Choices", most: int) -> "Choices":
        """Put others after these, `most` in all."""
        return Choices(
            (self.posts + others.posts)[:most],
            (self.scores + others.scores)[:most],
            (self.why + others.why)[:most],
            (self.vias + others.vias)[:most],
            (self.reposters + others.reposters)[:most],
        )


def choose(
    world: WorldState,
    viewer: int,
    feed: Feed,
    now: Seconds,
    seen: Collection[int],
    excluded: Collection[int] = (),
    *,
    turn: int = 0,
    seed: int = 0,
) -> Choices:
    """Rank what `viewer` may see, without what was `seen` or is `excluded`; keep the best.

    Returns `feed.size` posts at most. `seed` and `turn` decide what a source draws. Raises
    UserCodeError if source or ranking raises anything or returns what cannot be used.
    """
    newest = feed.ranking is chronological and not world.pins
    most = feed.size if newest else feed.candidates
    first = world.first_entry_since(now - feed.window)
    entries = found_entries(
        world, viewer, feed.reads, first, feed.candidates, now, turn=turn, seed=seed
    )
    posts, vias = _visible(world, viewer, feed, entries, seen, excluded, most)
    if newest:
        return _explained(world, viewer, posts, [post.at for post in posts], vias)
    pins = world.pins
    scores = scored(world, viewer, feed.ranking, posts, now)
    order = list(range(len(posts)))
    if feed.ranking is not chronological:
        order.sort(key=lambda place: (scores[place], posts[place].id), reverse=True)
    if pins:
        order.sort(key=lambda place: posts[place].id not in pins)
    del order[feed.size :]
    best = {rank: vias[place] for rank, place in enumerate(order) if place in vias} if vias else {}
    return _explained(
        world, viewer, [posts[place] for place in order], [scores[place] for place in order], best
    )


def _explained(
    world: WorldState,
    viewer: int,
    posts: list[Post],
    scores: list[float],
    vias: Mapping[int, int],
) -> Choices:
    """Say why posts are there; `vias` gives the places of those that a repost put there."""
    count = len(posts)
    chosen = Choices(posts, scores, [""] * count, [None] * count, [()] * count)
    reposted_by = world.reposters
    if not reposted_by:
        return chosen
    followed, hidden = world.network.followee_set(viewer), world.hidden_from(viewer)
    for place, post in enumerate(posts):
        everybody = reposted_by.get(post.id)
        if everybody is None:
            continue
        via = vias.get(place)
        if via is None and followed.isdisjoint(everybody[-LOOKED_AT:]):
            continue  # hot: most posts end here
        reposters = known_reposters(world, viewer, post, via, followed, hidden)
        if reposters:
            chosen.why[place] = named(reposters)
            chosen.reposters[place] = reposters
        if via is not None:
            chosen.vias[place] = world.handles[via]
    return chosen


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
    entries: list[Entry],
    seen: Collection[int],
    excluded: Collection[int],
    most: int,
) -> tuple[list[Post], dict[int, int]]:
    """List the newest posts the viewer may see, each once, `most` at most.

    The second value has the places of posts that a repost put there, and who reposted them.
    """
    hidden = world.hidden_from(viewer)
    left_out = None if feed.own else viewer
    shown_at = seen if feed.again and isinstance(seen, dict) else None
    posts: list[Post] = []
    vias: dict[int, int] = {}
    taken = set(excluded)
    by_number = world.posts
    # Most of what is read was seen; these two let it pass without a step in Python.
    for number in filterfalse(seen.__contains__, map(world.posted.__getitem__, entries)):
        if number >= 0:
            post = by_number[number]
            author = post.author_index
            if author == left_out or post.removed or number in taken or author in hidden:
                continue
        else:
            by, post = world.timeline[~number]
            author = post.author_index
            if author == left_out or post.removed or author in hidden or by in hidden:
                continue
            if by == viewer or post.id in taken:
                continue
            if post.id in seen and (shown_at is None or not _later(~number, shown_at[post.id])):
                continue
            vias[len(posts)] = by
        taken.add(post.id)
        posts.append(post)
        if len(posts) == most:
            break
    return posts, vias


def _later(entry: Entry, shown_at: Entry | None) -> bool:
    """Whether an entry was made after a post was shown, if that is known."""
    return shown_at is not None and entry >= shown_at
