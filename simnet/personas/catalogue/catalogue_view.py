"""What can be read of a catalogue: by id, by words, by filters and by similarity."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from simnet.embedding import Embedder
from simnet.errors import UsageError
from simnet.foundation.filters import Facts
from simnet.foundation.text import did_you_mean
from simnet.personas.catalogue.entries import Entry, Similar
from simnet.personas.names import normal
from simnet.personas.source import ORIGIN

MOST_COMPARED = 100_000
"""Most ids that are compared with one that is unknown, to suggest another."""


class CatalogueView:
    """What can be read of a catalogue: entries, search, and similarity."""

    def __init__(
        self,
        folder: Path,
        *,
        version: int | None = None,
        embedder: str | Callable[[list[str]], Any] | Embedder | None = None,
    ) -> None:
        from simnet.personas.catalogue.table_store import TableStore  # noqa: PLC0415

        self.folder = folder
        self._choice = embedder
        self._store: TableStore = TableStore(folder, version)
        if version is not None and self._store.table() is None:
            raise UsageError(f"there is no catalogue in {folder}")

    def __len__(self) -> int:
        table = self._store.table()
        return 0 if table is None else int(table.count_rows())

    def __iter__(self) -> Iterator[Entry]:
        return self.entries()

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and bool(self._rows(_is("id", key), ["id"]))

    def entries(self, filter: str | None = None) -> Iterator[Entry]:
        """Yield the personas that fit a filter, or all, in the order they were added.

        A filter is a condition in the manner of SQL on fields and on `source`, `format`,
        `licence` and `revision`: comparisons, `~` for words, `in`, `like`, `contains`, `between`
        and `is null`, joined by `and`, `or` and `not`. A list fits `labels = 'music'` if that is
        in it. Raises UsageError for one that is wrong.

        They are those of the moment of the first, and a block of them is in memory at a time.
        """
        from simnet.personas.catalogue.columns import entries_of  # noqa: PLC0415

        for block in self._store.blocks(self._condition(filter)):
            yield from entries_of(block)

    def get(self, key: str) -> Entry:
        """Return the persona with this id, or with this id in the file it was imported from.

        Raises UsageError with similar ids if there is none.
        """
        found = self._find(key)
        if found is not None:
            return found
        near = ""
        if 0 < len(self) <= MOST_COMPARED:
            ids = self._store.table().search().select(["id"]).to_arrow()["id"]
            near = did_you_mean(key, ids.to_pylist(), most=3)
        raise UsageError(f"no persona {key!r} among the {len(self)} in {self.folder}{near}")

    def search(
        self,
        text: str | None = None,
        field: str | None = None,
        limit: int | None = None,
        *,
        filter: str | None = None,
    ) -> list[Entry]:
        """List the personas that have all words of `text`, best first.

        Words are found in any form and case (`tools` finds `Tool`), `"two words"` in quotation
        marks as they follow each other, and `surg*` finds all words that begin so. The best have
        the highest BM25 score. Without `field`, all fields are searched together; without `text`,
        those that fit the filter are listed in their order. Stems are those of English; words of
        scripts without blanks are found by a dictionary. `filter` is explained at `entries`.
        Raises UsageError for a field that no persona has.
        """
        from simnet.personas.catalogue.columns import STORED, entries_of  # noqa: PLC0415

        return entries_of(self._matching(text, field, filter, limit, STORED))

    def count(
        self, text: str | None = None, field: str | None = None, *, filter: str | None = None
    ) -> int:
        """Count the personas that `search` finds without a limit."""
        if text is None:
            condition = self._condition(filter)
            return int(self._store.table().count_rows(condition)) if len(self) else 0
        return len(self._matching(text, field, filter, None, ["id"]))

    def similar(
        self, to: str, field: str | None = None, limit: int = 10, *, filter: str | None = None
    ) -> list[Similar]:
        """List the personas most similar to one (given its id) or to a text, best first.

        They are compared by the vectors of `field`, else of their own descriptions. Vectors of a
        field are made when it is first compared. Below 100,000 personas all are compared; from
        there on an index finds at least 95% of the ten nearest on average. Personas whose
        similarity is not above 0 are left out.
        """
        from simnet.personas.catalogue import finding  # noqa: PLC0415

        if not len(self):
            return []
        condition = self._condition(filter)
        column = finding.compared_column(self._store, field, lambda: self._embedder)
        finding.index_vectors(self._store, column)
        own = self._find(to)
        if own is None:
            (vector,) = self._embedder.encode([to])
        else:
            stored = self._ordered(_is("id", own.persona.id), [column])
            (vector,) = finding.matrix_of(stored[column])
        if not vector.any():
            return []
        near = finding.nearest(self._store, column, vector, condition, limit + 1)
        others = [
            (entry, score)
            for entry, score in near
            if own is None or entry.persona.id != own.persona.id
        ]
        return [Similar(entry, score) for entry, score in others[:limit]]

    def fields(self) -> list[str]:
        """List the names of all fields that can be searched."""
        from simnet.personas.catalogue.finding import all_fields  # noqa: PLC0415

        return all_fields(self._store.table()) if len(self) else ["description", "id", "persona"]

    @cached_property
    def _embedder(self) -> Embedder:
        from simnet.embedding import DEFAULT, embedder  # noqa: PLC0415
        from simnet.personas.catalogue.table_store import stored_embedder  # noqa: PLC0415

        table = self._store.table()
        made_by = None if table is None else stored_embedder(table)
        try:
            chosen = embedder(self._choice or made_by or DEFAULT)
        except UsageError as error:
            if self._choice is not None or made_by in {None, DEFAULT}:
                raise
            raise UsageError(
                f"the vectors in {self.folder} were made by {made_by}, which is given by "
                f"Catalogue.open(folder, embedder=...): {error}"
            ) from None
        if made_by is not None and made_by != chosen.name:
            raise UsageError(
                f"the vectors in {self.folder} were made by {made_by}, so that {chosen.name} "
                "cannot be compared with them; use that, or another folder"
            )
        return chosen

    def _condition(self, filter: str | None) -> str | None:
        """Return the SQL of a filter."""
        if filter is None:
            return None
        from simnet.personas.catalogue.filter_sql import compile_filter  # noqa: PLC0415

        table = self._store.table()
        if table is None:
            return compile_filter(filter, ())
        return compile_filter(filter, table.schema.names, self._facts)

    def _facts(self, column: str) -> Facts:
        """Return whether some values of a column are numbers, and some are not."""
        from simnet.personas.catalogue.filter_sql import number_of  # noqa: PLC0415

        table = self._store.table()
        numbers = table.count_rows(f"{number_of(column)} IS NOT NULL")
        texts = table.count_rows(f"{column} IS NOT NULL AND {number_of(column)} IS NULL")
        return Facts(numbers=bool(numbers), texts=bool(texts))

    def _matching(
        self,
        text: str | None,
        field: str | None,
        filter: str | None,
        limit: int | None,
        columns: Sequence[str],
    ) -> Any:
        """Return a table of what `search` finds."""
        from simnet.personas.catalogue import finding, text_query  # noqa: PLC0415

        condition = self._condition(filter)
        if text is None:
            return self._ordered(condition, columns)[:limit]
        query = text_query.parse_text(text)
        if not len(self):
            return self._ordered(None, columns)
        column = finding.searched_column(self._store.table(), field, self.folder)
        return finding.matching(self._store, column, query, condition, limit, columns)

    def _column(self, field: str) -> str:
        """Return the column with the text of a field, or of what is known of the source."""
        from simnet.personas.catalogue.columns import text_column  # noqa: PLC0415
        from simnet.personas.catalogue.finding import searched_column  # noqa: PLC0415

        table = self._store.table()
        if field in ORIGIN and text_column(field) not in table.schema.names:
            return field
        return searched_column(table, field, self.folder)

    def _ordered(self, condition: str | None, columns: Iterable[str]) -> Any:
        """Return columns of all rows that fit a condition, in the order of the catalogue."""
        from simnet.personas.catalogue.columns import BASE  # noqa: PLC0415

        table = self._store.table()
        if table is None:
            return BASE.empty_table()
        search = table.search()
        if condition:
            search = search.where(condition)
        return search.select([*columns, "position"]).to_arrow().sort_by("position")

    def _rows(self, condition: str, columns: Sequence[str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._ordered(condition, columns).to_pylist()
        return rows

    def _find(self, key: str) -> Entry | None:
        """Find a persona by its id, else the first that had this id before its import."""
        from simnet.personas.catalogue.columns import (  # noqa: PLC0415
            STORED,
            entries_of,
            text_column,
        )

        table = self._store.table()
        if table is None:
            return None
        name = normal(key)
        conditions = [_is("id", name), _is("id", name.removeprefix("@"))]
        if (original := text_column("original_id")) in table.schema.names:
            conditions.append(_is(original, name))
        for condition in dict.fromkeys(conditions):
            if found := entries_of(self._ordered(condition, STORED)[:1]):
                return found[0]
        return None


def _is(column: str, text: str) -> str:
    """Write the condition that a column has a text."""
    from simnet.personas.catalogue.table_store import quoted  # noqa: PLC0415

    return f"{column} = {quoted(text)}"
