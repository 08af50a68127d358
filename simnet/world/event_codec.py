"""Encodes an action in the columns of its event, and decodes it from them."""

import json
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from simnet.errors import RecordError, ScenarioError
from simnet.world.actions import Action, Effect, Field, FieldKind, fields_of
from simnet.world.events import Event

if TYPE_CHECKING:
    from collections.abc import Hashable

_COLUMNS: dict[tuple[str, FieldKind], str] = {
    ("post", "post"): "post",
    ("whom", "member"): "whom",
    ("group", "group"): "group_name",
    ("community", "community"): "group_name",
    ("text", "text"): "text",
}
"""Name and kind of a field -> the column that it is stored in."""


def columns_of(verb: type[Action]) -> tuple[tuple[str, str | None], ...]:
    """Pair each field of a verb with its column; None for a field that is in `extra`.

    A field is in the column of its name; `group` and `community` are in `group_name`, because
    GROUP is a keyword of SQL. A choice is in `text`, if that is free.
    """
    return _columns_of(verb)  # type: ignore[arg-type]  # hot; mypy takes classes for unhashable


@cache
def _columns_of(verb: "Hashable") -> tuple[tuple[str, str | None], ...]:
    fields = fields_of(cast("type[Action]", verb))
    return tuple((field.name, _column(field, fields)) for field in fields)


def _column(field: Field, fields: tuple[Field, ...]) -> str | None:
    if column := _COLUMNS.get((field.name, field.kind)):
        return column
    if field.kind == "choice":
        others = [other for other in fields if other.kind == "choice" or other.name == "text"]
        return "text" if others == [field] else None
    return None


def encode_action(action: Action, effect: Effect) -> Effect:
    """Fill the columns of an effect, so that the action can be decoded from them.

    Raises ScenarioError if the verb's rule filled `extra` with something else than a JSON
    object and `extra` is needed.
    """
    extra: dict[str, object] = {}
    for name, column in columns_of(type(action)):
        value = getattr(action, name)
        if column is None:
            extra[name] = value
            continue
        effect_value = getattr(effect, column)
        if effect_value is None:
            effect = effect._replace(**{column: value})
        elif effect_value != value:
            extra[name] = value
    if not extra:
        return effect
    return effect._replace(extra=_extended(action, effect.extra, extra))


def _extended(action: Action, extra: str | None, fields: dict[str, object]) -> str:
    existing = _object(extra)
    if existing is None:
        raise ScenarioError(
            f"verb {action.verb!r} put {extra!r} into `extra`, which holds a JSON object"
        )
    return json.dumps(existing | fields, ensure_ascii=False)


def decode_action(verb: type[Action], row: Event) -> Action:
    """Make the action of an event. Raises RecordError if a field is missing."""
    extra = _object(row.extra) or {}
    values: dict[str, object] = {}
    for name, column in columns_of(verb):
        if name in extra:
            values[name] = extra[name]
        elif column is not None:
            values[name] = getattr(row, column)
        else:
            raise RecordError(
                f"the event of @{row.who} at {row.time:g} s has no {name!r} in `extra`, which the "
                f"verb {row.verb!r} needs"
            )
    return verb(**values)


def _object(extra: str | None) -> dict[str, Any] | None:
    """Read a JSON object; None if it is something else."""
    try:
        read = json.loads(extra or "{}")
    except ValueError:
        return None
    return read if isinstance(read, dict) else None
