"""An annotator's walk through a review: the records in view, the current one, a draft of answers.

It is what a page does, terminal or web, without the page: every method is one thing an annotator
does, and returns what to tell about it.
"""

from collections.abc import Sequence

from simnet.errors import InputError, UsageError
from simnet.review.questions import Answer, Question
from simnet.review.records.record_table import Record
from simnet.review.review import Review

ALL = "all records"
"""The name of the view that has every record."""


class Session:
    """The walk of one annotator; methods raise as those of Review do."""

    def __init__(self, review: Review, annotator: str) -> None:
        self.review = review
        self.annotator = annotator
        self.view_name = ALL
        """What the view has, such as `search tool`."""
        self.view: list[Record] = review.records
        """The records in view, in their order."""
        self.current: Record | None = None
        """The record that is shown; None where nothing in view is pending."""
        self.draft: dict[str, Answer] = {}
        """Answers about the current record that are not submitted yet."""
        self._drafts: dict[str, dict[str, Answer]] = {}
        """Those about records that were left without a decision."""
        self._asked_about: int | None = None
        """Number of the decision that is the last of those that an undo asked about."""
        self._show(self._pending(-1))

    # -- moving -----------------------------------------------------------------------------------

    def move(self, steps: int) -> str:
        """Go on by so many records of the view, back if it is negative, past no end."""
        if not self.view:
            return "there is no record in view"
        place = max(0, min(len(self.view) - 1, self.place() + steps))
        self._show(self.view[place])
        return self.standing()

    def go_to_draft(self) -> str | None:
        """Go to a record with answers that are not submitted, and name it; None if there is none.

        The current record comes first.
        """
        self._keep_draft()
        if not self._drafts:
            return None
        if self.current is None or self.current.id not in self._drafts:
            self._show(self.review.record(next(iter(self._drafts))))
        return f"the answers about {', '.join(self._drafts)} are not submitted"

    def standing(self) -> str:
        """Say what was decided about the current record."""
        if self.current is None:
            return f"nothing is pending in view ({self.view_name})"
        return self.review.status_of(self.annotator, self.current.id)

    def search(self, text: str) -> str:
        """Put the records in view that have all words; `COLUMN: WORDS` searches in a column."""
        column, colon, words = text.partition(":")
        field = column.strip() if colon and column.strip() in self.review.columns else None
        found = self.review.search(words if field else text, field=field)
        return self._view(found, f"search {text.strip()}")

    def filter(self, condition: str) -> str:
        """Keep the records in view that fulfil a condition, such as `likes>3` or `status=pending`.

        `status` and answers are those of the annotator.
        """
        found = self.review.search(where=[condition], annotator=self.annotator)
        ids = {record.id for record in found}
        kept = [record for record in self.view if record.id in ids]
        return self._view(kept, self._named(f"filter {condition.strip()}"))

    def similar(self, field: str) -> str:
        """Order the records in view by how similar a column is to that of the current record.

        The current record is the first, and stays the current one if it is pending.
        """
        if self.current is None:
            raise UsageError("there is no current record to be similar to")
        ids = {record.id for record in self.view}
        near = self.review.similar(self.current.id, field=field.strip(), limit=None)
        found = [self.current, *(one.record for one in near if one.record.id in ids)]
        return self._view(found, self._named(f"similar {field.strip()}"))

    def show_all(self) -> str:
        """Put all records in view again."""
        return self._view(self.review.records, ALL)

    def text_columns(self) -> list[str]:
        """List the columns whose values are texts, which similarity can compare."""
        records = [self.review.shown(record).fields for record in self.review.records]
        return [
            name
            for name in self.review.columns
            if any(isinstance(fields.get(name), str) for fields in records)
        ]

    def shown(self) -> Record | None:
        """Return the current record with the fields that are judged."""
        return self.current and self.review.shown(self.current)

    # -- deciding ---------------------------------------------------------------------------------

    def answer(self, question: Question, value: object) -> str:
        """Put an answer into the draft; an empty text takes one out."""
        if self.current is None:
            raise UsageError("there is no record to answer about")
        if value == "" and question.kind in {"correction", "comment"}:
            self.draft.pop(question.name, None)
            return f"{question.name}: none"
        self.draft[question.name] = question.check(value)
        return f"{question.name}: {_shown(self.draft[question.name])}"

    def toggle(self, question: Question, label: str) -> str:
        """Put a label into an answer with several, or take it out."""
        chosen = self.draft.get(question.name, [])
        labels = list(chosen) if isinstance(chosen, list) else []
        changed = [one for one in labels if one != label]
        return self.answer(question, changed if label in labels else [*labels, label])

    def rank(self, question: Question, text: str) -> str:
        """Read an order, best first: labels or their numbers, separated by blanks or commas."""
        words = text.split(",") if "," in text else text.split()
        named = [word.strip() for word in words if word.strip()]
        if all(word.isdecimal() and word not in question.labels for word in named):
            numbers = [int(word) for word in named]
            if any(not 1 <= number <= len(question.labels) for number in numbers):
                raise InputError(f"give the numbers 1 to {len(question.labels)}, best first")
            named = [question.labels[number - 1] for number in numbers]
        return self.answer(question, named)

    def missing(self) -> list[str]:
        """List the required questions that the draft does not answer."""
        return [
            one.name for one in self.review.questions if one.required and one.name not in self.draft
        ]

    def submit(self) -> str:
        """Submit the draft and go on to the next pending record in view."""
        record = self._decided()
        self.review.submit(self.annotator, record.id, self.draft)
        told = ", ".join(f"{name} {_shown(value)}" for name, value in self.draft.items())
        self._go_on(record)
        return f"submitted: {told}"

    def discard(self) -> str:
        """Discard the current record, with a comment if the draft has one, and go on."""
        record = self._decided()
        comments = {one.name for one in self.review.questions if one.kind == "comment"}
        kept = {name: value for name, value in self.draft.items() if name in comments}
        self.review.discard(self.annotator, record.id, kept)
        self._go_on(record)
        return "discarded"

    def undo(self) -> str:
        """Take the last decision back and go to its record, with its answers as the draft.

        Decisions that were recorded at once are taken back at once, when it is done twice.
        """
        step = self.review.last_step(self.annotator)
        if len(step) > 1 and self._asked_about != step[0].number:
            self._asked_about = step[0].number
            return f"u again takes back {len(step):,} decisions that were recorded at once"
        decision, *others = self.review.undo(self.annotator)
        self._show(self.review.record(decision.record))
        if others:
            return f"undone: {len(step):,} decisions; this one is now {self.standing()}"
        self.draft = dict(decision.answers)
        return f"undone: {decision.status}; now {self.standing()}"

    def _decided(self) -> Record:
        if self.current is None:
            raise UsageError("there is no record to decide about")
        return self.current

    def _go_on(self, decided: Record) -> None:
        self.draft = self._answers(decided)
        self._show(self._pending(self.place()))

    def _view(self, records: Sequence[Record], name: str) -> str:
        if not records:
            raise UsageError(f"nothing found ({name}); the view stays as it was")
        self.view, self.view_name = list(records), name
        self._show(self._pending(-1))
        pending = "" if self.current else "; none is pending: go through them with n and p"
        return f"{len(records)} in view ({name}){pending}"

    def _named(self, name: str) -> str:
        return name if self.view_name == ALL else f"{self.view_name}, {name}"

    def place(self) -> int:
        """Return the place of the current record in view, from 0; -1 if it is not there."""
        ids = [record.id for record in self.view]
        if self.current is None or self.current.id not in ids:
            return -1
        return ids.index(self.current.id)

    def _pending(self, place: int) -> Record | None:
        """Return the next record in view behind a place that is pending, else the first one."""
        decided = self.review.decided([self.annotator]) if self._has_decided() else {}
        done = decided.get(self.annotator, {})
        order = [*self.view[place + 1 :], *self.view[: place + 1]]
        return next((record for record in order if record.id not in done), None)

    def _has_decided(self) -> bool:
        return self.annotator in self.review.annotators()

    def _show(self, record: Record | None) -> None:
        self._keep_draft()
        self._asked_about = None
        self.current = record
        self.draft = self._drafts.get(record.id) or self._answers(record) if record else {}

    def _keep_draft(self) -> None:
        """Keep the answers about the current record if they differ from what was decided."""
        if self.current is None:
            return
        if self.draft == self._answers(self.current):
            self._drafts.pop(self.current.id, None)
        else:
            self._drafts[self.current.id] = self.draft

    def _answers(self, record: Record) -> dict[str, Answer]:
        """Return the answers of the decision that holds for a record."""
        decision = self.review.decision(self.annotator, record.id)
        return dict(decision.answers) if decision else {}


def _shown(answer: Answer) -> str:
    return ", ".join(answer) or "none" if isinstance(answer, list) else str(answer)
