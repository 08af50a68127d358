"""The parts of a report as values: sections with facts, tables, pictures and threads.

Texts in them are plain: what writes the page escapes them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Facts:
    """Labels with values."""

    kind: ClassVar[str] = "facts"
    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Tiles:
    """A few numbers to be seen first."""

    kind: ClassVar[str] = "tiles"
    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Grid:
    """A table with a row of headings; the first column heads the rows."""

    kind: ClassVar[str] = "grid"
    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[int] = frozenset()
    """Places of the columns that hold numbers."""
    note: str = ""


@dataclass(frozen=True)
class Notes:
    """Sentences, one below the other."""

    kind: ClassVar[str] = "notes"
    lines: Sequence[str]


@dataclass(frozen=True)
class Code:
    """What is typed, as it is."""

    kind: ClassVar[str] = "code"
    text: str
    label: str


@dataclass(frozen=True)
class Picture:
    """A figure: a chart in Vega-Lite, and the rows that it shows."""

    kind: ClassVar[str] = "picture"
    name: str
    """Unique in a report; the name of its files."""
    title: str
    summary: str
    """What there is to see, for those who do not see it."""
    chart: Mapping[str, Any]
    rows: Sequence[Row]
    note: str = ""
    """What is left out, sampled or aggregated."""


@dataclass(frozen=True)
class Said:
    """One post of a thread."""

    depth: int
    who: str
    facts: str
    text: str


@dataclass(frozen=True)
class Thread:
    """A thread to read, and why it was picked."""

    kind: ClassVar[str] = "thread"
    title: str
    why: str
    posts: Sequence[Said]
    omitted: str = ""


Block: TypeAlias = Facts | Tiles | Grid | Notes | Code | Picture | Thread


@dataclass(frozen=True)
class Section:
    """A part of the report with a heading."""

    key: str
    title: str
    blocks: Sequence[Block]
    intro: str = ""


@dataclass(frozen=True)
class Page:
    """A whole report."""

    title: str
    subtitle: str
    sections: Sequence[Section]

    @property
    def pictures(self) -> list[Picture]:
        """All pictures, in the order of the page."""
        blocks = [block for section in self.sections for block in section.blocks]
        return [block for block in blocks if isinstance(block, Picture)]
