"""How a run is made again: commands for its record, and that of a new run."""

import json
import re
import shlex
from collections.abc import Iterator

from pydantic import JsonValue

from simnet.inference.engine.embedded import NAME
from simnet.recording.files.manifest import (
    IN_PROCESS,
    Manifest,
    ModelFacts,
    RecordedScenario,
    last_models,
    path_parts,
)
from simnet.recording.reading.run import Run
from simnet.report.parts import Code, Section

_BACKENDS = {"vllm", "openai", "fake"}
_HERE = "in the folder of this run"
"""Where commands are typed: it has another place on each machine."""
_URL, _FOLDER, _PATH = "URL", "FOLDER", "PATH"
_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9_./:-]*")
"""A setting that is read as text without quotation marks, unless it is a constant of JSON."""


def reproduction(run: Run) -> Section:
    """Say how to make the run again, and how to check and replay its record."""
    manifest = run.manifest
    facts = manifest.scenario
    kept = facts is not None and facts.file is not None and facts.attribute is not None
    code = "--trust" if kept else "--scenario FILE"
    again = (
        "simnet verify .     # the record is whole\n"
        f"simnet replay . {code}     # play it again from the recorded replies\n"
        "simnet report .     # write this page again\n"
    )
    blocks: list[Code] = [Code(again, f"From the record, {_HERE}")]
    intro = (
        "A replay gives the same events from the recorded replies. It runs the code of the "
        f"scenario, {'of which the record has a copy' if kept else 'which you have to name'}. A "
        "new run gives the same if its model does."
    )
    if facts is not None and facts.not_again is not None:
        intro += f" The scenario cannot be made again from the record: {facts.not_again}."
    elif manifest.parent is not None:
        intro += f" This run is a fork: simnet fork makes it again, from {manifest.parent}."
    elif any(one.backend == IN_PROCESS for one in last_models(manifest)):
        intro += (
            " The model was an object in Python, which the record does not hold: for a new run, "
            "give one to simnet.run(scenario, model=...)."
        )
    elif facts is not None and kept:
        words = list(_new_run(manifest, facts))
        blocks.append(Code(f"{shlex.join(words)}\n", f"A new run, {_HERE}"))
        if unknown := _left_to_fill_in(words):
            intro += (
                f" In its command {unknown} stands for what the record does not hold: where "
                "something was on that machine."
            )
    return Section("again", "How to reproduce it", blocks, intro)


def _new_run(manifest: Manifest, facts: RecordedScenario) -> Iterator[str]:
    """Yield the words of the command of a new run, beside this one, with the same models."""
    yield from ("simnet", "run", f"{facts.file}:{facts.attribute}", "--runs", "..")
    for one in facts.sets:
        yield from ("--set", one)
    if manifest.seed is not None:
        yield from ("--seed", str(manifest.seed))
    if manifest.on_error != "stop":
        yield from ("--on-error", manifest.on_error)
    if manifest.backend in _BACKENDS:
        yield from _models(manifest, manifest.backend)


def _models(manifest: Manifest, backend: str) -> Iterator[str]:
    yield from ("--backend", backend)
    if backend == "openai":
        yield from ("--base-url", _URL)
    if manifest.model is not None and backend != "fake":
        yield from ("--model", _model(manifest.model))
    for name, model in manifest.models.items():
        yield from ("--also", f"{name}={_model(model)}")
    if manifest.model is not None:
        yield from _settings(manifest.model, "default." if manifest.models else "")
    for name, model in manifest.models.items():
        yield from _settings(model, f"{name}.")
    for adapter in sorted({name for one in last_models(manifest) for name in one.adapters}):
        yield from ("--adapter", f"{adapter}={_FOLDER}")


def _model(facts: ModelFacts) -> str:
    """Return what names a model in a command: one with a checksum came from some folder."""
    return facts.name if facts.checksum is None or facts.name == NAME else _FOLDER


def _settings(facts: ModelFacts, prefix: str) -> Iterator[str]:
    for name, value in facts.engine.items():
        yield from ("--engine", f"{prefix}{name}={_value(value)}")


def _value(value: JsonValue) -> str:
    if path_parts(value) is not None:
        return _PATH
    constant = value in ("true", "false", "null", "True", "False", "None", "NaN", "Infinity")
    plain = isinstance(value, str) and _TEXT.fullmatch(value) and not constant
    return str(value) if plain else json.dumps(value, ensure_ascii=False)


def _left_to_fill_in(words: list[str]) -> str:
    ends = {word.rpartition("=")[2] for word in words}
    return " or ".join(one for one in (_URL, _FOLDER, _PATH) if one in ends)
