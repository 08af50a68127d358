"""What a row of any format is read into, before it has a handle."""

from typing import NamedTuple

from simnet.personas.persona import Attribute


class Draft(NamedTuple):
    """A persona to be."""

    id: str | None
    """The id in the row, as it is written there; None where the format has none."""
    description: str
    attributes: dict[str, Attribute]
    untold: tuple[str, ...] = ()
    """Attributes that no model is told of; names that are not there do no harm."""
