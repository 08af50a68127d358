"""Rankings of a moderator's queue: which reported posts come first."""

from collections.abc import Sequence

from simnet.clock import Seconds
from simnet.world.state.posts import Post
from simnet.world.state.world_state import WorldState


def most_reported(
    world: WorldState, viewer: int, posts: Sequence[Post], now: Seconds
) -> list[float]:
    """Rank by how often posts were reported."""
    return [float(post.reports) for post in posts]


def longest_reported(
    world: WorldState, viewer: int, posts: Sequence[Post], now: Seconds
) -> list[float]:
    """Rank first what was reported first; posts that nobody reported come last."""
    place = {number: -position for position, number in enumerate(world.report_queue)}
    last = -len(world.report_queue)
    return [float(place.get(post.id, last)) for post in posts]
