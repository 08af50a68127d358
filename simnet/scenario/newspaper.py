"""A timeline of news from files, as cues of a persona that publishes it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from simnet.agents.behaviours.standard import silent
from simnet.clock import Seconds
from simnet.errors import ScenarioError
from simnet.foundation.text import cut, one_line
from simnet.personas.persona import Persona
from simnet.scenario.cohort import Cohort, Cue
from simnet.scenario.files.news_files import NewsItem, moment, read_news
from simnet.scenario.timing.rhythms import Never
from simnet.world.feeds.feed import Feed
from simnet.world.feeds.sources import written_by
from simnet.world.verbs import Write

LONGEST = 280


class Newspaper(NamedTuple):
    """What a scenario needs of a newspaper. Its readers need not follow it."""

    cohort: Cohort
    """The one persona that publishes; it never wakes and so calls no model."""
    cues: list[Cue]
    """A post for each item, at its time."""
    feed: Feed
    """A feed of the newspaper alone, newest first; its source is `written_by(name)`."""


def newspaper(
    name: str,
    *files: Path | str,
    begins: datetime | str | None = None,
    speed: float = 1.0,
    lasts: Seconds | None = None,
    longest: int = LONGEST,
    description: str = "A newspaper.",
) -> Newspaper:
    """Publish the items of CSV, RSS or Atom files as posts of the persona `name`.

    Simulated time 0 is `begins`, a date or its ISO 8601 text, and by default the time of the
    first item; `speed` is the seconds of the news that pass in one simulated second. Items
    before `begins`, or after `lasts` simulated seconds, are left out; an item that occurs in
    several files is published once. A post is the title and then the text, of `longest`
    characters at most.

    Raises ScenarioError for a file that cannot be read, naming file and line, for a speed that
    is not positive, and if no item is left. RSS and Atom files need feedparser.
    """
    if not 0 < speed < float("inf"):
        raise ScenarioError(f"newspaper({name!r}, speed={speed}): give a positive number")
    if longest < 1:
        raise ScenarioError(f"newspaper({name!r}, longest={longest}): allow a character")
    items = _distinct([item for file in files for item in read_news(file)])
    if not items:
        raise ScenarioError(f"newspaper({name!r}): {_listed(files)} hold no items")
    start = items[0].time if begins is None else _beginning(name, begins)
    timed = [((item.time - start).total_seconds() / speed, item) for item in items]
    cues = [
        Cue(at, name, Write(_post(item, longest)))
        for at, item in timed
        if at >= 0 and (lasts is None or at <= lasts)
    ]
    if not cues:
        raise ScenarioError(
            f"newspaper({name!r}): none of the {len(items)} items of {_listed(files)} is between "
            "begins and lasts"
        )
    persona = Persona(id=name, description=description)
    cohort = Cohort(name, [persona], behaviour=silent, rhythm=Never(), verbs=(Write,))
    return Newspaper(cohort, cues, Feed(reads=written_by(name)))


def _distinct(items: Sequence[NewsItem]) -> list[NewsItem]:
    """Sort items by time, and leave out those with the link, or time and title, of an earlier."""
    found: list[NewsItem] = []
    known: set[object] = set()
    for item in sorted(items, key=lambda item: item.time):
        marks = {item.link, (item.time, item.title)} - {""}
        if known.isdisjoint(marks):
            found.append(item)
        known |= marks
    return found


def _listed(files: Sequence[Path | str]) -> str:
    return ", ".join(map(str, files)) or "no files"


def _beginning(name: str, begins: datetime | str) -> datetime:
    if isinstance(begins, str):
        found = moment(begins)
        if found is None:
            raise ScenarioError(
                f"newspaper({name!r}, begins={begins!r}): write a date such as 2026-05-01T08:30Z"
            )
        return found
    return begins if begins.tzinfo else begins.replace(tzinfo=UTC)


def _post(item: NewsItem, longest: int) -> str:
    item = replace(item, title=one_line(item.title), text=one_line(item.text))
    return cut(": ".join(filter(None, [item.title, item.text])), longest)
