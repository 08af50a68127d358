"""The hash of a world's state: of values alone, so that no name of a class or field is in it.

Left out is what follows from the rest or from the events (indexes, the words of the posts, who
reposted in which order, who reported posts and why, how often members were warned) and the rows
that wait for the kernel (`triggered`, `network.changes`, `state_changes`).
"""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

from simnet.world.state.plain_values import plain
from simnet.world.state.posts import Post
from simnet.world.state.recorded_state import RecordedState
from simnet.world.state.world_state import WorldState


def state_hash(world: WorldState) -> str:
    """Hash the whole state of a world: 32 hexadecimal digits, equal for equal states."""
    state = blake2b(digest_size=16)
    for part in _parts(world):
        state.update(repr(part).encode("utf-8", "surrogatepass"))
    return state.hexdigest()


def _parts(world: WorldState) -> Iterator[object]:
    followers, followees = world.network.edge_arrays()
    yield [_post(post) for post in world.posts]
    yield [(p.id, sorted(p.feelings.items())) for p in world.posts if p.feelings]
    yield [(who, post.id) for who, post in world.timeline]
    yield world.entry_times
    yield sorted(world.reactions.items())
    yield sorted(world.reposted)
    yield world.report_queue
    yield sorted(world.pins)
    yield world.engagement.state()
    for table in (world.mutes, world.blocks):
        yield [(who, sorted(table[who])) for who in sorted(table) if table[who]]
    # A suspension for a time may be over and not taken out yet: its end says which.
    yield sorted(world.suspended - world.suspension_ends.keys())
    if world.suspension_ends:
        yield sorted(world.suspension_ends.items())
    yield [(name, list(members)) for name, members in world.groups.items()]
    yield sorted((name, repr(plain(table))) for name, table in _kept(world) if table)
    yield world.forum.state()
    yield (followers.tobytes().hex(), followees.tobytes().hex())
    yield sorted((who, posts) for who, posts in world.mentions.items() if posts)
    yield sorted((who, [tuple(m) for m in mail]) for who, mail in world.mail.items() if mail)
    yield sorted(world.findings.items())
    yield sorted(world.forget_at.items())
    for who in sorted(world.seen):  # one by one: together they may be millions of numbers
        if world.seen[who]:
            marked = any(at is not None for at in world.seen[who].values())
            yield who, sorted(world.seen[who].items() if marked else world.seen[who])
    if world.absent:
        yield "absent", sorted(world.absent)


def _kept(world: WorldState) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    for name, table in world.kept.items():
        yield name, table.untouched() if isinstance(table, RecordedState) else table


def _post(post: Post) -> tuple[object, ...]:
    return (*post.shown(), post.parent, post.root, post.removed, post.reports)
