"""How an action is told in the columns of its event, and read back from them."""

import json
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from simnet.errors import RecordError, ScenarioError
from simnet.world.actions import Action, Effect, Field, FieldKind, fields_of
from simnet.world.events import Event

if TYPE_CHECKING:
    from collections.abc import Hashable

_KINDS: dict[str, FieldKind] = {
    "post": "post",
    "whom": "member",
    "group": "group",
    "text": "text",
}
"""Columns that hold the field of that name, if it is of this kind."""


def columns_of(verb: type[Action]) -> tuple[tuple[str, str | None], ...]:
    """Say which column holds each field of a verb; None for a field that is in `extra`.

    Fields are in the columns of their names. A choice is in `text`, if that is free.
    """
    return _columns_of(cast("Hashable", verb))


@cache
def _columns_of(verb: "Hashable") -> tuple[tuple[str, str | None], ...]:
    fields = fields_of(cast("type[Action]", verb))
    return tuple((field.name, _column(field, fields)) for field in fields)


def _column(field: Field, fields: tuple[Field, ...]) -> str | None:
    if _KINDS.get(field.name) == field.kind:
        return field.name
    if field.kind == "choice":
        others = [other for other in fields if other.kind == "choice" or other.name == "text"]
        return "text" if others == [field] else None
    return None


def tell(action: Action, effect: Effect) -> Effect:
    """Complete an effect, so that the action can be read back from its columns.

    Raises ScenarioError if the verb's rule filled `extra` with something else than a JSON
    object and `extra` is needed.
    """
    left: dict[str, object] = {}
    for name, column in columns_of(type(action)):
        value = getattr(action, name)
        if column is None:
            left[name] = value
            continue
        told = getattr(effect, column)
        if told is None:
            effect = effect._replace(**{column: value})
        elif told != value:
            left[name] = value
    return effect._replace(extra=_extended(action, effect.extra, left)) if left else effect


def _extended(action: Action, extra: str | None, left: dict[str, object]) -> str:
    kept = _object(extra)
    if kept is None:
        raise ScenarioError(
            f"verb {action.verb!r} put {extra!r} into `extra`, which holds a JSON object"
        )
    return json.dumps(kept | left, ensure_ascii=False)


def recall(verb: type[Action], row: Event) -> Action:
    """Make the action again that an event tells of. Raises RecordError if a field is missing."""
    columns = columns_of(verb)
    extra = _object(row.extra) or {}
    values: dict[str, object] = {}
    for name, column in columns:
        if name in extra:
            values[name] = extra[name]
        elif column is not None:
            values[name] = getattr(row, column)
        else:
            raise RecordError(
                f"the event of @{row.who} at {row.at:g} s has no {name!r} in `extra`, which the "
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
