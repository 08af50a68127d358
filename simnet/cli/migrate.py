"""What `simnet migrate` does."""

import sys
from pathlib import Path

from simnet.recording.files.manifest import MANIFEST
from simnet.recording.migrate import migrate
from simnet.recording.reading.run import folder_of
from simnet.recording.schema import SCHEMA_VERSION


def bring_up(name: str, root: Path) -> int:
    """Bring a run up to this version, say so and return the exit code."""
    here = Path(name)
    folder = here if (here / MANIFEST).is_file() else folder_of(name, root)
    done = "has now" if migrate(folder) else "already has"
    sys.stdout.write(f"{folder.name} {done} schema version {SCHEMA_VERSION}\n")
    return 0
