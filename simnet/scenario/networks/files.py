"""Networks from files: pairs of handles, follower first."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np

from simnet.datafiles import Broken, Content, Reading, Row, opened, rows
from simnet.datafiles.csv_cells import COMMENTS
from simnet.errors import InputError
from simnet.foundation.arguments import checked
from simnet.foundation.text import counted, did_you_mean
from simnet.scenario.networks.arrays import Edges, TieBuilder
from simnet.scenario.networks.graphml import graphml_pairs

COLUMNS = (
    ("follower", "followee"),
    ("source", "target"),
    ("from", "to"),
    ("follower_id", "followee_id"),
)
"""Headings of pairs, as people name them; without any of these the first two columns count."""
_ADVICE = "write follower,followee"
_MATRIX = b"%%MatrixMarket"
"""How a file begins whose first line after the comments is no pair."""


class _Pair(NamedTuple):
    follower: str
    followee: str
    where: str
    """Which line, item, row or edge of the file it is."""


Finder: TypeAlias = Callable[[str], int | None]
"""Finds somebody's position by a name; None if nobody is called that."""


class FileTies:
    """Ties of a file, as a builder; see `edges`.

    The file is read once for the same people: when a scenario is checked, or else when its
    network is built.
    """

    __name__ = "edges"

    def __init__(self, file: Path) -> None:
        """Take an existing file. Raises InputError if there is none."""
        if not file.is_file():
            raise InputError(f"{file}: there is no such file")
        self.file = file
        self._read_for: bytes | None = None
        """Digest of the people that `_read` is for."""
        self._read: Edges

    def __call__(self, handles: Sequence[str], seed: int) -> Edges:
        """Return the positions of followers and followees. Raises InputError as `edges` says."""
        people = blake2b("\0".join(handles).encode(), digest_size=16).digest()
        if self._read_for != people:
            self._read = self._positions(handles)
            self._read_for = people
        return self._read

    def __repr__(self) -> str:
        return f"edges({str(self.file)!r})"

    def _positions(self, handles: Sequence[str]) -> Edges:
        find = _finder(handles)
        found = [
            (
                self._known(pair.follower, pair.where, find, handles),
                self._known(pair.followee, pair.where, find, handles),
            )
            for pair in _pairs(self.file, find)
        ]
        table = np.array(found, np.int32).reshape(-1, 2)
        return table[:, 0], table[:, 1]

    def _known(self, name: str, where: str, find: Finder, handles: Sequence[str]) -> int:
        position = find(name)
        if position is None:
            position = find(name.strip().removeprefix("@"))
        if position is None:
            hint = did_you_mean(name, handles)
            if where == "line 1" and not hint:
                hint = "; if that is a heading, call its columns follower and followee"
            raise InputError(f"{self.file}: {where}: there is no @{name} in the scenario{hint}")
        return position


@checked
def edges(path: Path | str) -> TieBuilder:
    """Read who follows whom from a CSV, JSON, JSON Lines, Parquet or GraphML file.

    The content decides which it is; all but GraphML may be compressed (gzip, bzip2, xz,
    Zstandard). Columns `follower` and `followee`, `source` and `target` or `from` and `to` count
    in any case, else the first two; a leading `@` is dropped, and so are lines of comments, which
    begin with `#` or `%`. Of JSON, rows are objects or pairs,
    in a list or under `edges` or `links`. GraphML: edges between nodes; the handle of a node is
    its data `handle`, else its id if that is one, else its `label` or `name`; undirected edges go
    both ways. People are named by their handles or by the ids they were imported with.

    Raises InputError, naming file and line, for a file that cannot be read and a name that
    nobody has.
    """
    return FileTies(Path(path))


def file_ties(ties: object) -> Iterator[FileTies]:
    """Iterate over the files among ties, those that `together` put on top of each other too."""
    if isinstance(ties, FileTies):
        yield ties
    for part in getattr(ties, "parts", ()):
        yield from file_ties(part)


def _finder(handles: Sequence[str]) -> Finder:
    """Return what finds people by name: a roster knows more names than handles."""
    position: Finder | None = getattr(handles, "position", None)
    if position is not None:
        return position
    return {handle: place for place, handle in enumerate(handles)}.get


def _pairs(file: Path, find: Finder) -> Iterator[_Pair]:
    content = opened(file)
    if content.start.startswith(_MATRIX):
        raise InputError(
            f"{file}: is a matrix in the form of Matrix Market; leave out its first line that is "
            f"no comment, which has its sizes, and the line {_MATRIX.decode()}, or {_ADVICE}"
        )
    if content.is_xml:
        pairs = graphml_pairs(content, partial(_node_name, find))
        for number, (follower, followee) in enumerate(pairs):
            yield _Pair(follower, followee, f"edge {number}")
        return
    columns: tuple[str, str] | None = None
    for row in rows(file, _reading(content)):
        if isinstance(row, Broken):
            raise InputError(f"{file}: {row.place}: {row.why}")
        columns = columns or _columns(content, row)
        try:
            follower, followee = row.fields[columns[0]], row.fields[columns[1]]
        except KeyError:
            raise _no_pair(file, row) from None
        yield _Pair(
            _handle(file, row.place, follower, columns[0]),
            _handle(file, row.place, followee, columns[1]),
            row.place,
        )


def _reading(content: Content) -> Reading:
    lines = [line for line in content.start.splitlines() if line.strip()]
    comments = tuple(map(str.encode, COMMENTS))
    first = next((line for line in lines if not line.lstrip().startswith(comments)), b"")
    blanks = not any(mark in first for mark in (b",", b";", b"\t", b"|"))
    return Reading(
        wrappers=("edges", "links", "ties"),
        is_header=lambda cells: _headed(cells) is not None,
        delimiters=" " if blanks else ",;\t|",
    )


def _columns(content: Content, row: Row) -> tuple[str, str]:
    names = list(row.fields)
    headed = _headed(names)
    if headed is not None:
        return names[headed[0]], names[headed[1]]
    if len(names) < 2:
        if content.is_parquet:
            raise InputError(
                f"{content.path}: it has {counted(len(names), 'column')}; a pair needs two"
            )
        raise _no_pair(content.path, row)
    return names[0], names[1]


def _no_pair(file: Path, row: Row) -> InputError:
    shown = ",".join(str(value) for value in row.fields.values())
    return InputError(f"{file}: {row.place}: {shown!r} is no pair; {_ADVICE}")


def _headed(cells: Sequence[str]) -> tuple[int, int] | None:
    """Find the columns of a pair by their headings."""
    spelt = [cell.strip().casefold() for cell in cells]
    for follower, followee in COLUMNS:
        if follower in spelt and followee in spelt:
            return spelt.index(follower), spelt.index(followee)
    return None


def _handle(file: Path, place: str, value: object, name: str) -> str:
    if isinstance(value, str) and value and not value.isspace():
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value is None or isinstance(value, str):
        raise InputError(f"{file}: {place}: column {name!r} has no handle there; {_ADVICE}")
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"{file}: {place}: {value!r} names nobody; {_ADVICE}")
    return str(value)


def _node_name(find: Finder, names: Sequence[str]) -> str:
    return next((name for name in names if find(name) is not None), names[0] if names else "")
