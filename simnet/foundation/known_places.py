"""Remembers on this machine where things are that a record names without their path.

A record is read on other machines, so it has a checksum or a run's id, and the path is kept here:
in `known_places` of the user's state folder (`XDG_STATE_HOME`), one file of JSON lines for each
kind of thing. A place that is not known is no error; whoever asks says what the user can give.
"""

import json
from pathlib import Path
from typing import Literal, TypeAlias

from platformdirs import user_state_path

from simnet.errors import reason
from simnet.foundation import log

Kind: TypeAlias = Literal["model", "adapter", "scenario", "setting"]

_LOG = log.get("simnet.places")


def remember(kind: Kind, key: str, path: Path) -> None:
    """Note where the thing with a key is. A state folder that cannot be written is logged."""
    place = str(path.resolve())
    if _last(kind, key) == place:
        return
    file = _file(kind)
    line = json.dumps({"key": key, "path": place}) + "\n"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as lines:
            lines.write(line)
    except OSError as fault:
        event = "cannot note where a file is; a later command may ask for its path"
        _LOG.warning(event, kind=kind, path=place, reason=reason(fault))


def recall(kind: Kind, key: str) -> Path | None:
    """Return the last place that was noted for a key, where nothing may be any more; else None."""
    place = _last(kind, key)
    return Path(place) if place is not None else None


def _last(kind: Kind, key: str) -> str | None:
    try:
        lines = _file(kind).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return None
    for line in reversed(lines):
        if key not in line:
            continue
        try:
            entry = json.loads(line)
        except ValueError:  # cut off when a disk was full
            continue
        if isinstance(entry, dict) and entry.get("key") == key:
            return str(entry.get("path"))
    return None


def _file(kind: Kind) -> Path:
    return user_state_path("simnet") / "known_places" / f"{kind}s.jsonl"
