"""What a row of a data file is, and how rows are made of a file's content."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias


class Row(NamedTuple):
    """One row of a file."""

    place: str
    """Where it is, such as `line 4`, `item 2 (line 9)` or `row 17`; all count from 1."""
    fields: dict[str, Any]
    """Values by the names of columns, without blanks around the names."""


class Broken(NamedTuple):
    """A row that cannot be read, and the reason."""

    place: str
    why: str


Rows: TypeAlias = Iterator[Row | Broken]


class Reading(NamedTuple):
    """How rows are made of a file's content."""

    wrappers: tuple[str, ...] = ("personas",)
    """Keys of a JSON object under which the list of rows may be; the first has to be a list."""
    is_header: Callable[[list[str]], bool] | None = None
    """Whether the first line of a CSV file is a heading. If given, columns without a heading and
    rows that are lists have the names `0`, `1` and so on, and rows may be longer or shorter than
    the first line; None takes the first line always."""
    skipped: frozenset[str] = frozenset()
    """Columns that are not read."""
    delimiters: str = ",;\t|"
    """What may separate cells; the one most frequent in the first line does."""
    read_cell: Callable[[str], str | None] = str
    ids: frozenset[str] = frozenset()
    """Columns of a CSV file, in small letters, whose cells are texts even where `read_cell` takes
    such a text for nothing."""
    """What is made of a cell of a CSV file."""
