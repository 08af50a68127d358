"""Rooms: groups of members who talk with one another alone, one after the other.

Which room a member is in is their persona's attribute `room`. What a room holds is kept in
`world.kept["rooms"]`, so it is part of the state of the world.
"""

from dataclasses import dataclass, field

from simnet.errors import ActionError
from simnet.world.state.world_state import WorldState

ROOMS = "rooms"
"""The name in `world.kept`."""
ATTRIBUTE = "room"
"""The attribute of a persona that names its room; it is told to no model."""


@dataclass
class RoomState:
    """What happened in a room so far."""

    posts: list[int] = field(default_factory=list)
    """What was said, by number of post."""
    speakers: list[int] = field(default_factory=list)
    """Who had a turn, in order, whether or not they said anything."""
    floor: int | None = None
    """To whom the moderator gave the floor."""


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
