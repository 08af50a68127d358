"""Maps the columns of any table to the fields of personas: `id=name,description=bio`."""

from collections.abc import Mapping, Sequence
from typing import Any

from simnet.errors import PersonaError
from simnet.foundation.text import did_you_mean
from simnet.personas.sources.columns.fields import FieldError, prose
from simnet.personas.sources.family import Fields

_ABSENT = object()


def read_map(written: Sequence[str]) -> dict[str, str]:
    """Read `field=column` pairs, several in one text with commas between them.

    Raises PersonaError for a text that is no pair and for a field that is given twice.
    """
    mapping: dict[str, str] = {}
    for pair in (part for text in written for part in text.split(",")):
        field, equals, column = (part.strip() for part in pair.partition("="))
        if not (field and equals and column):
            raise PersonaError(
                f"--map {pair!r} is no pair of a field and a column; write --map "
                "id=NAME_OF_A_COLUMN,description=NAME_OF_ANOTHER"
            )
        if field in mapping:
            raise PersonaError(f"--map names {field!r} twice; join columns with +, as in a=b+c")
        mapping[field] = column
    return mapping


def mapped(fields: Fields, mapping: Mapping[str, str]) -> Fields:
    """Rename columns; the columns that are used are no attributes of their own.

    `a+b` joins the texts of two columns, and `a.b` is a part of a nested one. A field `id` that
    no column gives is left to be made. Raises FieldError for a column that is not there.
    """
    used: set[str] = set()
    made: Fields = {}
    for field, columns in mapping.items():
        names = [columns] if columns in fields else [name.strip() for name in columns.split("+")]
        values = [_found(fields, name, used) for name in names]
        value = values[0] if len(values) == 1 else prose(*values)
        if field == "description" and isinstance(value, list):
            value = prose(value)
        made[field] = value
    others = {name: value for name, value in fields.items() if name not in used}
    return {name: value for name, value in others.items() if name not in made} | made


def _found(fields: Fields, name: str, used: set[str]) -> Any:
    """Return the value of a column, or of a part of a nested one; its spelling may differ."""
    spelt = {one.casefold(): one for one in fields}
    first, _, rest = name.partition(".")
    key = spelt.get(name.casefold(), name)
    if key in fields:
        used.add(key)
        return fields[key]
    value: Any = fields.get(spelt.get(first.casefold(), first), _ABSENT)
    for part in rest.split(".") if rest else []:
        value = value.get(part, _ABSENT) if isinstance(value, dict) else _ABSENT
    if value is _ABSENT or not rest:
        hint = did_you_mean(name, fields) or f"; there are {', '.join(fields)}"
        raise FieldError(name, f"is no column of this row{hint}")
    used.add(spelt.get(first.casefold(), first))
    return value
