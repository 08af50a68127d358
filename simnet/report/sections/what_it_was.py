"""What a run was: scenario, model, seed, versions and hashes, and how to make it again."""

import re
import shlex
from collections.abc import Iterable

from simnet.clock import format_time
from simnet.recording.files.manifest import Manifest, ModelFacts, ScenarioFacts
from simnet.recording.reading.run import Run
from simnet.report.parts import Code, Facts, Section

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
        *((f"Model {facts.name}", model_in_words(facts)) for facts in _models(manifest)),
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


def _models(manifest: Manifest) -> list[ModelFacts]:
    return [*([manifest.model] if manifest.model else []), *manifest.models.values()]


def model_in_words(facts: ModelFacts) -> str:
    """Describe the model that replied."""
    words = [f"backend {facts.backend}" if facts.backend else ""]
    words += [f"revision {facts.revision}" if facts.revision else ""]
    words += [f"checksum {facts.checksum}" if facts.checksum else ""]
    words += [f"{name}={value}" for name, value in facts.engine.items()]
    words += [f"adapter {name}" for name in facts.adapters]
    return ", ".join(filter(None, words)) or "no further facts"


def size_of(model: str) -> str | None:
    """Read the number of parameters from the name of a model, such as `1.7B`; None if it has none.

    Of a name with several numbers it is the first one: `8x7B` is read as 7B.
    """
    found = _SIZE.search(model.replace("x", " ").replace("_", "-"))
    return f"{found[1]}{found[2].upper()}" if found else None


def reproduction(run: Run) -> Section:
    """Say how to make the run again, and how to check and replay its record."""
    manifest = run.manifest
    facts, name = manifest.scenario, shlex.quote(run.id)
    kept = facts is not None and facts.file is not None and facts.attribute is not None
    code = "--trust" if kept else "--scenario FILE"
    again = (
        f"simnet verify {name}     # the record is whole\n"
        f"simnet replay {name} {code}     # play it again from the recorded replies\n"
        f"simnet report {name}     # write this page again\n"
    )
    blocks: list[Code] = [Code(again, "From the record")]
    intro = (
        "A replay gives the same events from the recorded replies. It runs the code of the "
        f"scenario, {'of which the record has a copy' if kept else 'which you have to name'}. A "
        "new run gives the same if its model does."
    )
    if facts is not None and facts.not_again is not None:
        intro += f" The scenario cannot be made again from the record: {facts.not_again}."
    elif manifest.parent is not None:
        intro += f" This run is a fork: simnet fork makes it again, from {manifest.parent}."
    elif any(one.backend == "in process" for one in _models(manifest)):
        intro += (
            " The model was an object in Python, which the record does not hold: for a new run, "
            "give one to simnet.run(scenario, model=...)."
        )
    elif facts is not None and kept:
        blocks.append(Code(_new_run(manifest, facts), "A new run, in the folder of this one"))
    return Section("again", "How to reproduce it", blocks, intro)


def _new_run(manifest: Manifest, facts: ScenarioFacts) -> str:
    """Write the command of a new run with the same models and parameters."""
    words = ["simnet", "run", f"{facts.file}:{facts.attribute}"]
    for one in facts.sets:
        words += ["--set", one]
    if manifest.seed is not None:
        words += ["--seed", str(manifest.seed)]
    if manifest.backend in _BACKENDS:
        words += ["--backend", manifest.backend]
        if manifest.model is not None and manifest.backend != "fake":
            words += ["--model", manifest.model.name]
        for name, model in manifest.models.items():
            words += ["--also", f"{name}={model.name}"]
    return shlex.join(words) + "\n"


_BACKENDS = {"vllm", "openai", "fake"}


def _moment(moment: object) -> str:
    return "not recorded" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S %Z}"
