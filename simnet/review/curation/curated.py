"""Writes the curated subset of a review: the records that are kept, with what was decided."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from simnet.errors import InputError, UsageError
from simnet.export.folders.folder import written_folder
from simnet.foundation.disk import Disk, disk_errors, write_atomically
from simnet.foundation.text import did_you_mean
from simnet.review.curation.consolidation import Rules
from simnet.review.curation.curated_card import check_card, write_curated_card
from simnet.review.curation.persona_rows import persona_rows
from simnet.review.deciding.decisions import STATUSES, Status
from simnet.review.deciding.differences import difference_fields
from simnet.review.questions import Question, export_columns
from simnet.review.records.record_filter import conditions, holds
from simnet.review.records.record_table import ID, arrow_table, as_json, parquet_bytes
from simnet.review.review_folder import Reviewed

Form: TypeAlias = Literal["parquet", "jsonl", "folder", "personas"]

FORMS: tuple[str, ...] = get_args(Form)
_SUFFIXES = {".parquet": "parquet", ".jsonl": "jsonl"}


class Curated(NamedTuple):
    """What an export wrote."""

    out: Path
    """The file or folder."""
    form: str
    """The form it was written in."""
    rows: int
    """How many records it holds."""
    left_out: Mapping[str, int]
    """How many records are not in it, by status, or `filtered` by the conditions."""
    columns: tuple[str, ...]
    """Names of its columns."""


def export_curated(
    review: Reviewed,
    rows: Iterable[dict[str, Any]],
    out: str | Path,
    *,
    form: Form | None,
    rules: Rules,
    statuses: Collection[Status],
    where: Sequence[str],
    compared: Mapping[str, Mapping[str, Any]],
    force: bool,
) -> Curated:
    """Write the rows of a review that are kept; see `Review.export`.

    `compared` has further fields for the conditions, by the id of the record.
    """
    out = Path(out).expanduser()
    chosen = _form(out, form)
    for status in statuses:
        if status not in STATUSES:
            raise UsageError(f"no status {status!r}; there are {', '.join(STATUSES)}")
    columns = exported_columns(review)
    rows = list(rows)
    known = [*columns, *difference_fields(review.questions)]
    fields = [{**compared.get(row[ID], {}), **row} for row in rows] if where else rows
    wanted = conditions(where, known, lambda name: [row.get(name) for row in fields])
    kept, left_out = [], Counter[str]()
    for row, asked in zip(rows, fields, strict=True):
        if row["status"] not in statuses:
            left_out[row["status"]] += 1
        elif all(holds(condition, asked) for condition in wanted):
            kept.append(row)
        else:
            left_out["filtered"] += 1
    if not kept:
        causes = ", ".join(f"{count} {cause}" for cause, count in left_out.items())
        raise InputError(f"{review.folder}: no record is left to export: {causes}")
    if chosen == "folder":
        check_card()
        with written_folder(out, force=force) as folder:
            (folder / "data").mkdir()
            table = parquet_bytes(typed_table(kept, columns, review.questions))
            (folder / "data" / "train-00000.parquet").write_bytes(table)
            write_curated_card(folder, review, rules, kept, left_out)
    else:
        _write_file(review, out, chosen, kept, columns, force=force)
    return Curated(out, chosen, len(kept), dict(left_out), tuple(columns))


def exported_columns(review: Reviewed) -> list[str]:
    """List the columns of an export, in their order."""
    questions = [name for one in review.questions for name in export_columns(one)]
    return [ID, *review.columns, "status", *questions]


def typed_table(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], questions: Iterable[Question]
) -> Any:
    """Make an Arrow table whose columns of questions have their type even where all are null."""
    import pyarrow as pa  # noqa: PLC0415

    texts = pa.list_(pa.string())
    values = {"rating": pa.int64(), "multi-label": texts, "ranking": texts}
    table = arrow_table(rows, columns)
    for question in questions:
        value = values.get(question.kind, pa.string())
        merged = pa.float64() if question.kind == "rating" else value
        by = pa.list_(pa.struct([("annotator", pa.string()), ("value", value)]))
        for name, kind in zip(export_columns(question), (merged, by), strict=False):
            column = pa.array([row[name] for row in rows], kind)
            table = table.set_column(columns.index(name), name, column)
    return table


def _form(out: Path, form: Form | None) -> str:
    if form is None:
        ending = out.suffix.lower()
        if ending and ending not in _SUFFIXES:
            raise UsageError(
                f"{out}: no export ends with {ending}; a file ends with {' or '.join(_SUFFIXES)}; "
                'for a folder of this name pass --form folder, in Python form="folder"'
            )
        return _SUFFIXES.get(ending, "folder")
    if form not in FORMS:
        hint = did_you_mean(form, FORMS)
        raise UsageError(f"no form {form!r} of an export; there are {', '.join(FORMS)}{hint}")
    return form


def _write_file(
    review: Reviewed,
    out: Path,
    form: str,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    *,
    force: bool,
) -> None:
    if out.is_symlink() or out.is_dir() or (out.exists() and not force):
        raise UsageError(f"{out} exists already; choose another name, or pass --force for a file")
    if form == "parquet":
        data = parquet_bytes(typed_table(rows, columns, review.questions))
    else:
        written = persona_rows(review, rows) if form == "personas" else rows
        data = memoryview("".join(f"{as_json(row)}\n" for row in written).encode())
    disk = Disk()
    with disk_errors(f"writing {out}"):
        disk.make_folder(out.absolute().parent)
        write_atomically(disk, out.absolute(), data)
