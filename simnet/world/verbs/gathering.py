"""Verbs of a forum: communities that one joins and posts to, as on Reddit.

A post of a community is read in the feed of the community (`simnet.feeds.communities`), not in
that of its author's followers. Votes on it are `like` and `dislike`; `world.forum.karma` sums
them up by author.
"""

from dataclasses import dataclass
from typing import ClassVar

from simnet.clock import Seconds
from simnet.errors import ActionError
from simnet.world.actions import Action, Community, Effect, Relation, Text
from simnet.world.state.forum import Community as CommunityState
from simnet.world.state.world_state import WorldState
from simnet.world.verbs.posting import checked_text

LONGEST_COMMUNITY_NAME = 64


def _community(world: WorldState, name: str) -> CommunityState:
    try:
        return world.forum.communities[name]
    except KeyError:
        raise ActionError(f"there is no community {name!r}") from None


@dataclass(frozen=True, slots=True)
class CreateCommunity(Action):
    """Open a community and join it."""

    verb: ClassVar[str] = "create_community"
    relation: ClassVar[Relation] = "tie"
    text: Text
    """Its name, which no other has; at most 64 characters."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Add a community of that name."""
        name = checked_text(self.text).strip()
        if name in world.forum.communities:
            raise ActionError(f"there is a community {name!r} already")
        if len(name) > LONGEST_COMMUNITY_NAME:
            raise ActionError(f"a community's name has at most {LONGEST_COMMUNITY_NAME} characters")
        world.forum.create(name)
        world.forum.enter(who, name)
        return Effect(group_name=name, text=self.text)


@dataclass(frozen=True, slots=True)
class JoinCommunity(Action):
    """Become a member of a community."""

    verb: ClassVar[str] = "join_community"
    relation: ClassVar[Relation] = "tie"
    community: Community
    """Its name."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Add oneself to a community."""
        if who in _community(world, self.community).members:
            raise ActionError(f"you are in {self.community!r} already")
        world.forum.enter(who, self.community)
        return Effect(group_name=self.community)


@dataclass(frozen=True, slots=True)
class LeaveCommunity(Action):
    """Leave a community."""

    verb: ClassVar[str] = "leave_community"
    relation: ClassVar[Relation] = "tie"
    community: Community
    """Its name."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Take oneself out of a community."""
        if who not in _community(world, self.community).members:
            raise ActionError(f"you are not in {self.community!r}")
        world.forum.leave(who, self.community)
        return Effect(group_name=self.community)


@dataclass(frozen=True, slots=True)
class PostTo(Action):
    """Publish a post in a community one is in."""

    verb: ClassVar[str] = "post_to"
    relation: ClassVar[Relation] = "post"
    community: Community
    """Name of a community that one is in."""
    text: Text
    """The text of the post."""

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Begin a thread in a community."""
        if who not in _community(world, self.community).members:
            raise ActionError(f"you are not in {self.community!r}; join it first")
        post = world.publish(who, checked_text(self.text), now, community=self.community)
        return Effect(made=post.id, root=post.root, group_name=self.community, text=self.text)
