"""Tables of a run as CSV or JSON Lines, with exact values."""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pyarrow as pa
import pyarrow.csv

from simnet.errors import EmptyExportError, UsageError
from simnet.export.folders.card_parts import heading, source_lines, source_of, write_plain_card
from simnet.export.folders.folder import written_folder
from simnet.export.folders.summary import Exported
from simnet.foundation.arguments import checked
from simnet.foundation.text import did_you_mean
from simnet.recording.reading.run import Run
from simnet.recording.schema import TABLES, arrow_schema

Form: TypeAlias = Literal["csv", "jsonl"]
FORMULA = re.compile(r"^[\s\x00-\x1f]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]")
"""The beginning of a text that a spreadsheet may take for a formula (OWASP, CSV injection)."""
_LINE_ENDS = re.compile("[\x7f-\x9f\u2028\u2029]")
"""Characters that some readers of lines take for the end of one."""


@checked
def export_tables(
    run: Run,
    out: Path | str,
    *,
    form: Form = "csv",
    tables: Sequence[str] = tuple(TABLES),
    force: bool = False,
    guard_formulas: bool = False,
) -> Exported:
    """Write tables of a run, each as `NAME.csv` or `NAME.jsonl`, row for row.

    Values are exact: texts are as they were recorded, floats have all their digits. In CSV a text
    is in quotation marks, a null is an empty cell without them, and a list is JSON. In JSON Lines
    a number that is not finite is null. `guard_formulas` is for CSV that is opened in a
    spreadsheet: a text that would be taken for a formula gets an apostrophe before it, so values
    are no longer exact. Files are written batch by batch.

    Raises UsageError for an unknown table, or if `out` exists and `force` is not set;
    EmptyExportError if all the tables are empty.
    """
    for name in tables:
        if name not in TABLES:
            raise UsageError(
                f"there is no table {name!r}{did_you_mean(name, TABLES)}; there are "
                f"{', '.join(TABLES)}"
            )
    if guard_formulas and form != "csv":
        raise UsageError("formulas are guarded in CSV alone, since no JSON is taken for one")
    counts: dict[str, int] = {}
    with written_folder(Path(out), force=force) as folder:
        for name in dict.fromkeys(tables):
            file = folder / f"{name}.{form}"
            batches = run.batches(name)
            if form == "csv":
                counts[name] = _write_csv(file, name, batches, guard=guard_formulas)
            else:
                counts[name] = _write_jsonl(file, batches)
        if not any(counts.values()):
            raise EmptyExportError(f"run {run.id} has no rows in: {', '.join(counts)}")
        _write_card(folder, run, counts, form, guarded=guard_formulas)
    return Exported(Path(out), {name: {"rows": count} for name, count in counts.items()})


def _write_csv(file: Path, name: str, batches: Iterator[pa.Table], *, guard: bool) -> int:
    schema = pa.schema([(field.name, _flat(field.type)) for field in arrow_schema(name)])
    count = 0
    options = pyarrow.csv.WriteOptions(quoting_style="needed")
    with closing(pyarrow.csv.CSVWriter(file, schema, write_options=options)) as writer:
        for batch in batches:
            columns = [_cells(batch[field.name], guard=guard) for field in schema]
            writer.write_table(pa.table(columns, schema=schema))
            count += len(batch)
    return count


def _flat(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_list(kind) or pa.types.is_string(kind) else kind


def _cells(column: pa.ChunkedArray, *, guard: bool) -> pa.ChunkedArray:
    """Return a column as CSV holds it."""
    if pa.types.is_list(column.type):
        return _mapped(column, lambda value: json.dumps(value, ensure_ascii=False))
    if guard and pa.types.is_string(column.type):
        return _mapped(column, guarded)
    return column


def _mapped(column: pa.ChunkedArray, change: Callable[[Any], str]) -> pa.ChunkedArray:
    values = (None if value is None else change(value) for value in column.to_pylist())
    return pa.chunked_array([pa.array(list(values), pa.string())])


def guarded(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would take for a formula."""
    return f"'{text}" if FORMULA.match(text) else text


def _write_jsonl(file: Path, batches: Iterator[pa.Table]) -> int:
    count = 0
    with file.open("w", encoding="utf-8", newline="\n") as out:
        for batch in batches:
            for row in batch.to_pylist():
                finite = {name: _finite(value) for name, value in row.items()}
                text = json.dumps(finite, ensure_ascii=False, allow_nan=False)
                out.write(_LINE_ENDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")
            count += len(batch)
    return count


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write_card(
    folder: Path, run: Run, counts: Mapping[str, int], form: Form, *, guarded: bool
) -> None:
    source = source_of(run)
    full = [name for name, count in counts.items() if count]
    files = [{"config_name": name, "data_files": f"{name}.{form}"} for name in full]
    if form == "jsonl":
        values = ["Values are exact; a number that is not finite is null."]
    else:
        values = [
            "A text is in quotation marks, a null an empty cell without them, a list JSON.",
            "A text that a spreadsheet would take for a formula has an apostrophe before it, so"
            " values are not exact."
            if guarded
            else "Values are exact: a text that begins with `=`, `+`, `-` or `@` is as it was"
            " recorded, and a spreadsheet may take it for a formula. Import columns as text, or"
            " export with `--guard-formulas`.",
        ]
    write_plain_card(
        folder,
        files,
        [
            heading("Tables of a simulated social network", source), "",
            "What the columns mean is printed by `simnet tables`.", "",
            "```python",
            f'datasets.load_dataset("DIR", "{full[0]}", split="train")',
            "```", "",
            *values, "",
            "| table | rows |", "|-|-|",
            *(f"| {name} | {count} |" for name, count in counts.items()), "",
            *source_lines(source),
        ],
    )  # fmt: skip
