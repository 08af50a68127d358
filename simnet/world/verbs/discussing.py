"""Verbs of a discussion in a room: to speak, and to give the floor to somebody."""

from dataclasses import dataclass
from typing import ClassVar

from simnet.clock import Seconds
from simnet.errors import ActionError
from simnet.world.actions import Action, Effect, Member, Relation, Text
from simnet.world.state.rooms import room_mates, room_of, state_of
from simnet.world.state.world_state import WorldState
from simnet.world.verbs.posting import checked_text


@dataclass(frozen=True, slots=True)
class Say(Action):
    """Speak in the discussion."""

    verb: ClassVar[str] = "say"
    relation: ClassVar[Relation] = "reply"
    text: Text
    """What is said."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Add to what was said in the room; in the record it is a reply to what was said last.

        An `@` names members of the room alone.
        """
        state = state_of(world, room_of(world, who))
        text = checked_text(self.text)
        last = world.posts[state.posts[-1]] if state.posts else None
        post = world.publish(who, text, now, find=room_mates(world, who))
        if last is not None:
            post.root = last.root
        state.add(post.id)
        about, whom = (None, None) if last is None else (last.id, last.author)
        return Effect(about, post.id, post.root, whom, text=text)


@dataclass(frozen=True, slots=True)
class GiveFloor(Action):
    """Say who speaks next."""

    verb: ClassVar[str] = "give_floor"
    relation: ClassVar[Relation] = "moderation"
    member: Member
    """Handle of a participant of the same room."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Give the floor to a member of the same room."""
        room, member = room_of(world, who), world.member(self.member)
        if world.facts.attributes(member).get("room") != room:
            raise ActionError(f"@{self.member} is not in this room")
        state_of(world, room).floor = member
        return Effect(whom=self.member)
