"""Rows of any data file, each with its place in the file."""

from functools import lru_cache
from pathlib import Path

from simnet.datafiles.contents import Content, damage, damaged, opened
from simnet.datafiles.shapes import Broken, Reading, Row, Rows
from simnet.errors import InputError

DEFAULT = Reading()


def rows(path: Path, reading: Reading = DEFAULT) -> Rows:
    """Iterate over the rows of a file. CSV, JSON Lines and Parquet are read as streams.

    Columns without a name are left out: they are the index that pandas writes. Missing numbers
    of Parquet (NaN) are None. Raises InputError when the file as a whole cannot be read.
    """
    content = opened(path)
    if content.is_xml:
        raise InputError(f"{path} is XML or a web page; save it as JSON, JSONL, CSV or Parquet")
    return _guarded(content, reading)


def _guarded(content: Content, reading: Reading) -> Rows:
    try:
        for row in _raw(content, reading):
            yield row if isinstance(row, Broken) else _named(row, reading)
    except GeneratorExit:
        raise  # `damage` imports what takes long
    except damage() as error:
        raise damaged(content, error) from None


def _raw(content: Content, reading: Reading) -> Rows:
    if content.is_parquet:
        from simnet.datafiles.parquet_rows import parquet_rows  # noqa: PLC0415  (imports pyarrow)

        return parquet_rows(content, reading)
    if content.start[:1] in {b"[", b"{"}:
        from simnet.datafiles.json_values import json_rows  # noqa: PLC0415

        return json_rows(content, reading)
    from simnet.datafiles.csv_cells import csv_rows  # noqa: PLC0415

    return csv_rows(content, reading)


def _named(row: Row, reading: Reading) -> Row:
    """Strip names of columns, and leave out those that have none or are not wanted."""
    kept = _kept(tuple(row.fields), reading.skipped)
    if kept is None:
        return row
    return Row(row.place, {bare: row.fields[name] for name, bare in kept})


@lru_cache(maxsize=1024)
def _kept(names: tuple[str, ...], skipped: frozenset[str]) -> tuple[tuple[str, str], ...] | None:
    """Return the names that are kept, each as it is and stripped; None if all stay as they are."""
    pairs = [(name, name.strip()) for name in names]
    kept = [
        (name, bare) for name, bare in pairs if bare and bare not in skipped and not _is_index(bare)
    ]
    return None if kept == [(name, name) for name in names] else tuple(kept)


def _is_index(name: str) -> bool:
    """Whether a name is one that pandas gives to an index without a name."""
    return name.startswith(("Unnamed: ", "__index_level_"))
