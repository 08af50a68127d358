"""The communities of a forum, and the karma of its members."""

from collections import defaultdict
from typing import NamedTuple

from simnet.world.state.world_copy import Memo, nested


class Community(NamedTuple):
    """A community: who is in it, and what was posted there."""

    members: dict[int, None]
    entries: list[int]
    """The timeline entries of its posts, ascending."""


class Forum:
    """The data of a forum; members are positions in `world.handles`."""

    def __init__(self) -> None:
        """Begin without communities."""
        self.communities: dict[str, Community] = {}
        self.joined: defaultdict[int, dict[str, None]] = defaultdict(dict)
        """The communities each member is in, in the order of joining."""
        self.karma: defaultdict[int, int] = defaultdict(int)
        """Likes less dislikes that others gave to a member's posts."""

    def __deepcopy__(self, memo: Memo) -> "Forum":
        fresh = Forum()
        fresh.communities = {
            name: Community(one.members.copy(), one.entries.copy())
            for name, one in self.communities.items()
        }
        fresh.joined.update(nested(self.joined))
        fresh.karma.update(self.karma)
        return fresh

    def create(self, name: str) -> None:
        """Add a community without members."""
        self.communities[name] = Community({}, [])

    def enter(self, who: int, name: str) -> None:
        """Make someone a member of a community."""
        self.communities[name].members[who] = None
        self.joined[who][name] = None

    def leave(self, who: int, name: str) -> None:
        """Take a member out of a community."""
        del self.communities[name].members[who], self.joined[who][name]

    def state(self) -> tuple[object, ...]:
        """Return all of it that does not follow from the rest; part of the hash of the world."""
        return (
            sorted(pair for pair in self.karma.items() if pair[1]),
            [(name, list(one.members), one.entries) for name, one in self.communities.items()],
            sorted((who, list(names)) for who, names in self.joined.items() if names),
        )
