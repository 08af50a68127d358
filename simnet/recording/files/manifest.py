"""The manifest of a run: what was run, with what, and how it ended."""

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from simnet.errors import RecordError
from simnet.recording.files.disk import Disk, disk_errors, write_atomically
from simnet.recording.files.sealed_files import check_told_version, path_inside
from simnet.recording.schema import SCHEMA_VERSION

MANIFEST = "manifest.json"


class State(StrEnum):
    """Where a run stands. A run whose process was killed keeps `running`."""

    CREATED = "created"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    PAUSED = "paused"


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelFacts(_Told):
    """Which model replied."""

    name: str
    revision: str | None = None
    """Commit of the weights where they come from a hub."""
    checksum: str | None = None
    """Of the weights where they come from a file."""
    backend: str | None = None
    """What ran it."""
    replicas: int = 1
    """How many engines served it."""


class ScenarioFacts(_Told):
    """Which scenario was run."""

    name: str
    file: str | None = None
    """Copy of its source, relative to the run directory."""
    hash: str | None = None
    """SHA-256 of that file."""
    parameters: Mapping[str, JsonValue] = {}
    attribute: str | None = None
    """Name of the scenario in that file."""
    sets: tuple[str, ...] = ()
    """What was set for it, as `name=value`."""
    seed: int | None = None
    """The seed that was given in place of the scenario's."""
    origin: str | None = None
    """Where the file was, or the module's name, when the run began."""


class LedgerLine(_Told):
    """How many turns ended in one way."""

    outcome: str
    cause: str = ""
    turns: int


class Manifest(_Told):
    """The content of `manifest.json`."""

    schema_version: int = SCHEMA_VERSION
    id: str
    state: State = State.CREATED
    seed: int | None = None
    versions: Mapping[str, str] = {}
    """Of simnet, Python and the libraries that decide what a run does."""
    model: ModelFacts | None = None
    """The model of cohorts that name none; None if there are no such cohorts."""
    models: Mapping[str, ModelFacts] = {}
    """Those that cohorts name."""
    backend: str | None = None
    scenario: ScenarioFacts | None = None
    relations: Mapping[str, str] = {}
    """Verb -> `Action.relation`, of the verbs that cohorts and cues have. Empty in older runs,
    whose readers know the built-in verbs by name."""
    placement: Mapping[str, JsonValue] = {}
    """Where the parts ran: personas per actor, replicas, nodes."""
    determinism: str | None = None
    """recorded replay | deterministic schedule | batch-invariant"""
    created: datetime
    started: datetime | None = None
    ended: datetime | None = None
    error: str | None = None
    """Why the run failed, was paused, or stopped because its budget was spent."""
    ledger: tuple[LedgerLine, ...] = ()
    state_hash: str | None = None
    """Hash of the world's last state."""
    parent: str | None = None
    """Id of the run this one was forked from; it lies beside this one."""
    parent_until: float | None = None
    """Simulated seconds; what happened before is in the parent's tables and not in these."""


def read_manifest(folder: Path, oldest: int = SCHEMA_VERSION) -> Manifest:
    """Read the manifest of a run directory.

    Raises RecordError, naming file and field, when it is missing, damaged, names a path
    outside the run, or was written by a newer version or one older than `oldest`.
    """
    path = folder / MANIFEST
    try:
        text = path.read_bytes()
    except OSError as error:
        raise RecordError(f"{folder}: not a run directory: {error}") from error
    try:
        check_told_version(path, json.loads(text), oldest)
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        raise RecordError(f"{path}: {_first(error)}") from error
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path}: not JSON: {error}") from error
    if manifest.scenario and manifest.scenario.file:
        path_inside(folder, manifest.scenario.file)
    return manifest


def write_manifest(folder: Path, manifest: Manifest, disk: Disk) -> None:
    """Replace the manifest as a whole. Raises DiskError when the disk refuses."""
    text = manifest.model_dump_json(indent=2) + "\n"
    with disk_errors(f"writing the manifest of {folder}"):
        write_atomically(disk, folder / MANIFEST, text.encode())


def changed(manifest: Manifest, changes: Mapping[str, Any]) -> Manifest:
    """Return the manifest with some fields changed. Raises RecordError for a wrong one."""
    try:
        return Manifest.model_validate({**dict(manifest), **changes})
    except ValidationError as error:
        raise RecordError(f"manifest of {manifest.id}: {_first(error)}") from error


def _first(error: ValidationError) -> str:
    told = error.errors()[0]
    return f"{'.'.join(map(str, told['loc']))}: {told['msg']}"
