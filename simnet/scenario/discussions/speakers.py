"""Who speaks next: rules that choose among the participants of a room.

A rule is a value. It is asked after every turn, with what happened in the room so far, and
draws from the seed of the turn. Participants are numbers: their places in the room's list, from 0.
`simnet.discussions` lists the rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from simnet.draws import Draw
from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked


class Turns(NamedTuple):
    """What a rule knows of a room. Numbers are places in its list of participants, from 0."""

    participants: Sequence[int]
    """Who may speak: not the moderator, and nobody who is suspended, unless all are."""
    spoken: Sequence[int]
    """Who of these had a turn, in order."""
    named: Sequence[int]
    """Participants whose handles the last text has after an `@`.

    Its author is left out, and who had a turn since and said nothing.
    """
    floor: int | None
    """To whom the moderator gave the floor."""
    named_before: Sequence[int] = ()
    """If the last text is the moderator's, whom the last text of anybody else names, likewise."""


class NextSpeaker(Protocol):
    """Chooses who speaks next, one of `turns.participants`."""

    def __call__(self, turns: Turns, draw: Draw) -> int:
        """Return the number of the next speaker."""
        ...


def _drawn(among: Sequence[int], draw: Draw) -> int:
    return among[int(draw() * len(among))]


def _others(turns: Turns) -> Sequence[int]:
    """List the participants without the last speaker, unless there is nobody else."""
    others = [one for one in turns.participants if one not in turns.spoken[-1:]]
    return others or turns.participants


@checked
@dataclass(frozen=True)
class RoundRobin:
    """One after another and over again, in the order of the participants."""

    random_first: bool = False
    """Whether the first speaker is drawn."""

    def __call__(self, turns: Turns, draw: Draw) -> int:
        """Return whoever comes after the last speaker."""
        if not turns.spoken:
            return _drawn(turns.participants, draw) if self.random_first else turns.participants[0]
        place = turns.participants.index(turns.spoken[-1]) + 1
        return turns.participants[place % len(turns.participants)]


@checked
@dataclass(frozen=True)
class RandomSpeaker:
    """Anyone, evenly, but for the last speaker."""

    def __call__(self, turns: Turns, draw: Draw) -> int:
        """Draw one."""
        return _drawn(_others(turns), draw)


@checked
@dataclass(frozen=True)
class RespondsWith:
    """The speaker before the last answers with a probability; otherwise anyone else is drawn.

    SynDisco's turn manager `RandomWeighted`. Raises ScenarioError outside of 0 to 1.
    """

    probability: float = 0.5
    """Of an answer by the speaker before the last, 0 to 1."""

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise ScenarioError(f"RespondsWith({self.probability}): give a probability, 0 to 1")

    def __call__(self, turns: Turns, draw: Draw) -> int:
        """Return the speaker before the last, or another."""
        others = _others(turns)
        # Where others were suspended since, one person may have had the last two turns.
        answers = len(turns.spoken) > 1 and turns.spoken[-2] in others
        if answers and draw() < self.probability:
            return turns.spoken[-2]
        return _drawn(others, draw)


@checked
@dataclass(frozen=True)
class Mentioned:
    """Whoever else the last text names with an `@`; otherwise by another rule."""

    otherwise: NextSpeaker = RandomSpeaker()
    """The rule where nobody is named."""
    before_moderator: bool = False
    """Whether, if the last text is the moderator's and names nobody, the text before it counts."""

    def __call__(self, turns: Turns, draw: Draw) -> int:
        """Return the first who is named."""
        named = turns.named or (turns.named_before if self.before_moderator else ())
        return named[0] if named else self.otherwise(turns, draw)


@checked
@dataclass(frozen=True)
class ChosenByModerator:
    """Whoever the moderator gave the floor to; otherwise by another rule.

    The moderator has a turn before every speaker, and its verb is `GiveFloor`.
    """

    otherwise: NextSpeaker = RandomSpeaker()
    """The rule where the moderator chose nobody."""

    def __call__(self, turns: Turns, draw: Draw) -> int:
        """Return who has the floor."""
        has_floor = turns.floor is not None and turns.floor in turns.participants
        return turns.floor if has_floor else self.otherwise(turns, draw)  # type: ignore[return-value]
