"""Reads the texts that personas are made of: a folder of text files, or a column of a table."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from simnet.datafiles import Broken, rows
from simnet.errors import InputError
from simnet.foundation.text import counted, did_you_mean, visible

SUFFIXES = (".txt", ".md")
"""Files that hold one text each."""
MOST_LISTED = 10
"""Most broken texts that a message lists."""
_LARGEST = 10 * 1024 * 1024
"""Bytes of a text file; a larger one is a data set and not a text."""


class Text(NamedTuple):
    """A text and where it is."""

    text: str
    place: str


def read_texts(path: Path, column: str | None) -> Iterator[Text | Broken]:
    """Iterate over the texts of a folder, of a text file, or of a column of a table.

    A text that cannot be used is Broken. Raises InputError for a path with no texts, or a table
    without the column.
    """
    if path.is_dir():
        files = sorted(one for one in path.rglob("*") if one.suffix.lower() in SUFFIXES)
        if not files:
            raise InputError(
                f"{path}: no texts in this folder; it has no files that end with "
                f"{' or '.join(SUFFIXES)}; name a table and its column with --column"
            )
        yield from (_file(one, str(one.relative_to(path))) for one in files)
    elif column is None:
        yield _file(path, path.name)
    else:
        yield from _column(path, column)


def check_texts(path: Path, column: str | None, *, skip_bad: bool) -> tuple[int, list[Broken]]:
    """Read all texts once; return how many there are, and those that are broken.

    Raises InputError if there is none, or, unless `skip_bad`, if some are broken.
    """
    good, broken = 0, []
    for text in read_texts(path, column):
        if isinstance(text, Broken):
            broken.append(text)
        else:
            good += 1
    if broken and not skip_bad:
        more = f"\n  and {len(broken) - MOST_LISTED} more" if len(broken) > MOST_LISTED else ""
        listed = "\n  ".join(visible(f"{place}: {why}") for place, why in broken[:MOST_LISTED])
        raise InputError(
            f"{path}: {counted(len(broken), 'text')} cannot be used; mend the input, or go on "
            f"without them with --skip-bad\n  {listed}{more}"
        )
    if not good:
        raise InputError(f"{path}: there are no texts in it")
    return good, broken


def good_texts(path: Path, column: str | None) -> Iterator[str]:
    """Iterate over the texts that can be used."""
    for text in read_texts(path, column):
        if isinstance(text, Text):
            yield text.text


def _file(path: Path, place: str) -> Text | Broken:
    try:
        if path.stat().st_size > _LARGEST:
            return Broken(place, "is larger than 10 MB; split it into texts")
        return _text(path.read_text(encoding="utf-8-sig"), place)
    except UnicodeDecodeError:
        return Broken(place, "is not text in UTF-8; save it as such")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; check the path") from None


def _column(path: Path, column: str) -> Iterator[Text | Broken]:
    is_known = False
    for row in rows(path):
        if isinstance(row, Broken):
            yield row
            continue
        if column in row.fields:
            is_known = True
        elif is_known:
            yield Broken(row.place, f"has no column {column!r}")
            continue
        else:
            names = list(row.fields)
            hint = did_you_mean(column, names) or f"; there are {', '.join(map(repr, names))}"
            raise InputError(f"{path}: {row.place} has no column {column!r}{hint}")
        value = row.fields[column]
        if not isinstance(value, str):
            kind = "is empty" if value is None else f"is of type {type(value).__name__}"
            yield Broken(row.place, f"{column} {kind}; a text is needed")
        else:
            yield _text(value, f"{row.place}, {column}")


def _text(text: str, place: str) -> Text | Broken:
    if not text.strip():
        return Broken(place, "is empty; a persona needs something to be made from")
    return Text(text, place)
