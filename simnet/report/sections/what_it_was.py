"""What a run was: scenario, model, seed, versions and hashes."""

import re
from collections.abc import Iterable

from pydantic import JsonValue

from simnet.clock import format_time
from simnet.recording.files.manifest import Manifest, ModelFacts, path_parts
from simnet.recording.reading.run import Run
from simnet.report.parts import Facts

_SIZE = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)\s?([bm])(?![a-z0-9])", re.IGNORECASE)


def facts_of(run: Run) -> Facts:
    """List the facts of a run's manifest that identify it."""
    manifest = run.manifest
    scenario = manifest.scenario
    rows = [
        ("Scenario", scenario.name if scenario else "unknown"),
        ("Run", manifest.id),
        ("State", run.state),
        ("Seed", "none" if manifest.seed is None else str(manifest.seed)),
        *((f"Parameter {name}", str(value)) for name, value in _parameters(manifest)),
        *_models(manifest),
        ("Determinism", manifest.determinism or "not recorded"),
        ("Begun", _moment(manifest.started)),
        ("Ended", _moment(manifest.ended)),
        ("Versions", ", ".join(f"{name} {one}" for name, one in manifest.versions.items())),
        ("SHA-256 of the scenario", (scenario.hash if scenario else None) or "no file was copied"),
        ("Hash of the last state", manifest.state_hash or "not recorded"),
    ]
    if manifest.parent is not None:
        at = format_time(manifest.parent_until or 0.0)
        rows.insert(3, ("Forked", f"from {manifest.parent} at {at}"))
    return Facts(rows)


def _parameters(manifest: Manifest) -> Iterable[tuple[str, object]]:
    return manifest.scenario.parameters.items() if manifest.scenario else ()


def _models(manifest: Manifest) -> Iterable[tuple[str, str]]:
    if manifest.model is not None:
        yield f"Model {manifest.model.name}", model_in_words(manifest.model)
    for name, facts in manifest.models.items():
        yield f"Model {name}: {facts.name}", model_in_words(facts)


def model_in_words(facts: ModelFacts) -> str:
    """Describe the model that replied."""
    words = [f"backend {facts.backend}" if facts.backend else ""]
    words += [f"revision {facts.revision}" if facts.revision else ""]
    words += [f"checksum {facts.checksum}" if facts.checksum else ""]
    words += [f"{name}={_setting(value)}" for name, value in facts.engine.items()]
    words += [f"adapter {name} with checksum {one}" for name, one in facts.adapters.items()]
    return ", ".join(filter(None, words)) or "no further facts"


def _setting(value: JsonValue) -> JsonValue:
    return value if (parts := path_parts(value)) is None else parts[0]


def size_of(model: str) -> str | None:
    """Read the number of parameters from the name of a model, such as `1.7B`; None if it has none.

    Of a name with several numbers it is the first one: `8x7B` is read as 7B.
    """
    found = _SIZE.search(model.replace("x", " ").replace("_", "-"))
    return f"{found[1]}{found[2].upper()}" if found else None


def _moment(moment: object) -> str:
    return "not recorded" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S %Z}"
