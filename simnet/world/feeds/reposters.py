"""Who of those a viewer knows reposted a post."""

from collections.abc import Set as AbstractSet

from simnet.world.state.posts import Post
from simnet.world.state.world_state import WorldState

LOOKED_AT = 64
"""Reposts of a post, the newest, whose authors are compared with those the viewer follows."""
LISTED = 16
"""Reposters of a post that a view lists at most."""
NAMED = 3
"""How many of them the text of a view names; of the others it gives the number."""


def known_reposters(
    world: WorldState,
    viewer: int,
    post: Post,
    via: int | None,
    followed: frozenset[int],
    hidden: AbstractSet[int],
) -> tuple[str, ...]:
    """List who put a post into the viewer's feed, then others they follow, the newest first.

    `followed` and `hidden` are those whom the viewer follows, and those hidden from them. The
    author, the viewer and who is hidden are left out.
    """
    newest = world.reposters[post.id][: -LOOKED_AT - 1 : -1]
    known = {} if via is None else {via: None}
    known.update(dict.fromkeys(filter(followed.__contains__, newest)))
    known.pop(post.author_index, None)
    known.pop(viewer, None)
    for who in hidden & known.keys() if hidden else ():
        del known[who]
    return tuple(map(world.handles.__getitem__, known))[:LISTED]


def named(reposters: tuple[str, ...]) -> str:
    """Say in words who reposted a post; empty if nobody did."""
    if len(reposters) < 2:
        return f"reposted by @{reposters[0]}" if reposters else ""
    names = [f"@{handle}" for handle in reposters[:NAMED]]
    left = len(reposters) - len(names)
    if left:
        names.append(f"{left} other{'s' * (left > 1)} you follow")
    first, last = ", ".join(names[:-1]), names[-1]
    return f"reposted by {first} and {last}"
