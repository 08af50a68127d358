"""A catalogue of personas: kept by LanceDB, searched by words, filters and similarity."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from simnet.embedding import Embedder
from simnet.errors import UsageError
from simnet.personas.catalogue.catalogue_files import LEGACY_FILE
from simnet.personas.catalogue.catalogue_selection import CatalogueSelection
from simnet.personas.catalogue.entries import Added, Conflict, Duplicate, Version
from simnet.personas.persona import Persona
from simnet.personas.source import Source


class Catalogue(CatalogueSelection):
    """Personas in a folder, in a table of LanceDB (extra `catalogue`).

    Fields are named as in the source: a field name means the attribute of that name if there
    is one, else the persona's own `id` or `description` (also called `persona`). So for rows of
    PersonaHub, `description` is the data set's column of that name.

    Each change is one commit: a crash leaves the version before, and processes that write at once
    wait for each other.
    """

    def __init__(
        self,
        folder: Path,
        *,
        version: int | None = None,
        embedder: str | Callable[[list[str]], Any] | Embedder | None = None,
    ) -> None:
        super().__init__(folder, version=version, embedder=embedder)
        if (folder / LEGACY_FILE).is_file() and version is None and not len(self):
            from simnet.personas.catalogue.legacy_file import convert  # noqa: PLC0415

            convert(self._store, self._embedder)

    @classmethod
    def open(
        cls,
        folder: str | Path,
        *,
        version: int | None = None,
        embedder: str | Callable[[list[str]], Any] | Embedder | None = None,
    ) -> "Catalogue":
        """Open a catalogue; it is empty if the folder does not exist.

        `version` opens a version from `versions()`, which can be read and not changed. `embedder`
        makes the vectors, as `simnet.embedding.embedder` takes it; left out, it is the one that
        made those which are there, else WordLlama. A catalogue of simnet 0.2 is converted.

        Raises PersonaError if the folder holds something else, and UsageError if an extra is
        missing, if there is no such version, or if another embedder made the vectors.
        """
        return cls(Path(folder), version=version, embedder=embedder)

    def add(
        self,
        personas: Iterable[Persona],
        source: Source | None = None,
        *,
        on_conflict: Conflict = "error",
    ) -> Added:
        """Add personas, all or none, with their vectors; those it has already are skipped.

        `personas` may be an iterator of any length: it is read once, in bounded memory. `source`
        is that of personas which have none of their own. A persona is known by its id,
        description and attributes, whatever is untold of it. Where an id belongs to a different
        persona here, `on_conflict` says what happens: `error` raises PersonaError, `keep` skips
        the one that is given, and `replace` puts it in the place of the other.
        """
        from simnet.personas.catalogue.adding import add_personas  # noqa: PLC0415

        origin = source or Source("", "simnet")
        return add_personas(self._store, personas, origin, self._embedder, on_conflict=on_conflict)

    def update(self, personas: Sequence[Persona], source: Source | None = None) -> int:
        """Replace the personas with these ids, all or none; return how many are changed by it.

        They keep their places and, unless `source` is given, their sources. Raises UsageError if
        an id is unknown or given twice.
        """
        from simnet.personas.catalogue.adding import update_personas  # noqa: PLC0415

        if not len(self) and personas:
            raise UsageError(f"there are no personas in {self.folder} to update")
        return update_personas(self._store, personas, source, self._embedder)

    def remove(self, keys: Sequence[str] = (), *, filter: str | None = None) -> int:
        """Remove personas by their ids, or those that fit a filter; return how many.

        Earlier versions still have them. Raises UsageError if an id is unknown, if both ids and
        a filter are given, or neither.
        """
        from simnet.personas.catalogue.adding import remove_personas  # noqa: PLC0415
        from simnet.personas.catalogue.table_store import one_of  # noqa: PLC0415

        if bool(keys) == (filter is not None):
            raise UsageError("give either ids or a filter to say who is removed")
        if isinstance(keys, str):
            raise TypeError("remove takes a sequence of ids; write remove([id])")
        if not len(self):
            raise UsageError(f"there are no personas in {self.folder} to remove")
        condition = self._condition(filter)
        if condition is None:
            known = set(self._ordered(one_of("id", keys), ["id"])["id"].to_pylist())
            ids = {key if key in known else self.get(key).persona.id for key in keys}
            condition = one_of("id", sorted(ids))
        return remove_personas(self._store, condition)

    def dedupe(
        self,
        method: str = "exact",
        field: str | None = None,
        threshold: float | None = None,
        *,
        filter: str | None = None,
    ) -> list[Duplicate]:
        """Remove those that `duplicates` lists, and return the list."""
        from simnet.personas.catalogue.adding import remove_personas  # noqa: PLC0415
        from simnet.personas.catalogue.table_store import one_of  # noqa: PLC0415

        found = self.duplicates(method, field, threshold, filter=filter)
        if found:
            remove_personas(self._store, one_of("id", [one.id for one in found]))
        return found

    def versions(self) -> list[Version]:
        """List the versions, the oldest first; each change made one.

        When there are more than 30, a change keeps the newest 20 and removes the others.
        """
        return self._store.versions()

    def prune(self, keep: int = 1) -> int:
        """Remove all but the newest versions, and free their disk; return how many are removed.

        The present state is the newest version and stays, perhaps under a new number. A process
        that is reading an older version meanwhile fails. Raises UsageError for fewer than 1.
        """
        if keep < 1:
            raise UsageError(f"keep is {keep}; the present state is a version, so give 1 or more")
        with self._store.locked():
            return self._store.prune(keep)

    def restore(self, version: int) -> None:
        """Make the catalogue what it was at a version; the versions since then stay.

        Raises UsageError if there is no such version.
        """
        from simnet.personas.catalogue.table_store import TableStore  # noqa: PLC0415

        with self._store.locked():
            old = TableStore(self.folder, version).table()
            if old is None:
                raise UsageError(f"there is no catalogue in {self.folder}")
            old.restore()
            self._store.tag("restore")
