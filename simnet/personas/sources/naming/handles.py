"""Handles for personas from files: ids are kept if valid; the others get a new handle."""

from simnet.personas.names import MAX_LENGTH, digest, handle_for, normal, sanitised
from simnet.personas.sources.columns.fields import FieldError
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.naming.id_table import IdTable


class Handles:
    """Gives every row of a file a unique handle."""

    def __init__(self) -> None:
        self._places = _Places()
        self._copies = IdTable()

    def take(self, draft: Draft, place: str, whole: object, *, repeats: bool) -> tuple[str, bool]:
        """Return the handle, and whether it differs from the id in the row.

        `whole` is all of the row, which the handle of a persona without id and name depends on.
        Raises FieldError when an earlier row has the same id, unless `repeats` allows that. Then
        the later one gets a number, as does a row without an id whose name is that of another.
        """
        if draft.id is None and draft.name is None:
            handle = handle_for(draft.description, repr(whole))
            copies = self._copies.add(handle, 1)
            return self._free(handle, copies) if copies else handle, False
        key = normal(draft.id if draft.id is not None else draft.name or "")
        first = self._places.add(key, place)
        if first and draft.id is not None and not repeats:
            raise FieldError(
                "id",
                f"{key!r} is the id at {first} already; rename one of them if they are two people",
            )
        handle = sanitised(normal(draft.name or key))
        copies = self._copies.add(handle, 1)
        if copies and not first:
            handle = f"{handle[: MAX_LENGTH - 9]}-{digest(key)}"
            copies = self._copies.add(handle, 1)
        free = self._free(handle, copies) if copies else handle
        return free, free != (draft.id if draft.id is not None else draft.name)

    def _free(self, handle: str, copies: int) -> str:
        """Add a number to a handle of which there are some already."""
        taken = True
        while taken:
            copies += 1
            free = f"{handle[: MAX_LENGTH - 9]}-{copies}"
            taken = bool(self._copies.add(free, 1))
        self._copies.put(handle, copies)
        return free


class _Places:
    """Places in a file by id. Those such as `line 4` are kept as numbers."""

    def __init__(self) -> None:
        self._table = IdTable()
        self._word = ""
        """What most places begin with: `line` or `row`."""
        self._written: list[str] = []
        """Places of another form."""

    def add(self, key: str, place: str) -> str:
        """Note the place of an id unless it has one; return that, else an empty text."""
        word, _, number = place.partition(" ")
        self._word = self._word or word
        if word == self._word and number.isdecimal():
            first = self._table.add(key, 2 * int(number))
        else:
            self._written.append(place)
            first = self._table.add(key, 2 * len(self._written) - 1)
        if first % 2:
            return self._written[first // 2]
        return f"{self._word} {first // 2}" if first else ""
