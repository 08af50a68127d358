"""What a format of persona files is: how its rows are recognised and converted."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

from simnet.datafiles import Broken
from simnet.personas.sources.draft import Draft, Found

Fields: TypeAlias = dict[str, Any]


class Format(NamedTuple):
    """How to recognise the rows of a format, and to convert one; that may raise FieldError."""

    name: str
    fits: Callable[[Fields], bool]
    convert: Callable[[Fields], Draft]
    columns: tuple[str, ...] = ()
    """Columns it looks for. A heading that differs from one in case and blanks alone is that."""
    licence: str | None = None
    """Licence of the data published in the format; files of one's own have none."""
    expand: Callable[[Fields], Iterable[Fields]] | None = None
    """Makes rows of one row that holds several people."""
    repeats: bool = False
    """Whether rows with the same id are different people, known by their place in the file."""
    link: Callable[[Sequence[Found], int | None], tuple[list[Found], list[Broken]]] | None = None
    """Adds what depends on all personas, and lists references to nobody. The number is that of
    all rows; None if the rest of the file was not read."""


def has(*names: str) -> Callable[[Fields], bool]:
    """Recognise rows that have all of some columns."""
    return lambda fields: all(name in fields for name in names)
