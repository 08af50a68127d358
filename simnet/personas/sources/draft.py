"""A persona as read from a row of any format, before it has a handle."""

from typing import NamedTuple

from simnet.personas.persona import Attribute


class Draft(NamedTuple):
    """A persona without a valid handle."""

    id: str | None
    """The id in the row, as it is written there; None where the format has none."""
    description: str
    attributes: dict[str, Attribute]
    untold: tuple[str, ...] = ()
    """Attributes that no prompt contains; names without an attribute are ignored."""
    name: str | None = None
    """What the handle is made of if not of the id, such as a name beside a number."""
    complete: bool = False
    """Whether the row itself says which attributes are told, so that none is found out."""
