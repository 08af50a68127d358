"""State of custom verbs that is recorded: each change of an entry becomes a row.

A rule may change what it got from a mapping (append to a list, say), so an entry counts as
touched when it is read as well. At the end of an action the touched entries are compared with
what was recorded of them last.
"""

import json
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, NamedTuple

from simnet.errors import ScenarioError
from simnet.world.state.plain_values import plain


class StateChange(NamedTuple):
    """A change of recorded state."""

    name: str
    key: str
    value: str | None
    """JSON; None if the entry is gone."""


class RecordedState(MutableMapping[Any, Any]):
    """The entries under one name of `world.kept`, and which of them were touched."""

    def __init__(self, name: str, entries: Mapping[Any, Any]) -> None:
        """Take the entries that are there; all of them count as touched."""
        self._name = name
        self._entries = dict(entries)
        self._touched: dict[Any, None] = dict.fromkeys(self._entries)
        self._recorded: dict[Any, str] = {}

    def __getitem__(self, key: Any) -> Any:
        value = self._entries[key]
        self._touched[key] = None
        return value

    def __setitem__(self, key: Any, value: Any) -> None:
        self._entries[key] = value
        self._touched[key] = None

    def __delitem__(self, key: Any) -> None:
        del self._entries[key]
        self._touched[key] = None

    def __iter__(self) -> Iterator[Any]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return repr(self._entries)

    def untouched(self) -> Mapping[Any, Any]:
        """Return the entries; reading them so does not count."""
        return self._entries

    def replace(self, entries: Mapping[Any, Any]) -> None:
        """Hold other entries, since a rule put another mapping in this one's place."""
        self._touched.update(dict.fromkeys([*self._entries, *entries]))
        self._entries = dict(entries)

    def forget_reads(self) -> None:
        """Begin an action: what was read before it, by feeds say, was not changed."""
        self._touched.clear()

    def take_changes(self) -> list[StateChange]:
        """List the entries that differ from what was recorded last, in the order of touching.

        Raises ScenarioError, naming the entry, for a value that JSON cannot hold.
        """
        changes = []
        for key in self._touched:
            value = self._as_json(key) if key in self._entries else None
            if value != self._recorded.get(key):
                changes.append(StateChange(self._name, _key(key), value))
                if value is None:
                    del self._recorded[key]
                else:
                    self._recorded[key] = value
        self._touched.clear()
        return changes

    def _as_json(self, key: Any) -> str:
        try:
            return _json(self._entries[key])
        except (TypeError, ValueError) as error:
            raise ScenarioError(
                f"world.kept[{self._name!r}][{key!r}] is {self._entries[key]!r:.80}, which JSON "
                f"cannot hold ({error}); keep numbers, texts, lists and dicts in recorded state"
            ) from error


def _key(key: Any) -> str:
    return key if isinstance(key, str) else _json(key)


def _json(value: Any) -> str:
    return _ENCODER.encode(value)


def _reduced(value: Any) -> object:
    reduced = plain(value)
    if reduced is value:
        raise TypeError(f"it has a {type(value).__name__}")
    return reduced


# `json.dumps` makes an encoder for each value.
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=_reduced)
