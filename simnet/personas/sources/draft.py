"""A persona as read from a row of any format, before it has a handle and after."""

from typing import NamedTuple

from simnet.personas.persona import Attribute, Persona


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


class Found(NamedTuple):
    """A persona, and the row that it was read from."""

    persona: Persona
    place: str
    """Where in the file the row is, such as `line 4`."""
    row: int
    """Number of the row, from 0; broken rows count too."""

    def with_attribute(self, name: str, value: Attribute) -> "Found":
        """Return the same with one attribute more, which no prompt contains."""
        one = self.persona
        update = {"attributes": one.attributes | {name: value}, "untold": (*one.untold, name)}
        return self._replace(persona=one.model_copy(update=update))
