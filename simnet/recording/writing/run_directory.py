"""A run directory as the process that runs it writes it.

    runs/<id>/
      manifest.json           scenario, model, versions, state; written by the run
      tables-000001.json      the list of sealed files; written by the recorder
      events/ calls/ ...      the sealed files of the tables: Parquet
      prompt_texts/           also a table: texts that calls name by their hashes
      wal/                    segments that are not sealed yet, and marks of epochs
      scenario/               source of the scenario

A run directory can be moved. It has no pickled files, and no path in it leads outside.
"""

import hashlib
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from simnet.errors import UsageError
from simnet.foundation.disk import Disk, disk_errors, write_atomically
from simnet.recording.files.manifest import (
    Manifest,
    RecordedScenario,
    State,
    changed,
    write_manifest,
)
from simnet.recording.files.sealed_files import path_inside, read_sealed_files
from simnet.recording.reading.folders import check_free, check_run_id
from simnet.recording.reading.run import Run

_NAME_LENGTH = 60
_OTHER_FOLDER = "name another folder: --runs DIR, or out=DIR in Python"


class RunDirectory:
    """Writes the folder and the manifest of a run; one process at a time does."""

    def __init__(self, path: Path, manifest: Manifest, disk: Disk | None = None) -> None:
        self.path = path
        self.manifest = manifest
        self._disk = disk or Disk()

    @classmethod
    def create(
        cls,
        root: Path,
        name: str,
        *,
        run_id: str | None = None,
        disk: Disk | None = None,
        **facts: Any,
    ) -> Self:
        """Make the folder of a new run: `run_id`, or `<UTC time>-<name>-<4 hexadecimal digits>`.

        `facts` are fields of the manifest. Raises UsageError for a name without letters and
        digits and for an id that a folder has, DiskError when the folder cannot be made.
        """
        now = datetime.now(UTC)
        word = re.sub(r"[^A-Za-z0-9._-]+|\.{2,}", "-", name).strip("-._")[:_NAME_LENGTH]
        if not word:
            raise UsageError(f"{name!r} is no name for a run: use letters, digits and '-'")
        manifest = changed(Manifest(id=word, created=now), facts)
        disk = disk or Disk()
        with disk_errors(f"making a run directory in {root}", _OTHER_FOLDER):
            disk.make_folder(root)
            beginning = f"{now:%Y%m%dT%H%M%S}-{word}"
            folder = _new_folder(root, beginning) if run_id is None else _own_folder(root, run_id)
            disk.sync_folder(root)
        manifest = changed(manifest, {"id": folder.name})
        write_manifest(folder, manifest, disk)
        return cls(folder, manifest, disk)

    @classmethod
    def reopen(cls, run: Run, *, disk: Disk | None = None) -> Self:
        """Open a run that stopped, to continue it."""
        return cls(run.path, run.manifest, disk)

    def update(self, **changes: Any) -> Manifest:
        """Change fields of the manifest. Raises RecordError for an invalid value."""
        self.manifest = changed(self.manifest, changes)
        write_manifest(self.path, self.manifest, self._disk)
        return self.manifest

    def start(self) -> Manifest:
        """Set the state to running, and the time of the start unless the run ran before."""
        started = self.manifest.started or datetime.now(UTC)
        return self.update(state=State.RUNNING, started=started, ended=None, error=None)

    def finish(self, state: State, *, error: str | None = None, **changes: Any) -> Manifest:
        """Set the final state, the time of the end and the rows that are sealed."""
        files = read_sealed_files(self.path, self._disk)
        changes["rows"] = {name: files.rows(name) for name in files.tables}
        return self.update(state=state, ended=datetime.now(UTC), error=error, **changes)

    def keep_scenario(
        self, source: Path, name: str, parameters: dict[str, Any], **facts: Any
    ) -> RecordedScenario:
        """Copy the scenario's source into the run; record its hash, parameters and `facts`."""
        text = source.read_bytes()
        copy = path_inside(self.path, f"scenario/{source.name}")
        with disk_errors(f"copying the scenario to {copy}"):
            self._disk.make_folder(copy.parent)
            write_atomically(self._disk, copy, text)
        kept = RecordedScenario(
            name=name,
            file=f"scenario/{source.name}",
            hash=hashlib.sha256(text).hexdigest(),
            parameters=parameters,
            **facts,
        )
        self.update(scenario=kept)
        return kept


def _own_folder(root: Path, run_id: str) -> Path:
    """Make the folder of an id that the user chose."""
    check_free(root, run_id)
    folder = root / run_id
    folder.mkdir(exist_ok=True)
    return folder


def _new_folder(root: Path, beginning: str) -> Path:
    """Make a new folder with a random end of its name."""
    while True:
        folder = root / check_run_id(f"{beginning}-{secrets.token_hex(2)}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue  # a run of the same second has the same digits
        return folder
