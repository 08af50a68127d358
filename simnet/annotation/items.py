"""What is annotated: posts, replies and threads of a run, rows of a file or records of a review."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from simnet.analysis.threads import Post, descendants, gather, rows
from simnet.annotation.task import ItemKind
from simnet.datafiles import Broken
from simnet.datafiles import rows as file_rows
from simnet.errors import InputError, UsageError
from simnet.foundation.arguments import checked
from simnet.foundation.text import did_you_mean
from simnet.foundation.user_code import shown
from simnet.recording.reading.run import Run
from simnet.scenario.discussions.discussion import is_of_moderators

REVIEW, RECORDS = "review.json", "records.parquet"
"""The files of a review that say that it is one, and that hold its records."""


class Said(NamedTuple):
    """A text, and who wrote it if that is known."""

    who: str | None
    text: str


class Item(NamedTuple):
    """One thing to annotate."""

    key: str
    """What names it, and no other item, in the table: the number of a post, or of a row of a file.
    Items of one's own may have any text."""
    said: tuple[Said, ...]
    """The text, or the texts of a thread in reading order."""
    before: tuple[Said, ...] = ()
    """The texts above it in its thread, the first one first."""


@checked
def items_of_run(
    run: Run, kind: ItemKind = "posts", history: int = 3, *, moderators: bool = True
) -> list[Item]:
    """List what there is to annotate in a run, in order of time.

    Keys are numbers of posts, as in the columns `made` and `root` of the events. Without
    `moderators` what those of discussions say is left out, and from what is before others too.
    Raises ScenarioError for another kind.
    """
    threads = gather(rows(run.read("events")), run.relations)
    out: frozenset[str] = frozenset() if moderators else _moderators(run)
    if kind == "threads":
        texts = {
            root.id: tuple(_said(one) for _, one in descendants(root) if one.event.who not in out)
            for root in threads.roots
        }
        return [Item(str(number), said) for number, said in texts.items() if said]
    return [
        Item(str(post.id), (_said(post),), tuple(_above(post, history, out)))
        for post in threads.posts.values()
        if (kind == "posts" or post.parent is not None) and post.event.who not in out
    ]


def _moderators(run: Run) -> frozenset[str]:
    people = run.read("personas").select(["id", "cohort"]).to_pylist()
    return frozenset(one["id"] for one in people if is_of_moderators(one["cohort"]))


def check_keys(items: Sequence[Item]) -> None:
    """Raise UsageError for items that their keys do not tell apart."""
    known: set[str] = set()
    for place, item in enumerate(items):
        if not isinstance(item.key, str) or not item.key:
            raise UsageError(
                f"item {place} has the key {shown(item.key)}; give a text, such as '0'"
            )
        if item.key in known:
            raise UsageError(
                f"two items have the key {shown(item.key)}; give each a key of its own"
            )
        known.add(item.key)


def _said(post: Post) -> Said:
    return Said(post.event.who, post.event.text or "")


def _above(post: Post, most: int, out: frozenset[str]) -> list[Said]:
    found: list[Said] = []
    above = post.parent
    while above is not None and len(found) < most:
        if above.event.who not in out:
            found.append(_said(above))
        above = above.parent
    return found[::-1]


def items_of_file(path: Path, text: str = "text", who: str | None = None) -> list[Item]:
    """Read the rows of a CSV, JSON, JSON Lines or Parquet file with a column of texts.

    Of the folder of a review, the rows are its records. Keys are numbers of rows, from 0. Raises
    InputError for a file that cannot be read, UsageError for a column that is not there or no rows.
    """
    items = list(_file_items(path / RECORDS if is_review(path) else path, text, who))
    if not items:
        raise UsageError(f"{path} has no rows; there is nothing to annotate")
    return items


def is_review(path: Path) -> bool:
    """Whether a path is the folder of a review."""
    return (path / REVIEW).is_file()


def _file_items(path: Path, text: str, who: str | None) -> Iterator[Item]:
    for number, row in enumerate(file_rows(path)):
        if isinstance(row, Broken):
            raise InputError(f"{path}, {row.place}: {row.why}")
        for column in filter(None, (text, who)):
            if column not in row.fields:
                hint = did_you_mean(column, row.fields)
                raise UsageError(
                    f"{path}, {row.place}: there is no column {column!r}{hint}; name another one"
                )
        author = row.fields[who] if who else None
        said = Said(None if author is None else str(author), str(row.fields[text] or ""))
        yield Item(str(number), (said,))
