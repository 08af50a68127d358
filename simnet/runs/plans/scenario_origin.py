"""Where the file of a run's scenario was when the run began.

The manifest has its name alone; `simnet.foundation.known_places` has its path on the machine of
the run.
"""

from pathlib import Path

from simnet.foundation.known_places import recall, remember
from simnet.recording.files.manifest import RecordedScenario


def is_file_name(origin: str) -> bool:
    """Tell the origin of a scenario from a file from the name of a module."""
    return Path(origin).suffix == ".py"


def note_origin(run_id: str, source: Path | None, recipe: dict[str, object]) -> dict[str, object]:
    """Note the path of a scenario's file; return its recipe with the name instead of the path."""
    origin = recipe.get("origin")
    if source is None or not isinstance(origin, str) or not is_file_name(origin):
        return recipe
    remember("scenario", run_id, Path(origin))
    return {**recipe, "origin": Path(origin).name}


def original_file(run_id: str, facts: RecordedScenario) -> Path | None:
    """Return the path of a scenario's file; None for a module, or if this machine has none noted.

    Nothing need be there any more. Older runs recorded the path.
    """
    if facts.origin is None or not is_file_name(facts.origin):
        return None
    path = Path(facts.origin)
    return path if len(path.parts) > 1 else recall("scenario", run_id)
