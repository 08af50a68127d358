"""Who is on the network."""

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from simnet.text import neutralise


def _visible(handle: str) -> str:
    if neutralise(handle) != handle:
        raise ValueError("has characters that cannot be seen, so it would look like another")
    return handle


Handle: TypeAlias = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^[\w][\w.\-]*$"),
    AfterValidator(_visible),
]
"""A unique name on the network: letters of any script, digits, `_`, `.` and `-`."""

Attribute: TypeAlias = str | int | float | bool | list[str] | None


class Persona(BaseModel):
    """One person: a handle, a description in prose, and whatever attributes a study needs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Handle
    description: Annotated[str, Field(max_length=20_000)] = ""
    attributes: dict[str, Attribute] = {}
    untold: tuple[str, ...] = ()
    """Names of attributes kept for search and export that no model is told of."""

    def portrait(self) -> str:
        """Tell a model who this is: the description, then the attributes that say something."""
        told = []
        for name, value in self.attributes.items():
            text = ", ".join(value) if isinstance(value, list) else str(value)
            if text and value is not None and name not in self.untold:
                told.append(f"{name.replace('_', ' ')}: {text}")
        facts = ". ".join(told) + "." if told else ""
        return " ".join(filter(None, [self.description, facts]))
