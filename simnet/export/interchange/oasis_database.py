"""An SQLite database with the tables of OASIS, so that what analyses its runs reads ours."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pyarrow.compute as pc

from simnet.errors import EmptyExportError
from simnet.export.folders.card_parts import heading, source_lines, source_of, write_plain_card
from simnet.export.folders.folder import DATABASE, written_folder
from simnet.export.folders.summary import Exported
from simnet.export.interchange.oasis_schema import TABLES, create_statements
from simnet.export.interchange.oasis_writer import Clock, OasisWriter
from simnet.foundation.arguments import checked
from simnet.foundation.disk import disk_errors
from simnet.recording.reading.run import Run
from simnet.world.events import DONE

_EVENTS = ("time", "who", "turn", "cue", "part", "verb", "post", "made", "root", "whom",
           "group_name", "text")  # fmt: skip
_OFF = ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF")
"""The folder appears when it is whole, so the database need not survive a crash before."""


@checked
def export_oasis(
    run: Run, out: Path | str, *, force: bool = False, clock: Clock = "minutes"
) -> Exported:
    """Write `oasis.db`, an SQLite database with the tables and columns of OASIS.

    Personas are users, numbered from 0 in the order of the table `personas`; posts, quotes and
    reposts are rows of `post`, replies rows of `comment` on the first post of their thread, since
    OASIS has flat comments. Reactions, ties and counts are as they are at the end of the run,
    `trace` has what was done in order, `rec` what each user was shown last. The table
    `simnet_posts` says which row each post of the run became and what it answered. Times are whole
    `minutes` of simulated time (OASIS's time steps), or a `datetime` from 1970-01-01 on.

    What OASIS has no table for is left out and counted by verb. Events are read batch by batch;
    memory holds a number for each user and reaction. Raises UsageError if `out` exists and `force`
    is not set, EmptyExportError if the run has neither personas nor events.
    """
    if not run.table("personas").count_rows() and not run.table("events").count_rows():
        raise EmptyExportError(f"run {run.id} has neither personas nor events to export")
    with written_folder(Path(out), force=force) as folder:
        with disk_errors(f"writing {out}"):
            writer, counts = _write(folder / DATABASE, run, clock)
        _write_card(folder, run, counts, writer.left_out, clock)
    parts = {table: {"rows": count} for table, count in counts.items() if count}
    return Exported(Path(out), parts, dict(writer.left_out))


def _write(file: Path, run: Run, clock: Clock) -> tuple[OasisWriter, dict[str, int]]:
    try:
        with closing(sqlite3.connect(file)) as database:
            for statement in (*_OFF, *create_statements()):
                database.execute(statement)
            writer = OasisWriter(database, run.relations, clock)
            _play(run, writer)
            database.commit()
            counts = {
                table: int(database.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])  # noqa: S608
                for table in TABLES
            }
    except sqlite3.OperationalError as error:
        raise OSError(str(error)) from error
    return writer, counts


def _play(run: Run, writer: OasisWriter) -> None:
    for batch in run.batches("personas", ["id", "description"]):
        for row in batch.to_pylist():
            writer.user(row["id"], row["description"])
    for batch in run.batches("network", ["follower", "followee", "change"]):
        for row in batch.filter(pc.equal(batch["change"], "initial")).to_pylist():
            writer.tie(row["follower"], row["followee"])
    for batch in run.batches("events", [*_EVENTS, "outcome"]):
        for row in batch.filter(pc.equal(batch["outcome"], DONE)).to_pylist():
            writer.act(row)
    for handle, posts in _last_shown(run).items():
        writer.shown(handle, posts)


def _last_shown(run: Run) -> dict[str, list[int]]:
    """Return what each persona was shown at the last look, best first."""
    last: dict[str, tuple[int, list[int]]] = {}
    for batch in run.batches("exposures", ["who", "turn", "post"]):
        columns = (batch[name].to_pylist() for name in ("who", "turn", "post"))
        for who, turn, post in zip(*columns, strict=True):
            if who not in last or last[who][0] != turn:
                last[who] = (turn, [])
            last[who][1].append(post)
    return {who: posts for who, (_, posts) in last.items()}


def _write_card(
    folder: Path, run: Run, counts: Mapping[str, int], left_out: Mapping[str, int], clock: Clock
) -> None:
    source = source_of(run)
    times = "whole minutes of simulated time" if clock == "minutes" else "dates from 1970-01-01 on"
    lines: Sequence[str] = [f"- {count} {cause}" for cause, count in sorted(left_out.items())]
    write_plain_card(
        folder,
        [],
        [
            heading("A simulated social network, in OASIS's tables", source), "",
            f"`{DATABASE}` is an SQLite database with the tables and columns of OASIS (camel-ai).",
            f"Times are {times}. Replies are comments on the first post of their thread. The table",
            "`simnet_posts` says which row each post of the run (`made`) became and what it",
            "answered. Reactions, ties and counts are as at the end of the run.", "",
            "| table | rows |", "|-|-|",
            *(f"| {table} | {count} |" for table, count in counts.items()), "",
            "Left out:" if lines else "Nothing was left out.", "", *lines, "",
            *source_lines(source),
        ],
    )  # fmt: skip
