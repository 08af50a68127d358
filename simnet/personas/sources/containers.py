"""Reads rows from JSON, JSONL, CSV and Parquet files, each with its place in the file."""

import csv
import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TypeAlias

from simnet.errors import PersonaError

UNUSED_COLUMNS = frozenset(
    {"embedding", "model_name_embeddings", "nn_indices", "nn_scores", "projection"}
)
"""Columns of FinePersonas that are skipped; they make up most of its bytes."""


class Row(NamedTuple):
    """One row of a file."""

    place: str
    fields: dict[str, Any]


class Broken(NamedTuple):
    """A row that cannot be read, and the reason."""

    place: str
    why: str


Rows: TypeAlias = Iterator[Row | Broken]


def rows(path: Path) -> Rows:
    """Iterate over the rows of a file; its first bytes decide the file type.

    Raises PersonaError when the file as a whole cannot be read.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError as error:
        raise PersonaError(f"{path}: {error.strerror}; check the path") from None
    if start[:4] == b"PAR1":
        return _parquet(path)
    if start[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise PersonaError(f"{path} is UTF-16; save it as UTF-8")
    if start[:2] == b"\x1f\x8b" or start[:4] == b"\x28\xb5\x2f\xfd" or start[:4] == b"PK\x03\x04":
        raise PersonaError(f"{path} is compressed; unpack it first")
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"[":
        return _json(path)
    if text[:1] == b"{":
        return _jsonl(path) if _is_jsonl(path, text) else _json(path)
    return _csv(path)


def _is_jsonl(path: Path, start: bytes) -> bool:
    """Return whether a file is JSONL; else it is one JSON object, perhaps over many lines."""
    if path.suffix in {".jsonl", ".ndjson"}:
        return True
    line = start.partition(b"\n")[0].strip()
    if line.endswith(b"}"):
        return not line.replace(b" ", b"").startswith(b'{"personas":')
    return len(line) > 100 and path.suffix != ".json"


def _jsonl(path: Path) -> Rows:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            bare = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if bare.strip():
                yield _object(f"line {number}", bare)


def _object(place: str, line: bytes) -> Row | Broken:
    try:
        fields = json.loads(line.decode(), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        return Broken(place, f"byte {error.start + 1} is not UTF-8; save the file as UTF-8")
    except json.JSONDecodeError as error:
        return Broken(place, f"is not JSON: {error.msg} at column {error.colno}; mend the line")
    except (ValueError, RecursionError) as error:
        return Broken(place, f"is not usable JSON: {error}; mend the line")
    return _row(place, fields)


def _row(place: str, fields: Any) -> Row | Broken:
    if not isinstance(fields, dict):
        return Broken(place, 'is not an object; write {"id": ..., "description": ...}')
    return Row(place, {name: value for name, value in fields.items() if name not in UNUSED_COLUMNS})


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value, write null")


def _json(path: Path) -> Rows:
    try:
        whole = json.loads(path.read_bytes().decode("utf-8-sig"), parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise PersonaError(
            f"{path}: line {error.lineno}, column {error.colno}: not JSON: {error.msg}; "
            "mend it there"
        ) from None
    except UnicodeDecodeError as error:
        raise PersonaError(
            f"{path}: byte {error.start + 1} is not UTF-8; save the file as UTF-8"
        ) from None
    except (ValueError, RecursionError) as error:
        raise PersonaError(f"{path}: not usable JSON: {error}") from None
    if isinstance(whole, dict):
        whole = whole.get("personas", [whole])
    if not isinstance(whole, list):
        raise PersonaError(f"{path}: `personas` is not a list; write a list of objects")
    for number, fields in enumerate(whole, 1):
        yield _row(f"item {number}", fields)


def _csv(path: Path) -> Rows:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _table(path, file)
    except UnicodeDecodeError as error:
        raise PersonaError(
            f"{path} is neither text in UTF-8 nor Parquet ({error.reason} near byte "
            f"{error.start + 1} of a block); save it as JSON, JSONL, CSV or Parquet"
        ) from None


def _table(path: Path, lines: Iterator[str]) -> Rows:
    first = next(lines, "")
    marks = ",;\t"
    delimiter = max(marks, key=first.count)
    reader = csv.reader(chain([first], lines), delimiter=delimiter, strict=True)
    try:
        header = next(reader, [])
        _check_header(path, header)
        end = reader.line_num
        for cells in reader:
            start, end = end + 1, reader.line_num
            if any(cell.strip() for cell in cells):
                yield _cells(f"line {start}", header, cells)
    except csv.Error as error:
        raise PersonaError(
            f"{path}: line {reader.line_num}: not CSV: {error}; check the quotes there"
        ) from None


def _check_header(path: Path, header: list[str]) -> None:
    twice = {name for name in header if header.count(name) > 1}
    if twice:
        raise PersonaError(f"{path}: line 1: the column {min(twice)!r} is there twice; rename one")


def _cells(place: str, header: list[str], cells: list[str]) -> Row | Broken:
    if len(cells) != len(header):
        return Broken(
            place,
            f"has {len(cells)} fields where the header has {len(header)}; "
            "put quotes around fields that hold the separator",
        )
    named = zip(header, cells, strict=True)
    return Row(place, {name: value for name, value in named if name not in UNUSED_COLUMNS})


def _parquet(path: Path) -> Rows:
    import pyarrow as pa  # noqa: PLC0415 - takes long to import, and most files are text
    import pyarrow.parquet as pq  # noqa: PLC0415

    number = 0
    try:
        with pq.ParquetFile(path) as file:
            columns = [name for name in file.schema_arrow.names if name not in UNUSED_COLUMNS]
            for batch in file.iter_batches(batch_size=4096, columns=columns):
                for fields in batch.to_pylist():
                    number += 1
                    yield Row(f"row {number}", fields)
    except (pa.ArrowException, OSError, ValueError, UnicodeDecodeError) as error:
        raise PersonaError(f"{path}: broken Parquet after row {number}: {error}") from None
