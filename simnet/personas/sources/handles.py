"""Handles for personas from files: ids are kept if valid; the others get a new handle."""

from simnet.personas.names import MAX_LENGTH, digest, handle_for, normal, sanitised
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.fields import FieldError


class Handles:
    """Gives every row of a file a unique handle."""

    def __init__(self) -> None:
        self._places: dict[str, str] = {}
        self._copies: dict[str, int] = {}

    def take(self, draft: Draft, place: str, whole: object, *, repeats: bool) -> tuple[str, bool]:
        """Return the handle, and whether it differs from the id in the row.

        `whole` is all of the row, which the handle of a persona without id and name depends on.
        Raises FieldError when an earlier row has the same id, unless `repeats` allows that. Then
        the later one gets a number, as does a row without an id whose name is that of another.
        """
        if draft.id is None and draft.name is None:
            return self._free(handle_for(draft.description, repr(whole))), False
        key = normal(draft.id if draft.id is not None else draft.name or "")
        if key in self._places and draft.id is not None and not repeats:
            raise FieldError(
                "id",
                f"{key!r} is the id at {self._places[key]} already; rename one of them if they "
                "are two people",
            )
        handle = sanitised(normal(draft.name or key))
        if handle in self._copies and key not in self._places:
            handle = f"{handle[: MAX_LENGTH - 9]}-{digest(key)}"
        self._places.setdefault(key, place)
        free = self._free(handle)
        return free, free != (draft.id if draft.id is not None else draft.name)

    def _free(self, handle: str) -> str:
        free = handle
        while free in self._copies:
            self._copies[handle] += 1
            free = f"{handle[: MAX_LENGTH - 9]}-{self._copies[handle]}"
        self._copies[free] = 1
        return free
