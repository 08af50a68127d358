"""Reads items of news from CSV files, and from RSS and Atom files by feedparser."""

import csv
import io
from calendar import timegm
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from simnet.errors import ScenarioError
from simnet.foundation.distribution import install_command

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "time": (
        *("time", "date", "datetime", "timestamp", "published", "published_at", "pubdate"),
        *("created_at", "publish_date", "publishedat"),
    ),
    "title": ("title", "headline"),
    "text": ("text", "summary", "description", "content", "body"),
    "link": ("link", "url"),
}
"""Field of an item -> the names that its column in a CSV file may have, in small letters."""


INLINE = frozenset({"a", "abbr", "b", "em", "i", "span", "strong", "sub", "sup", "u"})
"""Tags of HTML that may be within a word."""


@dataclass(frozen=True)
class NewsItem:
    """One item of news."""

    time: datetime
    """When it was published, with its time zone."""
    title: str
    """Its headline."""
    text: str = ""
    """What it says, without markup; empty if the source has none."""
    link: str = ""
    """Where it is from; empty if the source does not say."""


def read_news(file: Path | str) -> list[NewsItem]:
    """Read the items of a CSV, RSS or Atom file, told apart by its content, in their order.

    A CSV file has a heading; see `COLUMNS` for the names of its columns. A time without a zone
    is taken as UTC. Raises ScenarioError, naming file and line, for what cannot be read.
    """
    path = Path(file)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror}; check the path") from None
    if content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return list(_feed_items(path, content))
    try:
        return list(_csv_items(path, content.decode("utf-8-sig")))
    except UnicodeDecodeError:
        raise ScenarioError(f"{path} is neither XML nor CSV in UTF-8; save it as one") from None


def moment(text: str) -> datetime | None:
    """Read a time: ISO 8601, as in mails (RFC 5322), or seconds since 1970; None if it is none."""
    text = text.strip()
    readers = (
        datetime.fromisoformat,
        parsedate_to_datetime,
        lambda seconds: datetime.fromtimestamp(float(seconds), UTC),
    )
    for read in readers:
        try:
            found = read(text)
        except (ValueError, TypeError, OverflowError, OSError):
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def _csv_items(path: Path, content: str) -> Iterator[NewsItem]:
    first_line = content.partition("\n")[0]
    delimiter = max(",;\t", key=first_line.count)
    rows = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [name.strip().casefold() for name in next(rows, [])]
        places = _places(path, header)
        for row in rows:
            if any(map(str.strip, row)):
                yield _csv_item(f"{path}, line {rows.line_num}", row, places)
    except csv.Error as error:
        raise ScenarioError(f"{path}, line {rows.line_num}: {error}") from error


def _places(path: Path, header: list[str]) -> dict[str, int]:
    places = {
        field: header.index(name)
        for field, names in COLUMNS.items()
        for name in reversed(names)
        if name in header
    }
    wanted = [["time"], ["title", "text"]]
    for fields in wanted:
        if not any(field in places for field in fields):
            names = [name for field in fields for name in COLUMNS[field]]
            raise ScenarioError(
                f"{path}: no column is called {' or '.join(names)}; the columns are "
                f"{', '.join(header) or 'none'}"
            )
    return places


def _csv_item(where: str, row: list[str], places: Mapping[str, int]) -> NewsItem:
    cells = {field: row[place].strip() for field, place in places.items() if place < len(row)}
    time = moment(cells.pop("time", ""))
    if time is None:
        raise ScenarioError(
            f"{where}: {row[places['time']] if len(row) > places['time'] else ''!r} is no time; "
            "write it like 2026-05-01T08:30:00+02:00"
        )
    item = NewsItem(time, cells.get("title", ""), cells.get("text", ""), cells.get("link", ""))
    if not item.title and not item.text:
        raise ScenarioError(f"{where}: the item has neither a title nor a text")
    return item


def _feed_items(path: Path, content: bytes) -> Iterator[NewsItem]:
    try:
        import feedparser  # noqa: PLC0415  (an extra)
    except ModuleNotFoundError:
        raise ScenarioError(
            f"{path}: RSS and Atom files need feedparser; {install_command('news')}"
        ) from None
    parsed = feedparser.parse(io.BytesIO(content))
    if not parsed.entries:
        reason = parsed.get("bozo_exception") or "it has no items"
        raise ScenarioError(f"{path}: not an RSS or Atom feed with items: {reason}")
    for number, entry in enumerate(parsed.entries, 1):
        yield _feed_item(f"{path}, item {number}", entry)


def _feed_item(where: str, entry: Mapping[str, Any]) -> NewsItem:
    published = entry.get("published_parsed") or entry.get("updated_parsed")
    if published is None:
        raise ScenarioError(f"{where}: the item has no time of publication that can be read")
    title, text = _plain(entry.get("title", "")), _plain(entry.get("summary", ""))
    if not title and not text:
        raise ScenarioError(f"{where}: the item has neither a title nor a text")
    time = datetime.fromtimestamp(timegm(published), UTC)
    return NewsItem(time, title, text, entry.get("link", ""))


class _Words(HTMLParser):
    """Collects the text between tags."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep words apart that a tag keeps apart."""
        if tag not in INLINE:
            self.words.append(" ")


def _plain(html: str) -> str:
    """Take the tags out of a text and put it on one line."""
    parser = _Words()
    parser.feed(html)
    parser.close()
    return " ".join("".join(parser.words).split())
