"""Reads what a scenario takes from files of its user: texts, tables of texts, lists by name."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simnet.datafiles import Broken, rows
from simnet.datafiles.whole_text import text_of
from simnet.errors import InputError

TEXT_FILES = frozenset({".md", ".txt"})
"""Suffixes of files that hold plain text."""


def read_text(text: str) -> str:
    """Return a text, or what is in the file if it is the path of a `.txt` or `.md` file.

    Raises InputError if there is no such file, or it is not UTF-8.
    """
    path = Path(text)
    one_line = "\n" not in text and " " not in path.name
    return text_of(path).strip() if one_line and path.suffix in TEXT_FILES else text


def read_rows(file: str | Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Read a table of texts: one row for each line of a `.txt` or `.md` file, or of a table.

    A table is a CSV, JSON, JSONL or Parquet file. `columns` are the names under which it may have
    the text, the preferred first; the text is under the first of them in each row, beside all
    other columns. Empty lines of text are left out. Raises InputError, with the file and the row,
    where a text is missing or empty, and where there is none at all.
    """
    path = Path(file)
    if path.suffix in TEXT_FILES:
        lines = [line.strip() for line in text_of(path).splitlines()]
        found = [{columns[0]: line} for line in lines if line]
    else:
        found = [_row(row, columns) for row in rows(path)]
    if not found:
        raise InputError(f"{path} is empty; write one text a line, or a column `{columns[0]}`")
    return found


def read_lists(file: str | Path) -> dict[str, list[str]]:
    """Read lists of texts by name, from a JSON object such as `{"troll": ["Mocks others"]}`.

    Raises InputError if the file holds something else.
    """
    path = Path(file)
    value = read_object(path)
    for name, texts in value.items():
        listed = isinstance(texts, list) and all(isinstance(text, str) for text in texts)
        if not listed or not texts:
            raise InputError(f'{path}: {name!r} is no list of texts; write ["...", "..."]')
    if not value:
        raise InputError(f'{path} holds no lists; write {{"name": ["...", "..."]}}')
    return value


def read_object(file: str | Path) -> dict[str, Any]:
    """Read a JSON object. Raises InputError, with the line, if the file holds something else."""
    path = Path(file)
    try:
        value = json.loads(text_of(path))
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, line {error.lineno}: no JSON: {error.msg}") from None
    if not isinstance(value, dict):
        raise InputError(f"{path} holds a {type(value).__name__}, not a JSON object in braces")
    return value


def _row(row: Any, columns: Sequence[str]) -> dict[str, str]:
    if isinstance(row, Broken):
        raise InputError(f"{row.place}: {row.why}")
    named = {str(name).strip().casefold(): value for name, value in row.fields.items()}
    column = next((name for name in columns if named.get(name)), None)
    if column is None:
        names = ", ".join(f"`{name}`" for name in columns)
        has = ", ".join(f"`{name}`" for name in row.fields)
        raise InputError(f"{row.place}: there is no text; it belongs into {names}; there is {has}")
    return named | {columns[0]: str(named[column]).strip()}
