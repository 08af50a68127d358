"""The folder of a review: its settings, its records and the decisions of its annotators.

NAME/
  review.json          questions, annotators, where the records are from
  records.parquet      the records, each with its id; never changed
  decisions/ADA.arrows the decisions of one annotator, appended
"""

import json
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from simnet.errors import InputError, RecordError, UsageError
from simnet.foundation.disk import Disk, disk_errors, publish_folder, read_regular
from simnet.review.questions import Question, question_of
from simnet.review.records.record_table import Record, write_records
from simnet.review.records.stored_records import StoredRecords

SETTINGS = "review.json"
RECORDS = "records.parquet"
DECISIONS = "decisions"
VERSION = 1


@dataclass(frozen=True)
class ReviewSettings:
    """What `review.json` holds."""

    name: str
    questions: tuple[Question, ...]
    annotators: tuple[str, ...] = ()
    """Who may decide; anybody if it is empty."""
    source: Mapping[str, Any] = field(default_factory=dict)
    """Where the records are from: `kind` and `name`."""

    def plain(self) -> dict[str, Any]:
        """Return the settings as values of JSON."""
        return {
            "version": VERSION,
            "name": self.name,
            "questions": [question.plain() for question in self.questions],
            "annotators": list(self.annotators),
            "source": dict(self.source),
        }


class Reviewed(NamedTuple):
    """What exports need to know of a review, besides its rows."""

    folder: Path
    settings: ReviewSettings
    columns: tuple[str, ...]
    """The columns of the records."""
    total: int
    """The number of records."""

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions, in their order."""
        return self.settings.questions


def create_folder(path: Path, settings: ReviewSettings, records: Sequence[Record]) -> None:
    """Make the folder of a new review; it appears whole or not at all.

    Raises UsageError if there is something at `path`, DiskError when the disk refuses.
    """
    if path.is_symlink() or path.exists():
        raise UsageError(f"{path} exists already; choose another name for the review")
    disk = Disk()
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    with disk_errors(f"making the review {path}"):
        disk.make_folder(path.parent)
        try:
            disk.make_folder(partial / DECISIONS)
            (partial / RECORDS).write_bytes(write_records(records))
            written = json.dumps(settings.plain(), ensure_ascii=False, indent=1)
            (partial / SETTINGS).write_text(written, encoding="utf-8")
            publish_folder(disk, partial, path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def read_folder(path: Path) -> tuple[ReviewSettings, StoredRecords]:
    """Read the settings and the records of a review.

    Raises UsageError if there is no folder, RecordError if it is something else or broken.
    """
    if not path.is_dir():
        raise UsageError(
            f"there is no review {path}; make one with: simnet review new NAME --file FILE"
        )
    file = path / SETTINGS
    try:
        values = json.loads(read_regular(file).decode("utf-8"))
    except FileNotFoundError:
        raise RecordError(f"{path} is no review: it has no {SETTINGS}") from None
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{file}: is not JSON: {error}") from None
    return _settings(file, values), StoredRecords(path / RECORDS)


def _settings(file: Path, values: Any) -> ReviewSettings:
    wanted = {"version": int, "name": str, "questions": list, "annotators": list, "source": dict}
    if not isinstance(values, dict) or any(
        not isinstance(values.get(name), kind) for name, kind in wanted.items()
    ):
        raise RecordError(f"{file}: is no review: it needs {', '.join(wanted)}")
    if values["version"] != VERSION:
        raise RecordError(
            f"{file}: has the version {values['version']}, and this simnet reads {VERSION}"
        )
    try:
        questions = tuple(question_of(one) for one in values["questions"])
    except (InputError, TypeError, AttributeError) as error:
        raise RecordError(f"{file}: {error}") from None
    return ReviewSettings(
        values["name"], questions, tuple(map(str, values["annotators"])), values["source"]
    )
