"""Reads run directories: finds them by id and opens their tables, of a fork with its ancestors'."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import pyarrow as pa
import pyarrow.compute as pc

from simnet.errors import RecordError, UsageError
from simnet.foundation.text import did_you_mean
from simnet.recording.files import wal
from simnet.recording.files.lock import lock_holder
from simnet.recording.files.manifest import (
    Manifest,
    State,
    model_names,
    read_manifest,
)
from simnet.recording.files.merge import TableSlice, merge
from simnet.recording.files.sealed_files import SealedFiles, read_sealed_files
from simnet.recording.reading.completeness import missing_parts
from simnet.recording.reading.dataset import sealed_dataset
from simnet.recording.reading.folders import (
    ID_RULES,
    LATEST,
    RUNS,
    expanded,
    is_run_folder,
    is_run_id,
    run_folders,
)
from simnet.recording.reading.lineage import slices
from simnet.recording.reading.prompt_join import find_text, with_texts
from simnet.recording.schema import PROMPT_TEXTS, TABLES, arrow_schema, table_named
from simnet.world.verbs import RELATION_OF

if TYPE_CHECKING:
    import pyarrow.dataset as pds

BROKEN_OFF = "broken off"
"""The state of a run that did not end and that no process runs."""


class Summary(NamedTuple):
    """What `simnet ls` shows of a run."""

    id: str
    state: str
    scenario: str
    model: str
    events: int
    replies: int
    created: datetime
    seconds: float | None
    """Wall time from start to end; None while it has none."""
    seed: int | None
    arm: str | None
    """The arm of the scenario, if it is one of several."""
    parameters: Mapping[str, Any]
    missing: tuple[str, ...]
    """What its record lacks; empty if all is there."""


@dataclass(frozen=True)
class Run:
    """A run directory, opened for reading."""

    path: Path
    """The run directory."""
    manifest: Manifest
    """What its `manifest.json` says."""

    def __repr__(self) -> str:
        """Return its folder and state, as its manifest is some thousand characters long."""
        return f"<Run {str(self.path)!r}, {self.manifest.state}>"

    @classmethod
    def open(cls, run: str | Path, root: str | Path = RUNS) -> Self:
        """Open a run by its id within `root`, by the path of its folder, or by `latest`.

        An id may be shortened to a beginning or an end that only one run in `root` has. A path may
        begin with `~`. Raises UsageError when there is no such run, RecordError when it cannot be
        read.
        """
        path = folder_of(run, root)
        return cls(path, read_manifest(path))

    @property
    def id(self) -> str:
        """The id the run was made with, whatever its folder is called now."""
        return self.manifest.id

    @property
    def sealed(self) -> bool:
        """Whether all rows are in sealed files."""
        merged = self.sealed_files().merged
        names = (name for table in TABLES for name in wal.segments_in(self.path, table))
        return all(name in merged for name in names)

    def sealed_files(self) -> SealedFiles:
        """Read the list of sealed files."""
        return read_sealed_files(self.path)

    def read(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Read a table, sealed or not, in its order and each key once, with some columns or all.

        The torn end of a segment is left out. Raises RecordError for an unknown table or column
        and for a sealed file that is missing or damaged.
        """
        empty = arrow_schema(name).empty_table()
        chosen = empty if columns is None else empty.select(_known(name, columns))
        return pa.concat_tables([chosen, *self.batches(name, columns)])

    def slices(self, name: str, columns: Sequence[str] | None = None) -> Iterator[TableSlice]:
        """List the slices of a table, to load one by one, with some columns or all.

        Rows are as they were recorded: there may be repeats, and slices may overlap in time.
        """
        with _readable(self.path):
            yield from slices(self.path, self.manifest, name, columns)

    def batches(self, name: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Read a table as `read` does, a slice at a time, with some columns or all."""
        table = table_named(name)
        columns = columns and _known(name, columns)
        ordering = (*table.key, *filter(None, [table.time]), *table.ties)
        wanted = columns and list(dict.fromkeys([*columns, *ordering]))
        with _readable(self.path):
            for rows in merge(table, list(self.slices(name, wanted))):
                yield rows if columns is None else rows.select(columns)

    def table(self, name: str) -> "pds.Dataset":
        """Open a table as an Arrow dataset, for a fork over its ancestors' files too.

        It is read lazily if all of it is sealed, otherwise at once. Raises as `read` does.
        """
        import pyarrow.dataset as pds  # noqa: PLC0415  (imports pandas where it is installed)

        with _readable(self.path):
            found = sealed_dataset(self.path, self.manifest, name)
        return pds.dataset(self.read(name)) if found is None else found

    def prompts(self, columns: Sequence[str] | None = None) -> pa.RecordBatchReader:
        """Read the calls with the text of `system` in place of its hash, batch by batch.

        `columns` are fields of a Call, all of them by default. Memory holds each text once.
        The reader raises RecordError when a text is missing.
        """
        return with_texts("calls", columns, self.batches)

    def prompt_text(self, digest: str) -> str:
        """Find the text of a hash in `calls`. Raises RecordError when it is missing."""
        return find_text(digest, (table_slice.load() for table_slice in self.slices(PROMPT_TEXTS)))

    @property
    def state(self) -> str:
        """The state of the run; `broken off` if it did not end and no process runs it."""
        state = self.manifest.state
        if state in {State.COMPLETED, State.FAILED, State.INTERRUPTED}:
            return state.value
        return state.value if lock_holder(self.path) is not None else BROKEN_OFF

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """What the record lacks, of ancestors too; empty if all is there. Reads no rows."""
        return tuple(missing_parts(self.path, self.manifest))

    @property
    def relations(self) -> Mapping[str, str]:
        """Say what each verb is to the post or member it is about; see `Action.relation`."""
        return {**RELATION_OF, **self.manifest.relations}

    @cached_property
    def summary(self) -> Summary:
        """Sum the run up in one line, counting the rows of its events."""
        manifest, facts = self.manifest, self.manifest.scenario
        events = self.table("events")
        replies = [verb for verb, relation in self.relations.items() if relation == "reply"]
        replied = pc.field("verb").isin(replies) & (pc.field("outcome") == "done")
        span = manifest.started and manifest.ended and manifest.ended - manifest.started
        return Summary(
            id=manifest.id,
            state=self.state,
            scenario=facts.name if facts else "",
            model=", ".join(model_names(manifest)),
            events=events.count_rows(),
            replies=events.count_rows(filter=replied),
            created=manifest.created,
            seconds=span.total_seconds() if span else None,
            seed=manifest.seed,
            arm=((facts.attribute or "").partition(".")[2] or None) if facts else None,
            parameters=facts.parameters if facts else {},
            missing=self.missing,
        )


def folder_of(run: str | Path, root: str | Path = RUNS) -> Path:
    """Find the folder of a run, which may be of another version; see `Run.open`."""
    if not isinstance(run, str | Path):
        raise UsageError(f"{run!r} is no run; give its id as text, or the path of its folder")
    path = expanded(run) if isinstance(run, Path) else _locate(run, expanded(root))
    if not is_run_folder(path):
        raise UsageError(f"there is no run {str(run)!r}{_advice(path)}")
    if path.name in {"", ".."}:
        return path.resolve()  # `.` names no folder, and runs that a fork needs are beside it
    return path


def list_runs(root: str | Path = RUNS) -> list[Run]:
    """Open all runs in a root, the oldest first. Raises RecordError if one cannot be read."""
    return [Run.open(folder) for folder in run_folders(root)]


def newest_run(root: str | Path = RUNS) -> Run:
    """Open the run made last. Folders that cannot be read are skipped if others can.

    Raises UsageError if there is none.
    """
    runs, errors = [], []
    for folder in run_folders(root):
        try:
            runs.append(Run.open(folder))
        except RecordError as error:
            errors.append(error)
    if runs:
        return max(runs, key=lambda run: run.manifest.created)
    if errors:
        raise errors[-1]
    raise UsageError(f"there are no runs in {root}; make one with: simnet run SCENARIO")


def _locate(text: str, root: Path) -> Path:
    """Find a run by its id in `root`, its path, or a beginning or an end of its id."""
    if text == LATEST:
        return newest_run(root).path
    path = expanded(text)
    is_id = path.name == text.rstrip("/") and is_run_id(path.name)
    if is_id and os.path.lexists(root / path.name):
        return _in_root(path.name, root)
    if is_run_folder(path):
        return path
    if not is_id:
        raise UsageError(
            f"{text!r} is not a run id, and no run directory has that path; {ID_RULES}"
        )
    return _abbreviated(path.name, root) or root / path.name


def _in_root(run_id: str, root: Path) -> Path:
    found = root / run_id
    if found.resolve().parent != root.resolve():
        raise UsageError(
            f"{run_id!r} leads out of {root}; open a run elsewhere by its root or path"
        )
    return found


def _abbreviated(text: str, root: Path) -> Path | None:
    """Find the only run in `root` whose id begins or ends so. Raises UsageError for several."""
    names = [folder.name for folder in run_folders(root)]
    found = [name for name in names if name.startswith(text) or name.endswith(text)]
    if len(found) > 1:
        raise UsageError(
            f"{text!r} is the beginning or the end of several runs in {root}: {', '.join(found)}"
        )
    return _in_root(found[0], root) if found else None


def _advice(path: Path) -> str:
    names = [folder.name for folder in run_folders(path.parent)]
    known = [LATEST, *names] if names else []
    return f" in {path.parent}{did_you_mean(path.name, known)}"


def _known(name: str, columns: Sequence[str]) -> list[str]:
    """Return columns as a list. Raises RecordError for one that the table does not have."""
    known = arrow_schema(name).names
    for column in columns:
        if column not in known:
            hint = did_you_mean(column, known) or f"; it has {', '.join(known)}"
            raise RecordError(f"table {name!r} has no column {column!r}{hint}")
    return list(columns)


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise RecordError(f"{folder}: cannot be read: {error}") from error
