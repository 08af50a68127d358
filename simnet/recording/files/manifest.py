"""The manifest of a run: its scenario, model, versions and state, in `manifest.json`."""

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from simnet.errors import RecordError
from simnet.foundation.disk import Disk, disk_errors, read_regular, write_atomically
from simnet.recording.files.sealed_files import check_json_version, path_inside
from simnet.recording.schema import SCHEMA_VERSION

MANIFEST = "manifest.json"
IN_PROCESS = "in process"
"""Recorded as the backend of a model object."""
_FAKE = "fake"
_PATH, _KEY = "path", "noted"
"""What is recorded of a setting that is a path."""


class State(StrEnum):
    """The state of a run. A run whose process was killed keeps `running`."""

    CREATED = "created"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    PAUSED = "paused"


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelFacts(_Facts):
    """The model that replied."""

    name: str
    revision: str | None = None
    """Commit of the weights where they come from a hub."""
    checksum: str | None = None
    """Checksum of its files where they come from a folder; see `folder_checksum`."""
    backend: str | None = None
    """Name of the backend: vllm | openai | fake | in process."""
    replicas: int = 1
    """Number of engines that served it."""
    engine: Mapping[str, JsonValue] = {}
    """Settings of its engines, or of its endpoint, that the user gave."""
    left_out: tuple[str, ...] = ()
    """Parameters of requests that its endpoint refused, so that they were not sent."""
    adapters: Mapping[str, str] = {}
    """Checksums of its adapters' files, by the names that cohorts give them."""

    @property
    def is_fake(self) -> bool:
        """Whether it is the fake backend, or a FakeModel that was given in Python."""
        return self.backend == _FAKE or (self.backend == IN_PROCESS and self.name == _FAKE)


class TalkFacts(_Facts):
    """A talk that a persona remembers from a time on."""

    at: float
    who: str
    lines: tuple[str, ...]


class RecordedScenario(_Facts):
    """The scenario that was run."""

    name: str
    file: str | None = None
    """Copy of its source, relative to the run directory."""
    hash: str | None = None
    """SHA-256 of that file."""
    lasts: float | None = None
    """Simulated seconds until its end; that of a fork is its own. None in older runs."""
    parameters: Mapping[str, JsonValue] = {}
    attribute: str | None = None
    """Name of the scenario in that file."""
    sets: tuple[str, ...] = ()
    """Parameters set on the command line, as `name=value`."""
    seed: int | None = None
    """The seed that replaced the scenario's, if any."""
    not_again: str | None = None
    """Why the scenario cannot be made again from that file; None if it can."""
    origin: str | None = None
    """Name of the original file or module. Older runs have the path of the file."""
    remembered: tuple[TalkFacts, ...] = ()
    """Interviews of the parent that a fork remembers."""


class HumanFacts(_Facts):
    """The people who may take turns of personas."""

    handles: tuple[str, ...]
    deadline: float
    """Wall seconds that a turn waits for a person."""


class MirrorFacts(_Facts):
    """The copy of the record in an object store."""

    address: str
    """Of the folder of mirrored runs; the run's own is below it. Secrets are masked."""
    whole: bool | None = None
    """Whether all of the record was there when the run ended; None while it goes on, and in the
    copy itself, which cannot know."""
    at: datetime | None = None
    """All that was acknowledged by then is there; None if nothing is known to be."""
    bytes: int = 0
    problem: str | None = None
    """Why it is not whole."""
    given_up: bool = False
    """Whether nothing more of this record can go up to it: another process has taken it over, or
    it holds what this record does not have."""


class LedgerLine(_Facts):
    """Number of turns with one outcome and cause."""

    outcome: str
    cause: str = ""
    turns: int


class Manifest(_Facts):
    """The content of `manifest.json`."""

    schema_version: int = SCHEMA_VERSION
    """Version of the form of the record."""
    id: str
    """Name of the run, and of its folder."""
    state: State = State.CREATED
    """How far it is, or how it ended."""
    seed: int | None = None
    """Seed of the scenario."""
    versions: Mapping[str, str] = {}
    """Versions of simnet, Python and the libraries that a run depends on."""
    model: ModelFacts | None = None
    """The default model; None if all cohorts name a model."""
    models: Mapping[str, ModelFacts] = {}
    """Models that cohorts name, by these names."""
    replaced: tuple[ModelFacts, ...] = ()
    """Models that replied until a resume replaced them by others, the first ones first."""
    backend: str | None = None
    """Name of the backend: vllm | openai | fake | in process."""
    scenario: RecordedScenario | None = None
    """What is known of the scenario."""
    relations: Mapping[str, str] = {}
    """Verb -> `Action.relation`, of the verbs that cohorts and cues have. Empty in older runs,
    whose readers know the built-in verbs by name."""
    placement: Mapping[str, JsonValue] = {}
    """Placement of the actors: personas per actor, replicas, nodes."""
    on_error: Literal["stop", "fail"] = "stop"
    """What became of the run, or of a turn, when code of the user failed."""
    humans: HumanFacts | None = None
    """The handles that people may take, and how long a turn waits for them; None if nobody may."""
    determinism: str | None = None
    """recorded replay | deterministic schedule | batch-invariant"""
    created: datetime
    """When the record was made, in UTC."""
    started: datetime | None = None
    """When it began to run, in UTC; None before."""
    ended: datetime | None = None
    """When it ended, in UTC; None while it goes on."""
    error: str | None = None
    """The reason why the run failed, was paused, or stopped at its budget."""
    ledger: tuple[LedgerLine, ...] = ()
    """What became of the turns that were planned."""
    rows: Mapping[str, int] = {}
    """Rows of each table that were sealed when the run ended; empty in older runs."""
    state_hash: str | None = None
    """Hash of the world's last state."""
    mirror: MirrorFacts | None = None
    """Where a copy of the record is kept, and whether it is whole; None if none is."""
    parent: str | None = None
    """Id of the run this one was forked from, whose folder is beside this one's."""
    parent_until: float | None = None
    """Simulated seconds; rows before this time are in the parent's tables alone."""


def last_models(manifest: Manifest) -> list[ModelFacts]:
    """List the models that replied last, the default one first."""
    return [*([manifest.model] if manifest.model else []), *manifest.models.values()]


def model_names(manifest: Manifest) -> list[str]:
    """Name the models that replied in a run, the replaced ones first, each once."""
    models = (*manifest.replaced, *last_models(manifest))
    return list(dict.fromkeys(facts.name for facts in models))


def recorded_path(name: str, key: str) -> dict[str, JsonValue]:
    """Return a path as settings record it: its last part, and a key that tells it from others."""
    return {_PATH: name, _KEY: key}


def path_parts(setting: JsonValue) -> tuple[str, str] | None:
    """Return last part and key of a path among recorded settings; None of any other setting."""
    if isinstance(setting, Mapping) and setting.keys() == {_PATH, _KEY}:
        return str(setting[_PATH]), str(setting[_KEY])
    return None


def read_manifest(folder: Path, oldest: int = SCHEMA_VERSION) -> Manifest:
    """Read the manifest of a run directory.

    Raises RecordError, naming file and field, when it is missing, damaged, names a path
    outside the run, or was written by a newer version or one older than `oldest`.
    """
    path = folder / MANIFEST
    try:
        text = read_regular(path)
    except OSError as error:
        raise RecordError(f"{folder}: not a run directory: {error}") from error
    try:
        check_json_version(path, json.loads(text), oldest)
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        raise RecordError(f"{path}: {_first(error)}") from error
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path}: not JSON: {error}") from error
    if manifest.scenario and manifest.scenario.file:
        path_inside(folder, manifest.scenario.file)
    return manifest


def run_id_of(folder: Path) -> str:
    """Read the id of a run, of any version; the name of its folder if it has no manifest yet.

    Raises RecordError for a link in the place of the manifest.
    """
    try:
        content = json.loads(read_regular(folder / MANIFEST))
    except (OSError, ValueError, RecursionError):
        return folder.name
    found = content.get("id") if isinstance(content, dict) else None
    return found if isinstance(found, str) else folder.name


def write_manifest(folder: Path, manifest: Manifest, disk: Disk) -> None:
    """Replace the manifest atomically. Raises DiskError when the disk refuses."""
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
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
