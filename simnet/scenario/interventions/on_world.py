"""Interventions that change the world: bans, posts taken down, ties, joining and leaving."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from simnet.errors import ActionError, ScenarioError
from simnet.foundation.arguments import checked
from simnet.foundation.user_code import shown
from simnet.scenario.interventions.directory import Names, listed
from simnet.scenario.interventions.intervention import (
    Intervention,
    Stage,
    Step,
    for_each,
    renamed_pairs,
)
from simnet.world import outside
from simnet.world.actions import Action, Effect, Relation
from simnet.world.state.world_state import WorldState


@checked
@dataclass(frozen=True)
class Ban(Intervention):
    """Ban people: they wake no more, and others do not see their posts.

    A turn under way at that time is refused when it lands, and nothing of it is done. Ties stay.
    """

    verb: ClassVar[str] = "ban"
    relation: ClassVar[Relation] = "moderation"
    who: Names
    """Handles, or names of cohorts."""

    def steps(self, stage: Stage) -> Iterator[Step]:
        """Ban them one by one."""
        yield from for_each(stage, stage.directory.members(self.who), outside.ban)


@checked
@dataclass(frozen=True)
class Reinstate(Intervention):
    """End a ban, or the suspension by a moderator; people then wake as their rhythm says."""

    verb: ClassVar[str] = "reinstate"
    relation: ClassVar[Relation] = "moderation"
    who: Names
    """Handles, or names of cohorts."""

    def steps(self, stage: Stage) -> Iterator[Step]:
        """Reinstate them one by one."""
        yield from for_each(stage, stage.directory.members(self.who), outside.reinstate)


@checked
@dataclass(frozen=True)
class Join(Intervention):
    """Let people join, who were away from the start or have left.

    Whoever is named by a Join, and by no Leave at an earlier set time, is away until then: does
    not wake, is seen by nobody and cannot be followed. Their rhythm begins at time 0 all the same.
    """

    verb: ClassVar[str] = "join_platform"
    who: Names
    """Handles, or names of cohorts."""

    def steps(self, stage: Stage) -> Iterator[Step]:
        """Let them join one by one."""
        yield from for_each(stage, stage.directory.members(self.who), outside.join)


@checked
@dataclass(frozen=True)
class Leave(Intervention):
    """Take people away: they wake no more, lose all ties, and others do not see their posts.

    A turn under way is refused when it lands. With `removes_posts` their posts are taken down,
    so that they stay away when their authors join again.
    """

    verb: ClassVar[str] = "leave_platform"
    who: Names
    """Handles, or names of cohorts."""
    removes_posts: bool = False

    def steps(self, stage: Stage) -> Iterator[Step]:
        """Take them away one by one, then their posts."""
        members = stage.directory.members(self.who)
        there = [member for member in members if member not in stage.world.absent]
        yield from for_each(stage, members, outside.leave)
        if self.removes_posts:
            for number in posts_of(stage.world, there):
                yield _removed(stage, number)


@checked
@dataclass(frozen=True)
class RemovePosts(Intervention):
    """Take posts down: those with these numbers, and all that some people wrote until then.

    With `holding`, only posts that hold these words, in any case.
    """

    verb: ClassVar[str] = "remove"
    relation: ClassVar[Relation] = "removal"
    posts: Sequence[int] = ()
    """Numbers of posts."""
    by: Names = ()
    """Authors: handles, or names of cohorts."""
    holding: str = ""

    def __post_init__(self) -> None:
        some = bool(len(self.posts) or len(self.by) or self.holding)
        self.check(some, "give posts, authors (by=...) or words (holding=...)")
        self.check(all(number >= 0 for number in self.posts), "numbers of posts are 0 or more")

    def names(self) -> tuple[str, ...]:
        """List the authors."""
        return listed(self.by)

    def renamed(self, handles: Mapping[str, str]) -> Self:
        """Return it with other names of authors."""
        return replace(self, by=tuple(handles.get(name, name) for name in listed(self.by)))

    def steps(self, stage: Stage) -> Iterator[Step]:
        """Take the posts down one by one."""
        world = stage.world
        everybody = not len(self.posts) and not len(self.by)
        authors = range(len(world.handles)) if everybody else stage.directory.members(self.by)
        words = self.holding.casefold()
        for number in dict.fromkeys([*self.posts, *posts_of(world, authors)]):
            known = number < len(world.posts)
            if not known or words in world.posts[number].text.casefold():
                yield _removed(stage, number)


@dataclass(frozen=True)
class TieChange(Intervention):
    """A change of ties, given as pairs (follower, followee) of handles or names of cohorts."""

    relation: ClassVar[Relation] = "tie"
    ties: Sequence[tuple[str, str]]
    """Pairs (follower, followee)."""

    def __post_init__(self) -> None:
        for number, tie in enumerate(self.ties):
            pair = isinstance(tie, Sequence) and not isinstance(tie, str) and len(tie) == 2
            if not pair or not all(isinstance(name, str) for name in tie):
                raise ScenarioError(
                    f"{type(self).__name__}: tie {number} is {shown(tie)}; a tie is (follower, "
                    "followee), two names such as ('ann', 'ben')"
                )

    def names(self) -> tuple[str, ...]:
        """List both sides of all pairs."""
        return tuple(name for tie in self.ties for name in tie)

    def renamed(self, handles: Mapping[str, str]) -> Self:
        """Return it with other names."""
        return replace(self, ties=renamed_pairs(self.ties, handles))


@checked
@dataclass(frozen=True)
class AddTies(TieChange):
    """Let people follow others: pairs (follower, followee) of handles or names of cohorts.

    Of a cohort, everyone is meant. A tie that exists already is refused.
    """

    verb: ClassVar[str] = "add_tie"

    def steps(self, stage: Stage) -> Iterator[Step]:
        """Add the ties one by one."""
        for pair in pairs_of(stage, self.ties):
            yield _tied(stage, pair, add=True)


@checked
@dataclass(frozen=True)
class RemoveTies(TieChange):
    """Let people follow others no more: pairs (follower, followee), as in AddTies.

    Of a cohort, only those ties are removed that exist.
    """

    verb: ClassVar[str] = "remove_tie"

    def steps(self, stage: Stage) -> Iterator[Step]:
        """Remove the ties one by one."""
        directory, network = stage.directory, stage.world.network
        for tie in self.ties:
            several = any(directory.is_cohort(name) for name in tie)
            for pair in pairs_of(stage, [tie]):
                if not several or network.follows(*pair):
                    yield _tied(stage, pair, add=False)


@checked
@dataclass(frozen=True)
class Act(Intervention):
    """Let somebody do something, as a Cue does."""

    who: str
    """Handle of who does it."""
    does: Action
    """What they do."""

    def steps(self, stage: Stage) -> Iterator[Step]:
        """Yield nothing: the kernel does the action as it does that of a cue."""
        yield from ()


def posts_of(world: WorldState, authors: Sequence[int]) -> list[int]:
    """List the posts of some people that stand."""
    wanted = set(authors)
    return [post.id for post in world.posts if post.author_index in wanted and not post.removed]


def pairs_of(stage: Stage, ties: Sequence[tuple[str, str]]) -> Iterator[tuple[int, int]]:
    """Yield the positions of followers and followees; nobody follows themselves."""
    for follower, followee in ties:
        for one in stage.directory.members(follower):
            for other in stage.directory.members(followee):
                if one != other:
                    yield one, other


def _tied(stage: Stage, pair: tuple[int, int], *, add: bool) -> Step:
    world, (follower, followee) = stage.world, pair
    values, cohort = {"follower": world.handles[follower]}, world.cohorts[follower]
    try:
        effect = (outside.add_tie if add else outside.remove_tie)(world, follower, followee)
    except ActionError as error:
        return Step(Effect(whom=world.handles[followee]), cohort, str(error), values)
    return Step(effect, cohort, None, values)


def _removed(stage: Stage, number: int) -> Step:
    world = stage.world
    cohort = world.cohorts[world.posts[number].author_index] if number < len(world.posts) else ""
    try:
        return Step(outside.remove_post(world, number), cohort, verb=RemovePosts.verb)
    except ActionError as error:
        effect = Effect(number if cohort else None)
        return Step(effect, cohort, str(error), verb=RemovePosts.verb)
