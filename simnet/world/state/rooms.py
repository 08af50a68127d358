"""Rooms: groups of members who talk with one another alone, one after the other.

Which room a member is in is their persona's attribute `room`. What a room holds is kept in
`world.kept["rooms"]`, so it is part of the state of the world.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from simnet.errors import ActionError
from simnet.world.state.markup import mentioned
from simnet.world.state.posts import Post
from simnet.world.state.world_state import WorldState

ROOMS = "rooms"
"""The name in `world.kept`."""
ATTRIBUTE = "room"
"""The attribute of a persona that names its room; it is told to no model."""
_SUFFIX = re.compile(r"-[0-9]+$")
"""What ends the handles of a room that is not the first."""


@dataclass
class RoomState:
    """What happened in a room so far."""

    posts: list[int] = field(default_factory=list)
    """What was said, by number of post."""
    speakers: list[int] = field(default_factory=list)
    """Who had a turn, in order, whether or not they said anything."""
    floor: int | None = None
    """To whom the moderator gave the floor."""
    turns_before: list[int] = field(default_factory=list, compare=False)
    """For each post, how many turns there had been when it was said. Follows from the events."""

    def add(self, post: int) -> None:
        """Add what was said last."""
        self.posts.append(post)
        self.turns_before.append(len(self.speakers))


def room_of(world: WorldState, member: int) -> str:
    """Return the name of a member's room. Raises ActionError if they are in none."""
    name = world.facts.attributes(member).get(ATTRIBUTE)
    if not isinstance(name, str) or not name:
        raise ActionError(f"you are in no room; give the persona an attribute {ATTRIBUTE!r}")
    return name


def state_of(world: WorldState, room: str) -> RoomState:
    """Return the state of a room, which begins empty."""
    rooms = world.kept[ROOMS]
    state: RoomState | None = rooms.get(room)
    if state is None:
        state = rooms[room] = RoomState()
    return state


def said_in_room(world: WorldState, viewer: int, first: int, limit: int) -> list[int]:
    """Offer what was said in the viewer's room, newest first: a source for a Feed."""
    try:
        room = room_of(world, viewer)
    except ActionError:
        return []
    state = world.kept[ROOMS].get(room)
    posts = state.posts[-limit:] if state is not None else []
    entries = [world.entry_of[post] for post in reversed(posts)]
    return [entry for entry in entries if entry >= first]


def suffix_of(handle: str) -> str:
    """Return what ends the handles of the room that somebody is in; empty for the first room."""
    found = _SUFFIX.search(handle)
    return "" if found is None else found[0]


def find_in_room(find: Callable[[str], int | None], speaker: str, handle: str) -> int | None:
    """Find a member of a room by a handle, else by one that lacks the suffix of the speaker's.

    `find` finds members of the room alone. `@ben`, said by `ann-2`, is `ben-2`.
    """
    found, suffix = find(handle), suffix_of(speaker)
    return found if found is not None or not suffix else find(handle + suffix)


def room_mates(world: WorldState, who: int) -> Callable[[str], int | None]:
    """Return what finds whom `who` names when they speak in their room: its members alone."""
    room = room_of(world, who)

    def find(handle: str) -> int | None:
        found = world.find(handle)
        if found is None or world.facts.attributes(found).get(ATTRIBUTE) != room:
            return None
        return found

    return lambda handle: find_in_room(find, world.handles[who], handle)


def names(world: WorldState, post: Post, whom: int) -> bool:
    """Whether a post has a member's handle after an `@`, as it is read where it was said."""
    room = world.facts.attributes(post.author_index).get(ATTRIBUTE)
    state = world.kept[ROOMS].get(room) if ROOMS in world.kept else None
    said = state is not None and post.id in state.posts
    find = room_mates(world, post.author_index) if said else world.find
    return whom in mentioned(post.text, find)
