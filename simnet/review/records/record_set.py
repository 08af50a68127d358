"""The records of a review in memory: found by id, by words and conditions, by similarity."""

from collections.abc import Callable, Collection
from functools import cached_property
from typing import TYPE_CHECKING, Any

from simnet.errors import UsageError
from simnet.foundation.text import did_you_mean
from simnet.review.records.record_search import (
    Similar,
    check_column,
    matches,
    word_patterns,
)
from simnet.review.records.record_table import Record
from simnet.review.records.stored_records import Records

if TYPE_CHECKING:
    from simnet.embedding import Embedder
    from simnet.embedding.embedders import Encode, Vectors


class RecordSet:
    """Records in their order; vectors of a field are made when they are first asked for."""

    def __init__(self, records: Records, where: str, aside: Collection[str] = ()) -> None:
        """Take records; `where` is what messages name.

        The columns `aside` are neither shown nor searched, unless they are named.
        """
        self._records = records
        self._aside = frozenset(aside)
        self.columns = records.columns
        self._where = where
        self._vectors: dict[tuple[str, str], Vectors] = {}

    def __len__(self) -> int:
        return len(self._records.ids)

    @property
    def records(self) -> list[Record]:
        """All records."""
        return self._records.all()

    @property
    def ids(self) -> list[str]:
        """The ids of the records, in their order."""
        return self._records.ids

    @cached_property
    def _places(self) -> dict[str, int]:
        return {key: place for place, key in enumerate(self._records.ids)}

    def place(self, key: str) -> int:
        """Return the place of the record with an id, from 0. Raises UsageError if there is none."""
        if key not in self._places:
            hint = did_you_mean(key, self._places, most=3)
            raise UsageError(f"no record {key!r} in {self._where}{hint}")
        return self._places[key]

    def at(self, place: int) -> Record:
        """Return the record at a place, counted from 0."""
        return self._records.at(place)

    def get(self, key: str) -> Record:
        """Return the record with an id. Raises UsageError if there is none."""
        return self.at(self.place(key))

    def values(self, column: str) -> list[Any]:
        """List the values of a column, in the order of the records."""
        return self._records.values(column)

    def having(self, words: str | None, field: str | None) -> Callable[[int], bool]:
        """Return the test whether the record at a place has all words.

        Raises UsageError for a column that is not there, or if there is no word.
        """
        if field is not None:
            check_column(field, self.columns)
            if words is None:
                raise UsageError(f"the field {field!r} is given without words to search for in it")
        patterns = [] if words is None else word_patterns(words)
        return lambda place: (
            not patterns or matches(self.shown(self.at(place), field).text(field), patterns)
        )

    def shown(self, record: Record, field: str | None = None) -> Record:
        """Return a record with the fields that are judged, and `field`."""
        aside = self._aside - {field}
        return Record(record.id, {k: v for k, v in record.fields.items() if k not in aside})

    def similar(
        self, to: str, field: str, choice: "str | Encode | Embedder | None"
    ) -> list[Similar]:
        """Order records by the cosine of `field` to that of a record, or to a text, nearest first.

        The record itself is left out. Raises UsageError as `Review.similar` does.
        """
        from simnet.embedding import DEFAULT, embedder  # noqa: PLC0415  (imports numpy)

        check_column(field, self.columns)
        own = self._places.get(to)
        text = to if own is None else self.records[own].text(field)
        if not text.strip():
            raise UsageError(f"the field {field!r} of {to!r} is empty; nothing is similar to it")
        model = embedder(DEFAULT if choice is None else choice)
        key = field, model.name
        if key not in self._vectors:
            self._vectors[key] = model.encode([record.text(field) for record in self.records])
        scores = self._vectors[key] @ model.encode([text])[0]
        order = (-scores).argsort(kind="stable").tolist()
        return [
            Similar(self.records[place], round(float(scores[place]), 6))
            for place in order
            if place != own
        ]
