"""Rankings made of rankings. Each costs what its parts cost and one sort of the candidates."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from simnet.clock import Seconds
from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked
from simnet.world.feeds.feed import scored
from simnet.world.feeds.rankings import Ranking
from simnet.world.state.posts import Post
from simnet.world.state.world_state import WorldState


@checked
def mix(inside: Ranking, outside: Ranking, share: float) -> Ranking:
    """Give `share` of the places to authors the viewer does not follow, evenly spread.

    Posts in the network (its author is followed) are ranked by `inside`, the others by
    `outside`; where one kind runs out the other takes its places. The score is 1 for the first
    place and falls evenly to 0. Let the feed read both kinds: `both(popular(40), following)`.

    Raises ScenarioError unless `share` is in 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ScenarioError(f"mix(share={share}): give the share of places, 0 to 1")

    def mixed(world: WorldState, viewer: int, posts: Sequence[Post], now: Seconds) -> list[float]:
        authors = [post.author_index for post in posts]
        known = np.isin(authors, np.append(world.network.followees(viewer), viewer)).tolist()
        near = [place for place, is_known in enumerate(known) if is_known]
        far = [place for place, is_known in enumerate(known) if not is_known]
        queues = [
            _in_order(world, viewer, ranking, posts, places, now)
            for ranking, places in ((inside, near), (outside, far))
        ]
        scores = [0.0] * len(posts)
        for rank in range(len(posts)):
            far_due = int((rank + 1) * share) > int(rank * share)
            queue = queues[far_due] or queues[not far_due]
            scores[queue.pop()] = 1 - rank / len(posts)
        return scores

    return mixed


def _in_order(
    world: WorldState,
    viewer: int,
    ranking: Ranking,
    posts: Sequence[Post],
    places: Sequence[int],
    now: Seconds,
) -> list[int]:
    """Sort places by a ranking, the best last."""
    if not places:
        return []
    scores = scored(world, viewer, ranking, [posts[place] for place in places], now)
    order = sorted(zip(scores, places, strict=True), key=lambda one: (one[0], posts[one[1]].id))
    return [place for _, place in order]


@checked
def blend(weights: Mapping[Ranking, float]) -> Ranking:
    """Add up rankings by weight, each scaled to 0 for its worst candidate and 1 for its best.

    Raises ScenarioError for no rankings or a weight that is not a finite number.
    """
    if not weights:
        raise ScenarioError("blend(): name at least one ranking and its weight")
    for weight in weights.values():
        if not abs(weight) < float("inf"):
            raise ScenarioError(f"blend(): a weight is {weight}; give a finite number")

    def blended(world: WorldState, viewer: int, posts: Sequence[Post], now: Seconds) -> list[float]:
        total = np.zeros(len(posts))
        for ranking, weight in weights.items():
            scores = np.array(scored(world, viewer, ranking, posts, now), np.float64)
            span = float(np.ptp(scores)) if len(scores) else 0.0
            if span:
                total += weight * (scores - scores.min()) / span
        summed: list[float] = total.tolist()
        return summed

    return blended


@checked
def diverse(ranking: Ranking, most_per_author: int) -> Ranking:
    """Rank as `ranking` does, but put what is beyond `most_per_author` of one author last.

    Raises ScenarioError unless `most_per_author` is positive.
    """
    if most_per_author < 1:
        raise ScenarioError(f"diverse(most_per_author={most_per_author}): allow 1 at least")

    def diversified(
        world: WorldState, viewer: int, posts: Sequence[Post], now: Seconds
    ) -> list[float]:
        scores = list(scored(world, viewer, ranking, posts, now))
        best_first = sorted(
            range(len(posts)), key=lambda place: (scores[place], posts[place].id), reverse=True
        )
        below = max(scores, default=0.0) - min(scores, default=0.0) + 1
        had: Counter[int] = Counter()
        for place in best_first:
            author = posts[place].author_index
            had[author] += 1
            if had[author] > most_per_author:
                scores[place] -= below
        return scores

    return diversified
