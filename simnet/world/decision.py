"""What an agent decided in one turn."""

from typing import NamedTuple

from simnet.errors import UserCodeError
from simnet.world.actions import Action


class Decision(NamedTuple):
    """What an agent does in one turn, or why it does nothing."""

    who: str
    turn: int
    actions: tuple[Action, ...]
    marks: tuple[str, ...] = ()
    failure: str | None = None
    error: UserCodeError | None = None
    """Why its behaviour failed, if it did so now and not in the run that is replayed."""
    verdict: str | None = None
    """What the judge said of its text: `yes`, `no`, or `none` without a usable reply. None if it
    was not asked."""

    left: bool = False
    """Whether the turn is left for a resume: the run stopped while a prompt waited to be sent."""

    def __deepcopy__(self, memo: object) -> "Decision":
        return self  # nothing in it is ever changed
