"""The type of a persona."""

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from simnet.text import neutralise, storable
from simnet.user_code import raised_by, shown, wrong_result


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


def portrait_of(persona: Persona, cohort: str) -> str:
    """Return a persona's portrait, for which a class of the user's own may have a method.

    Raises UserCodeError if that raises or returns no text.
    """
    method = type(persona).portrait
    try:
        text = persona.portrait()
    except BaseException as error:
        raise raised_by("portrait", method, error, cohort=cohort, handle=persona.id) from error
    if not isinstance(text, str) or storable(text) != text:
        problem = f"returned {shown(text)}; return a text"
        raise wrong_result("portrait", method, problem, cohort=cohort, handle=persona.id)
    return text
