"""Finds records by words, and by conditions on their columns and on what was decided."""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from simnet.errors import UsageError
from simnet.review.curation.consolidation import Rules, consolidated, merged_status
from simnet.review.deciding.decisions import STATUSES, Decided, Decision, Status, by_record
from simnet.review.deciding.differences import difference_fields, differences
from simnet.review.questions import Question
from simnet.review.records.record_filter import conditions, fields_of, holds
from simnet.review.records.record_set import RecordSet
from simnet.review.records.record_table import Record

DecidedBy: TypeAlias = Callable[[Collection[str] | None], Decided]
"""Returns what annotators decided; what all did for None."""
_Test: TypeAlias = Callable[[int], bool]


class Sought(NamedTuple):
    """What records have to have; see `Review.search`."""

    words: str | None = None
    field: str | None = None
    where: Sequence[str] = ()
    status: Status | None = None
    annotators: Sequence[str] | None = None
    """Whose answers and status are meant; None for those of all together."""


class Finder:
    """Finds records of a review; what was decided is read only where it is asked for."""

    def __init__(
        self, records: RecordSet, questions: Sequence[Question], decided: DecidedBy
    ) -> None:
        self._records = records
        self._questions = questions
        self._decided = decided

    def find(self, sought: Sought, after: int = -1) -> Iterator[int]:
        """Yield the places of records that have what is sought: those behind `after` first.

        Raises UsageError for an unknown column or status.
        """
        tests = list(self._tests(sought))
        count = len(self._records)
        for place in (*range(after + 1, count), *range(after + 1)):
            if all(test(place) for test in tests):
                yield place

    def _tests(self, sought: Sought) -> Iterator[_Test]:
        """Yield the tests, those that cost least first."""
        if sought.status is not None and sought.status not in STATUSES:
            raise UsageError(f"no status {sought.status!r}; there are {', '.join(STATUSES)}")
        has_words = self._records.having(sought.words, sought.field)
        if sought.status is not None:
            yield self._of_status(sought.status, sought.annotators)
        if sought.where:
            yield self._fulfilling(sought.where, sought.annotators)
        if sought.words is not None:
            yield has_words

    def _of_status(self, status: Status, annotators: Sequence[str] | None) -> _Test:
        decided, rules, ids = self._decided(annotators), Rules(), self._records.ids
        statuses: dict[str, Status]
        if len(decided) == 1:
            (own,) = decided.values()
            statuses = {record: decision.status for record, decision in own.items()}
        else:
            held = by_record(decided)
            statuses = {
                key: merged_status(list(all_.values()), rules) for key, all_ in held.items()
            }
        return lambda place: statuses.get(ids[place], "pending") == status

    def _fulfilling(self, where: Sequence[str], annotators: Sequence[str] | None) -> _Test:
        columns, ids = self._records.columns, self._records.ids
        derived = difference_fields(self._questions)
        names = dict.fromkeys([*columns, *(q.name for q in self._questions), "status", *derived])

        @cache
        def values(column: str) -> list[Any]:
            return self._records.values(column)

        @cache
        def answers() -> dict[str, dict[str, Any]]:
            return self._answers(by_record(self._decided(annotators)))

        @cache
        def compared() -> dict[str, dict[str, Any]]:
            held = by_record(self._decided(None))
            return {key: differences(own, self._questions) for key, own in held.items()}

        def rows_with(name: str) -> dict[str, dict[str, Any]]:
            is_answer = name == "status" or any(one.name == name for one in self._questions)
            return answers() if is_answer else compared()

        def of_field(name: str) -> list[Any]:
            if name in columns:
                return values(name)
            return [row.get(name) for row in rows_with(name).values()]

        wanted = conditions(where, list(names), of_field)
        asked: set[str] = set().union(*map(fields_of, wanted))
        own = {name: values(name) for name in asked if name in columns}
        given = {name: rows_with(name) for name in asked if name not in columns}

        def fulfils(place: int) -> bool:
            row = {name: found[place] for name, found in own.items()}
            for name, rows in given.items():
                row[name] = rows.get(ids[place], _UNDECIDED).get(name)
            return all(holds(each, row) for each in wanted)

        return fulfils

    def _answers(self, held: dict[str, dict[str, Decision]]) -> dict[str, dict[str, Any]]:
        rules = Rules()
        return {
            key: consolidated(Record(key, {}), own, self._questions, rules)
            for key, own in held.items()
        }


_UNDECIDED = {"status": "pending"}
