"""The type of a persona."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    StringConstraints,
    ValidationError,
    model_validator,
)

from simnet.errors import PersonaError
from simnet.foundation.text import did_you_mean, neutralise, storable
from simnet.foundation.user_code import raised_by, shown, wrong_result
from simnet.personas.names import MAX_LENGTH, normal, sanitised
from simnet.personas.source import Source

_EXACT_BELOW = 2.0**53
"""Floats from there on are no whole numbers that somebody counted."""
_SENTENCE_ENDS = tuple(".!?\u2026\u3002\uff01\uff1f\u061f\u0964")
_CLOSING = "\"'\u201d\u2019\u00bb)]\u300d\u300f "


def _visible(handle: str) -> str:
    if neutralise(handle) != handle:
        raise ValueError("has characters that cannot be seen, so it would look like another")
    return handle


def _composed(handle: object) -> object:
    return normal(handle) if isinstance(handle, str) else handle


Handle: TypeAlias = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_LENGTH, pattern=r"^[\w][\w.\-]*$"),
    BeforeValidator(_composed),
    AfterValidator(_visible),
]
"""A unique name on the network: letters of any script, digits, `_`, `.` and `-`, in NFC."""

Attribute: TypeAlias = str | int | float | bool | list[str] | None


class Persona(BaseModel):
    """One person: a handle, a description in prose, and any attributes a study needs.

    Raises PersonaError, in one line that says what to write, for a value that cannot be used.
    Two personas are equal if they are the same person, wherever they come from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Handle
    """The handle, unique in a scenario."""
    description: Annotated[str, Field(max_length=20_000)] = ""
    """Who it is, in prose; told to the model."""
    attributes: dict[str, Attribute] = {}
    """Facts by name, such as `age`; told to the model but for `untold`."""
    untold: tuple[str, ...] = ()
    """Names of attributes for search and export that no prompt contains."""
    source: Source | None = None
    """Where the persona comes from; recorded, and told to no model."""

    if not TYPE_CHECKING:  # checkers know the fields

        def __init__(self, *values: object, **fields: object) -> None:
            if values:
                named = zip(type(self).model_fields, values, strict=False)
                written = ", ".join(f"{name}={shown(value)}" for name, value in named)
                raise PersonaError(f"persona: fields are given by name; write Persona({written})")
            super().__init__(**fields)

        __init__.__pydantic_base_init__ = True  # it validates as that of the base class does

    @model_validator(mode="wrap")
    @classmethod
    def _explain(cls, data: Any, handler: ModelWrapValidatorHandler["Persona"]) -> "Persona":
        try:
            return handler(data)
        except ValidationError as error:
            raise PersonaError(_advice(error, data)) from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Persona) and self._identity() == other._identity()

    __hash__ = None  # type: ignore[assignment]  # attributes are a dictionary, which has no hash

    def _identity(self) -> tuple[object, ...]:
        return self.id, self.description, self.attributes, self.untold

    def portrait(self) -> str:
        """Return the text for prompts: the description, then the attributes that are not empty."""
        facts = []
        for name, value in self.attributes.items():
            text = as_told(value)
            if text and name not in self.untold:
                facts.append(_sentence(f"{name.replace('_', ' ')}: {text}"))
        if not facts:
            return self.description
        return " ".join(filter(None, [_sentence(self.description), *facts]))


def as_told(value: Attribute) -> str:
    """Return the value of an attribute as prompts have it; empty where there is none.

    Columns of pandas with gaps are floats: a missing number is NaN, and a whole one has decimals.
    """
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, float) and value != value:  # noqa: PLR0124 - NaN alone differs from itself
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_BELOW:
        return str(int(value))
    return "" if value is None else str(value)


def _sentence(text: str) -> str:
    """End a text with a full stop, unless it ends like a sentence already."""
    whole = text.rstrip()
    bare = whole.rstrip(_CLOSING)
    return whole if not bare or bare.endswith(_SENTENCE_ENDS) else whole + "."


def _advice(error: ValidationError, data: Any) -> str:
    """Say in one line what is wrong with a persona and what to write."""
    given = data if isinstance(data, Mapping) else {}
    fault = error.errors()[0]
    field, value = str(fault["loc"][0]) if fault["loc"] else "", fault["input"]
    who = "persona" if field == "id" else f"persona {given.get('id')!r}"
    if field == "id":
        return f"{who}: id {_about_id(fault['type'], value, fault['msg'])}"
    if field == "attributes" and len(fault["loc"]) > 1:
        return f"{who}: {_about_attribute(str(fault['loc'][1]), given)}"
    if fault["type"] == "extra_forbidden":
        hint = did_you_mean(field, Persona.model_fields) or "; write it into attributes"
        return f"{who}: there is no field {field!r}{hint}"
    if fault["type"] == "string_too_long":
        most = fault["ctx"]["max_length"]
        return f"{who}: `{field}` has {len(value):,} characters; write {most:,} at most"
    return f"{who}: field `{field}`: {fault['msg']}"


def _about_id(kind: str, value: object, message: str) -> str:
    if kind == "missing":
        return "is missing; give every persona an id of its own"
    if not isinstance(value, str):
        return f'is {value!r}, which is no text; write id="{value}"'
    if kind == "string_too_long":
        return f"has {len(value)} characters; a handle has at most {MAX_LENGTH}"
    if kind == "value_error":
        return f"{value!r} {message.removeprefix('Value error, ')}"
    return f"{value!r}: a handle has letters, digits, _ . -; write {sanitised(value)}"


def _about_attribute(name: str, given: Mapping[str, Any]) -> str:
    value = given["attributes"].get(name) if isinstance(given.get("attributes"), Mapping) else None
    advice = "attributes are texts, numbers, true or false, or lists of texts"
    if isinstance(value, Mapping):
        inner = next(iter(value), "part")
        advice += f'; give each part a name of its own, such as "{name}_{inner}"'
    return f"attribute {name!r} is of type {type(value).__name__}; {advice}"


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
