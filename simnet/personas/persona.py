"""The type of a persona."""

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
    """One person: a handle, a description in prose, and any attributes a study needs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Handle
    description: Annotated[str, Field(max_length=20_000)] = ""
    attributes: dict[str, Attribute] = {}
    untold: tuple[str, ...] = ()
    """Names of attributes for search and export that no prompt contains."""

    def portrait(self) -> str:
        """Return the text for prompts: the description, then the attributes that are not empty."""
        facts = []
        for name, value in self.attributes.items():
            text = ", ".join(value) if isinstance(value, list) else str(value)
            if text and value is not None and name not in self.untold:
                facts.append(f"{name.replace('_', ' ')}: {text}")
        sentence = ". ".join(facts) + "." if facts else ""
        return " ".join(filter(None, [self.description, sentence]))
