"""What can be read of a review: its records, what was decided, and what is kept."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from simnet.analysis.reliability import Level
from simnet.foundation.disk import Disk
from simnet.review.agreement import Agreement, agreements
from simnet.review.curation.consolidation import Rules, consolidated
from simnet.review.curation.curated import Curated, Form, export_curated
from simnet.review.deciding.decision_store import DecisionStore
from simnet.review.deciding.decisions import KEPT, Decision, Status, by_record
from simnet.review.deciding.differences import differences
from simnet.review.questions import Question
from simnet.review.record_finder import Finder, Sought
from simnet.review.records.record_search import Similar
from simnet.review.records.record_set import RecordSet
from simnet.review.records.record_sources import ASIDE
from simnet.review.records.record_table import Record
from simnet.review.review_folder import (
    DECISIONS,
    Reviewed,
    read_folder,
)

if TYPE_CHECKING:
    from simnet.embedding import Embedder
    from simnet.embedding.embedders import Encode


class Progress(NamedTuple):
    """How far an annotator is: the number of records by their status."""

    annotator: str
    """Name of the annotator."""
    pending: int
    """Records without a decision."""
    submitted: int
    """Records that were submitted."""
    discarded: int
    """Records that were discarded."""


class OpenedReview:
    """The folder of a review, opened for reading."""

    def __init__(self, folder: str | Path) -> None:
        """Open a review; see `open`."""
        self.folder = Path(folder).expanduser()
        self.settings, records = read_folder(self.folder)
        self._questions = {question.name: question for question in self.settings.questions}
        corrected = {question.field for question in self.settings.questions}
        aside = set(ASIDE.get(str(self.settings.source.get("kind")), ())) - corrected
        self._set = RecordSet(records, f"the review {self.folder}", aside)
        self._store = DecisionStore(self.folder / DECISIONS, self.settings.annotators, Disk())
        self._finder = Finder(self._set, self.questions, self.decided)

    # -- records and questions --------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The name of the review."""
        return self.settings.name

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions, in their order."""
        return self.settings.questions

    @property
    def records(self) -> list[Record]:
        """All records, in the order of the source."""
        return self._set.records

    def __len__(self) -> int:
        return len(self._set)

    @property
    def columns(self) -> list[str]:
        """The columns of the records."""
        return self._set.columns

    def shown(self, record: Record, field: str | None = None) -> Record:
        """Return a record with the fields that are judged, without those that say where it is from.

        `field` is in it in any case.
        """
        return self._set.shown(record, field)

    def record(self, record: str) -> Record:
        """Return the record with an id. Raises UsageError if there is none."""
        return self._set.get(record)

    def decision(self, annotator: str, record: str) -> Decision | None:
        """Return the decision of an annotator that holds for a record; None if it is pending."""
        return self._store.history(annotator).of(self.record(record).id)

    def status_of(self, annotator: str, record: str) -> Status:
        """Return the status that a record has for an annotator."""
        decision = self.decision(annotator, record)
        return decision.status if decision else "pending"

    def history(self, annotator: str) -> list[Decision]:
        """Return all that an annotator ever decided, what was undone and the undoing included."""
        return list(self._store.history(annotator, known=True).decisions)

    def last_step(self, annotator: str) -> list[Decision]:
        """Return what `undo` would take back: a decision, or those that were recorded at once.

        The last is first; it is empty if there is nothing. Raises UsageError for one who never
        decided.
        """
        return next(iter(self._store.history(annotator, known=True).last_steps(1)), [])

    # -- finding ----------------------------------------------------------------------------------

    def search(
        self,
        words: str | None = None,
        *,
        field: str | None = None,
        where: Sequence[str] = (),
        status: Status | None = None,
        annotator: str | None = None,
    ) -> list[Record]:
        """List the records that have all words, fulfil all conditions and have a status.

        Words are sought in `field`, or in all that are judged (see `shown`); case is ignored and a
        word matches all words that begin with it. Conditions are filters, such as `likes >= 3 and
        topic = tools`, on the columns of the records, the questions and `status`. `status` and
        answers are those of `annotator`, or without one those of all together, by the rules of an
        export. Further fields are of all annotators: `annotators`, who decided; `differ`, the
        questions that they answered in different ways, and `status` where some submitted and some
        discarded; and `QUESTION_range` of a rating, the highest less the lowest. Raises UsageError
        for an unknown column or status.
        """
        sought = self._sought(words, field, where, status, annotator)
        return [self._set.at(place) for place in self._finder.find(sought)]

    def _sought(
        self,
        words: str | None,
        field: str | None,
        where: Sequence[str],
        status: Status | None,
        annotator: str | None,
    ) -> Sought:
        names = None
        if annotator is not None:
            self._store.history(annotator)  # raises for one who may not decide
            names = [annotator] if annotator in self.annotators() else []
        return Sought(words, field, where, status, names)

    def similar(
        self,
        to: str,
        *,
        field: str,
        limit: int | None = 10,
        embedder: "str | Encode | Embedder | None" = None,
    ) -> list[Similar]:
        """List the records whose field is most similar to that of a record, or to a text.

        `to` is the id of a record, else a text. Similarity is the cosine of the vectors of an
        embedder (see `simnet.embedding.embedder`), compared with every record; by default
        WordLlama, which downloads nothing. Raises UsageError for an unknown column, for a field
        without text, or if the embedder is not installed.
        """
        return self._set.similar(to, field, embedder)[:limit]

    # -- where it stands --------------------------------------------------------------------------

    def annotators(self) -> list[str]:
        """List those who were named when the review was made and those who decided."""
        return self._store.annotators()

    def status(self) -> list[Progress]:
        """Count the records by status for each annotator."""
        return [self.progress(annotator) for annotator in self.annotators()]

    def progress(self, annotator: str) -> Progress:
        """Count the records by status for one annotator."""
        held = self._store.history(annotator).decided().values()
        submitted = sum(one.status == "submitted" for one in held)
        return Progress(annotator, len(self._set) - len(held), submitted, len(held) - submitted)

    def agreement(
        self,
        *,
        annotators: Collection[str] | None = None,
        levels: Mapping[str, Level] | None = None,
    ) -> list[Agreement]:
        """Compare the annotators on each question by Krippendorff's alpha; see Agreement.

        `annotators` are those who are compared, by default all. `levels` has the level of
        measurement of ratings, which is `ordinal` unless `nominal` or `interval` is given. Raises
        UsageError for an unknown annotator or level, or if `krippendorff` is not installed.
        """
        return agreements(self.questions, self.decided(annotators), levels)

    def decided(self, annotators: Collection[str] | None = None) -> dict[str, dict[str, Decision]]:
        """Return the decisions that hold, by annotator and then by record."""
        return self._store.decided(annotators)

    def rows(
        self, *, rules: Rules | None = None, annotators: Collection[str] | None = None
    ) -> list[dict[str, Any]]:
        """Return all records as an export has them: with status, answers and corrections."""
        rules = (rules or Rules()).checked()
        held = by_record(self.decided(annotators))
        return [
            consolidated(record, held.get(record.id, {}), self.questions, rules)
            for record in self.records
        ]

    def export(
        self,
        out: str | Path,
        *,
        form: Form | None = None,
        rules: Rules | None = None,
        statuses: Collection[Status] = KEPT,
        where: Sequence[str] = (),
        annotators: Collection[str] | None = None,
        force: bool = False,
    ) -> Curated:
        """Write the records that are kept, with what was decided about them.

        The columns are `record_id`, those of the records with corrections applied, `status`, and
        for each question its answer by `rules` (see Rules), `QUESTION_by` with what each annotator
        answered, and `COLUMN_original` with the text before corrections. Records of other statuses
        than `statuses` are left out, and so are those that do not fulfil the conditions `where`,
        which may name any column of the export and the further fields of `search`.

        `form` is `parquet` or `jsonl` for a file, `folder` for a data set with a card that
        `datasets` loads, or `personas` for a JSONL file that `load_personas` reads, of a review of
        a catalogue; without it the end of the name decides: `.parquet`, `.jsonl`, or none for a
        folder. `annotators` are those who count, by
        default all.

        Raises UsageError for what is not there or if `out` exists and `force` is not set,
        InputError if no record is left, DiskError when the disk refuses.
        """
        rules = (rules or Rules()).checked()
        rows = self.rows(rules=rules, annotators=annotators)
        held = by_record(self.decided(annotators)) if where else {}
        compared = {key: differences(own, self.questions) for key, own in held.items()}
        return export_curated(
            self.facts(), rows, out,
            form=form, rules=rules, statuses=statuses, where=where, compared=compared, force=force,
        )  # fmt: skip

    def facts(self) -> Reviewed:
        """Return what exports need to know besides the rows."""
        return Reviewed(self.folder, self.settings, tuple(self.columns), len(self._set))
