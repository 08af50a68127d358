"""A run directory being written, by the process that runs it.

    runs/<id>/
      manifest.json           what was run and how it ended; written by the run
      tables-000001.json      the list of sealed parts; written by the recorder
      events/ calls/ ...      the tables, sealed: Parquet
      parts/                  the same: texts of prompts, that calls name by their hashes
      wal/                    what is not sealed yet: segments, and the marks of epochs
      scenario/               the scenario's source

A run directory can be moved. Nothing in it is pickled, and no path in it leads outside.
"""

import hashlib
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from simnet.disk import Disk, disk_errors, write_atomically
from simnet.errors import UsageError
from simnet.recording.files.manifest import Manifest, ScenarioFacts, State, changed, write_manifest
from simnet.recording.files.sealed_files import path_inside
from simnet.recording.reading.run import Run, check_run_id

_NAME_LENGTH = 60


class RunDirectory:
    """A run directory being written by the process that runs it, its only manifest writer."""

    def __init__(self, path: Path, manifest: Manifest, disk: Disk | None = None) -> None:
        self.path = path
        self.manifest = manifest
        self._disk = disk or Disk()

    @classmethod
    def create(cls, root: Path, name: str, *, disk: Disk | None = None, **facts: Any) -> Self:
        """Make the folder of a new run, `<UTC time>-<name>-<4 hexadecimal digits>`.

        `facts` are fields of the manifest. Raises UsageError for a name that holds nothing
        usable, DiskError when the folder cannot be made.
        """
        now = datetime.now(UTC)
        word = re.sub(r"[^A-Za-z0-9._-]+|\.{2,}", "-", name).strip("-._")[:_NAME_LENGTH]
        if not word:
            raise UsageError(f"{name!r} is no name for a run: use letters, digits and '-'")
        manifest = changed(Manifest(id=word, created=now), facts)
        disk = disk or Disk()
        with disk_errors(f"making a run directory in {root}"):
            disk.make_folder(root)
            folder = _new_folder(root, f"{now:%Y%m%dT%H%M%S}-{word}")
            disk.sync_folder(root)
        manifest = changed(manifest, {"id": folder.name})
        write_manifest(folder, manifest, disk)
        return cls(folder, manifest, disk)

    @classmethod
    def reopen(cls, run: Run, *, disk: Disk | None = None) -> Self:
        """Take up a run that stopped, to go on with it."""
        return cls(run.path, run.manifest, disk)

    def update(self, **changes: Any) -> Manifest:
        """Change fields of the manifest. Raises RecordError for a field that does not fit."""
        self.manifest = changed(self.manifest, changes)
        write_manifest(self.path, self.manifest, self._disk)
        return self.manifest

    def start(self) -> Manifest:
        """Note that the run is running, since now unless it ran before."""
        started = self.manifest.started or datetime.now(UTC)
        return self.update(state=State.RUNNING, started=started, ended=None, error=None)

    def finish(self, state: State, *, error: str | None = None, **changes: Any) -> Manifest:
        """Note how the run ended."""
        return self.update(state=state, ended=datetime.now(UTC), error=error, **changes)

    def keep_scenario(
        self, source: Path, name: str, parameters: dict[str, Any], **facts: Any
    ) -> ScenarioFacts:
        """Copy the scenario's source into the run and note its hash, parameters and `facts`."""
        text = source.read_bytes()
        copy = path_inside(self.path, f"scenario/{source.name}")
        with disk_errors(f"copying the scenario to {copy}"):
            self._disk.make_folder(copy.parent)
            write_atomically(self._disk, copy, text)
        kept = ScenarioFacts(
            name=name,
            file=f"scenario/{source.name}",
            hash=hashlib.sha256(text).hexdigest(),
            parameters=parameters,
            **facts,
        )
        self.update(scenario=kept)
        return kept


def _new_folder(root: Path, beginning: str) -> Path:
    """Make a folder whose name begins so and is nobody else's."""
    while True:
        folder = root / check_run_id(f"{beginning}-{secrets.token_hex(2)}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue  # another run of this second drew the same digits
        return folder
