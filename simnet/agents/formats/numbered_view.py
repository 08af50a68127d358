"""How a view numbers what a reply may name: posts, members, groups, communities."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from simnet.errors import ModelError
from simnet.world.actions import Action
from simnet.world.state.posts import View


class Shape(NamedTuple):
    """How many targets of each kind a view numbers."""

    posts: int
    senders: int
    suggested: int
    groups: int
    communities: int = 0

    @classmethod
    def of(cls, view: View) -> "Shape":
        """Count what a view shows."""
        return cls(
            len(view.posts),
            len(view.messages),
            len(view.suggested),
            len(view.groups),
            len(view.communities),
        )

    def numbers(self, kind: str) -> range:
        """List the numbers that a field of this kind may take."""
        members = self.posts + self.senders + self.suggested
        match kind:
            case "post":
                return range(1, self.posts + 1)
            case "member":
                return range(1, members + 1)
            case "group":
                return range(members + 1, members + self.groups + 1)
            case _:
                named = members + self.groups
                return range(named + 1, named + self.communities + 1)


def target(kind: str, number: int, view: View, verb: type[Action]) -> object:
    """Find what a number means in a view. Raises ModelError if there is no such thing."""
    shape = Shape.of(view)
    if number not in shape.numbers(kind):
        raise ModelError(f"{verb.verb} {number}: there is no such {kind} in view")
    if kind == "post":
        return view.posts[number - 1].id
    if kind == "member":
        return list(members(view))[number - 1]
    return names(view, kind)[number - shape.numbers(kind).start]


def members(view: View) -> Iterator[str]:
    """List the handles that a view numbers, in order: authors, senders, suggestions."""
    yield from (post.author for post in view.posts)
    yield from (message.sender for message in view.messages)
    yield from view.suggested


def names(view: View, kind: str) -> Sequence[str]:
    """List the groups or the communities of a view, as it numbers them."""
    return view.groups if kind == "group" else view.communities
