"""Personas with the vectors that their source has for them, as FinePersonas does."""

import math
from typing import Any

from pydantic import PrivateAttr

from simnet.personas.persona import Persona
from simnet.personas.sources.columns.fields import FieldError
from simnet.personas.sources.family import Fields

VECTOR_COLUMN, MODEL_COLUMN = "embedding", "model_name_embeddings"
"""Columns of FinePersonas: the vector of the persona, and the model that made it."""
EMBEDDING_COLUMNS = frozenset({VECTOR_COLUMN, MODEL_COLUMN})


class EmbeddedPersona(Persona):
    """A persona and its vector. The vector is no field: it is stored apart and told to nobody."""

    _vector: list[float] = PrivateAttr(default_factory=list)

    @property
    def vector(self) -> list[float]:
        """The vector, as the source has it; its length need not be 1."""
        return self._vector


class Embeddings:
    """Takes the vectors out of the rows of one file, all of one model and one length."""

    def __init__(self) -> None:
        self.model = ""
        """Name of the model, once a row has been read."""
        self.dimensions = 0
        """Length of the vectors, once a row has been read."""

    def take(self, fields: Fields) -> tuple[Fields, list[float]]:
        """Return the other fields, and the vector. Raises FieldError for one that is none."""
        others = {name: one for name, one in fields.items() if name not in EMBEDDING_COLUMNS}
        model = fields.get(MODEL_COLUMN)
        if not isinstance(model, str) or not model.strip():
            raise FieldError(MODEL_COLUMN, "is missing; it names the model that made the vectors")
        if self.model and model.strip() != self.model:
            raise FieldError(
                MODEL_COLUMN,
                f"is {model!r} where earlier rows have {self.model!r}; vectors of two models "
                "cannot be compared",
            )
        vector = _vector(fields.get(VECTOR_COLUMN))
        if self.dimensions and len(vector) != self.dimensions:
            raise FieldError(
                VECTOR_COLUMN,
                f"has {len(vector)} numbers where earlier rows have {self.dimensions}",
            )
        self.model, self.dimensions = model.strip(), len(vector)
        return others, vector


def embedded(persona: Persona, vector: list[float]) -> EmbeddedPersona:
    """Return a persona with a vector."""
    fields = {name: getattr(persona, name) for name in Persona.model_fields}
    made = EmbeddedPersona.model_construct(**fields)
    made._vector = vector  # noqa: SLF001 - a private attribute of pydantic, set once
    return made


def _vector(value: Any) -> list[float]:
    if value is None:
        raise FieldError(VECTOR_COLUMN, "is missing; leave such rows out, or import without it")
    if not isinstance(value, list) or not value:
        raise FieldError(VECTOR_COLUMN, "is not a list of numbers")
    if not all(isinstance(one, int | float) and math.isfinite(one) for one in value):
        raise FieldError(VECTOR_COLUMN, "has something other than finite numbers in it")
    if not any(value):
        raise FieldError(VECTOR_COLUMN, "has zeros alone, which are similar to nothing")
    return value
