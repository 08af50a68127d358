"""A review: records, questions about them, and what annotators decided."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simnet.errors import InputError
from simnet.foundation.text import counted, did_you_mean
from simnet.review.deciding.decision_store import NewDecision, check_annotator
from simnet.review.deciding.decisions import Decision
from simnet.review.opened_review import OpenedReview
from simnet.review.questions import Answer, Question, check_questions
from simnet.review.records.record_filter import conditions, holds
from simnet.review.records.record_set import RecordSet
from simnet.review.records.record_sources import ASIDE
from simnet.review.records.record_table import Record
from simnet.review.records.stored_records import HeldRecords
from simnet.review.review_folder import (
    ReviewSettings,
    create_folder,
)

if TYPE_CHECKING:
    from simnet.review.records.record_sources import Drawn


class Review(OpenedReview):
    """A review in a folder, opened to decide and to read.

    Several processes may have it open at once; each call sees what all of them decided. Methods
    raise RecordError if a file of the folder is damaged, and DiskError when the disk refuses.
    """

    @classmethod
    def new(
        cls,
        folder: str | Path,
        source: "Drawn",
        questions: Sequence[Question],
        *,
        annotators: Sequence[str] = (),
        words: str | None = None,
        field: str | None = None,
        where: Sequence[str] = (),
        limit: int | None = None,
    ) -> "Review":
        """Make a review of records that `from_file`, `from_catalogue` or `from_run` read.

        Only the records that have all `words` (in `field`, if it is given) and fulfil the
        conditions `where` are taken, at most `limit`; see `search`. If `annotators` are named,
        nobody else may decide. The folder appears whole or not at all.

        Raises InputError for questions that do not fit each other or the records, or if no record
        is left, and UsageError if the folder exists or a column is not there.
        """
        folder = Path(folder).expanduser()
        names = tuple(check_annotator(name) for name in annotators)
        aside = ASIDE.get(str(source.facts.get("kind")), ())
        drawn = RecordSet(HeldRecords(source.records), "the source", aside)
        check_questions(questions, drawn.columns)
        wanted = conditions(where, drawn.columns, drawn.values)
        has_words = drawn.having(words, field)
        taken = [
            one
            for place, one in enumerate(source.records)
            if has_words(place) and all(holds(each, one.fields) for each in wanted)
        ][:limit]
        if not taken:
            raise InputError(f"none of the {counted(len(drawn), 'record')} is left to review")
        settings = ReviewSettings(folder.name, tuple(questions), names, source.facts)
        create_folder(folder, settings, taken)
        return cls(folder)

    @classmethod
    def open(cls, folder: str | Path) -> "Review":
        """Open a review.

        Raises UsageError if there is no such folder, RecordError if it is something else.
        """
        return cls(folder)

    def next(
        self,
        annotator: str,
        *,
        words: str | None = None,
        field: str | None = None,
        where: Sequence[str] = (),
        after: str | None = None,
    ) -> Record | None:
        """Return the first record that is pending for an annotator; None if there is none.

        With `after`, records behind the one of that id come first. `words`, `field` and `where` are
        those of `search`.
        """
        sought = self._sought(words, field, where, "pending", annotator)
        start = -1 if after is None else self._set.place(after)
        found = next(self._finder.find(sought, start), None)
        return None if found is None else self._set.at(found)

    def submit(self, annotator: str, record: str, answers: Mapping[str, Any]) -> Decision:
        """Record answers to the questions about a record, in place of an earlier decision.

        `answers` has values by the names of questions; None is no answer. The decision is on the
        disk when this returns. Raises InputError for an unknown question, an answer that is not
        allowed or a required one that is missing.
        """
        return self.add(annotator, [NewDecision(record, "submit", answers)])[0]

    def discard(
        self, annotator: str, record: str, answers: Mapping[str, Any] | None = None
    ) -> Decision:
        """Leave a record out, in place of an earlier decision.

        Answers, such as a comment, may be given and are never required.
        """
        return self.add(annotator, [NewDecision(record, "discard", answers or {})])[0]

    def undo(self, annotator: str, levels: int = 1) -> list[Decision]:
        """Take back the last steps of an annotator; return the decisions in them, the last first.

        A step is one decision, or all that were recorded at once, as by `add`. What held before
        holds again: an earlier decision on the record, or none. The decisions stay in the file, and
        the undo is added. Raises UsageError if there are not so many.
        """
        return self._store.undo(annotator, levels)

    def add(
        self,
        annotator: str,
        decisions: Sequence[NewDecision],
        origin: str | None = None,
        *,
        undone: Sequence[Decision] = (),
    ) -> list[Decision]:
        """Record several decisions of an annotator at once: all of them or, if it raises, none.

        They are one step for `undo`. `origin` names the tool that they come from. `undone` are
        decisions of the annotator that are taken back with it. Raises as `submit` does.
        """
        checked = [self.checked(one) for one in decisions]
        return self._store.add(annotator, checked, origin, undone)

    def checked(self, decision: NewDecision) -> NewDecision:
        """Return a decision with its answers as they are kept. Raises as `submit` does."""
        self._set.place(decision.record)  # raises if there is none
        given = dict(decision.answers)
        for name in given:
            if name not in self._questions:
                hint = did_you_mean(name, self._questions) or f"; there are {self._named()}"
                raise InputError(f"record {decision.record!r}: there is no question {name!r}{hint}")
        answers: dict[str, Answer] = {
            name: question.check(given[name])
            for name, question in self._questions.items()
            if given.get(name) is not None
        }
        missing = [one.name for one in self.questions if one.required and one.name not in answers]
        if decision.action == "submit" and missing:
            raise InputError(
                f"record {decision.record!r}: no answer to {', '.join(missing)}, which is required"
            )
        return decision._replace(answers=answers)

    def _named(self) -> str:
        return ", ".join(self._questions)
