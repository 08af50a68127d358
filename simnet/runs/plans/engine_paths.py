"""Records settings of engines that are paths, such as that of a tokenizer, without the paths.

The record has the last part of a path and a key; `simnet.foundation.known_places` has the path
for the key.
"""

from collections.abc import Container, Mapping
from hashlib import blake2b
from pathlib import Path

from pydantic import JsonValue

from simnet.errors import UsageError
from simnet.foundation.known_places import recall, remember
from simnet.foundation.text import file_name
from simnet.recording.files.manifest import ModelFacts, path_parts, recorded_path


def recorded_engine(engine: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return settings as they are recorded; notes the paths among them on this machine."""
    return {name: _without_path(value) for name, value in engine.items()}


def engine_of(facts: ModelFacts, given: Container[str]) -> dict[str, JsonValue]:
    """Return the recorded settings with their paths, without those whose names are in `given`.

    Raises UsageError for a path that this machine has not noted.
    """
    found: dict[str, JsonValue] = {}
    for name, value in facts.engine.items():
        if name in given:
            continue
        found[name] = value
        if (parts := path_parts(value)) is not None:
            last, key = parts
            place = recall("setting", key)
            if place is None:
                raise UsageError(
                    f"--engine {name}: the run recorded {last!r} without its folder, which "
                    f"this machine has not noted; give it: --engine {name}=PATH"
                )
            found[name] = str(place)
    return found


def _without_path(value: JsonValue) -> JsonValue:
    if not isinstance(value, str) or file_name(value) == value:
        return value
    path = Path(value).expanduser().resolve()
    key = blake2b(str(path).encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    remember("setting", key, path)
    return recorded_path(path.name, key)
