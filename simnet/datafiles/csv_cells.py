"""Rows of CSV files, with commas, semicolons, tabs or bars between cells."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from simnet.datafiles.contents import Content
from simnet.datafiles.shapes import Broken, Reading, Row, Rows
from simnet.errors import InputError

if TYPE_CHECKING:
    import _csv

COMMENTS = ("#", "%")
"""How lines of comments begin, in files that may have them."""
LONGEST_CELL = 2**31 - 1
"""Characters; the module csv refuses cells above 131,072 unless it is told otherwise."""


def csv_rows(content: Content, reading: Reading) -> Rows:
    """Read a CSV file; rows that are not UTF-8, not CSV or too short are Broken."""
    csv.field_size_limit(LONGEST_CELL)
    with (
        content.stream() as stream,
        io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="") as lines,
    ):
        yield from _table(content, lines, reading)


def _table(content: Content, lines: Iterator[str], reading: Reading) -> Rows:
    comments = reading.is_header is not None
    before = _up_to_text(lines, comments=comments)
    if not before:
        return
    first = before[-1]
    delimiter = max(reading.delimiters, key=first.count)
    blanks = delimiter == " "  # a run of which separates two cells
    text = chain(before, lines)
    reader = csv.reader(text, delimiter=delimiter, skipinitialspace=blanks, strict=True)
    header: list[str] | None = None
    for place, cells in _records(reader):
        if comments and _is_comment(cells[0]):
            continue
        if header is None:
            heading = [cell.strip() for cell in cells] if isinstance(cells, list) else []
            header = _header(content, place, cells, reading)
            if reading.is_header is None or reading.is_header(heading):
                continue
            header = [str(number) for number in range(len(header))]
        if isinstance(cells, str):
            yield Broken(place, cells)
        else:
            yield _row(place, header, cells, reading)


def _is_comment(line: str) -> bool:
    """Whether a line is a comment, as in the edge lists of SNAP, networkx, KONECT and Pajek."""
    return line.lstrip().startswith(COMMENTS)


def _up_to_text(lines: Iterator[str], *, comments: bool) -> list[str]:
    """Read up to the first line that is not blank and no comment; an empty list if all are."""
    read = []
    for line in lines:
        read.append(line)
        if line.strip() and not (comments and _is_comment(line)):
            return read
    return []


def _records(reader: "_csv.Reader") -> Iterator[tuple[str, list[str] | str]]:
    """Iterate over records that are not blank: place, and cells or why they cannot be read."""
    end = 0
    while True:
        try:
            cells: list[str] | str | None = next(reader, None)
        except csv.Error as error:
            cells = f"is not CSV: {error}; check the quotes there"
        if cells is None:
            return
        start, end = end + 1, max(end + 1, reader.line_num)
        if isinstance(cells, str) or "".join(cells).strip():
            yield f"line {start}", cells


def _header(content: Content, place: str, cells: list[str] | str, reading: Reading) -> list[str]:
    if isinstance(cells, str):
        raise InputError(f"{content.path}: {place} {cells}")
    header = [cell.strip() for cell in cells]
    if any(_undecoded(cell) for cell in header):
        raise InputError(
            f"{content.path}: {place} is neither text in UTF-8 nor Parquet; save the file as JSON, "
            "JSONL, CSV or Parquet, text in UTF-8"
        )
    if reading.is_header is None or reading.is_header(header):
        twice = [name for name, count in Counter(header).items() if name and count > 1]
        if twice:
            raise InputError(
                f"{content.path}: {place}: the column {twice[0]!r} is there twice; rename one"
            )
    return header


def _row(place: str, header: list[str], cells: list[str], reading: Reading) -> Row | Broken:
    if _undecoded("".join(cells)):
        return Broken(place, "is not UTF-8; save the file as UTF-8")
    if len(cells) != len(header) and reading.is_header is None:
        return Broken(
            place,
            f"has {len(cells)} fields where the header has {len(header)}; "
            "put quotes around fields that hold the separator",
        )
    fields = dict(zip(header, map(reading.read_cell, cells), strict=False))
    if reading.ids:
        for name, written in zip(header, cells, strict=False):
            if fields[name] is None and name.lower() in reading.ids:
                fields[name] = written
    return Row(place, fields)


def _undecoded(cell: str) -> bool:
    """Whether a cell has bytes that are not UTF-8."""
    return not cell.isascii() and any("\udc80" <= one <= "\udcff" for one in cell)
