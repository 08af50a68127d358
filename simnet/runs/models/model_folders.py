"""Compares the folders of models and adapters with what a run recorded of them.

A record has names and checksums, no paths; the paths of this machine are in
`simnet.foundation.known_places`.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from simnet.errors import InputError, UsageError
from simnet.foundation.known_places import recall
from simnet.inference.backend import Backend
from simnet.inference.backends.vllm_backend import VllmBackend
from simnet.inference.model import Model
from simnet.inference.model_folder import folder_checksum
from simnet.recording.files.manifest import Manifest, ModelFacts


def known_adapters(facts: ModelFacts) -> dict[str, str]:
    """Find the folders of a recorded model's adapters, those that hold the same files still."""
    found: dict[str, str] = {}
    for name, checksum in facts.adapters.items():
        folder = recall("adapter", checksum)
        if folder is not None and _holds(folder, checksum):
            found[name] = str(folder)
    return found


def as_recorded(model: Backend | Model, facts: ModelFacts | None) -> Backend | Model:
    """Give a model from a folder its recorded name, if it has the recorded files.

    The folder may have another name by now.
    """
    if facts is None or facts.checksum is None or not isinstance(model, VllmBackend):
        return model
    if model.recorded_name == facts.name or model.checksum() != facts.checksum:
        return model
    return replace(model, settings=replace(model.settings, name=facts.name))


def check_same_files(
    manifest: Manifest, default: Backend | Model, further: Mapping[str, Backend | Model]
) -> None:
    """Raise UsageError for a model or an adapter of a recorded name that has other files.

    A record tells models apart by their names, so one name cannot stand for two.
    """
    for name, model in [(None, default), *further.items()]:
        facts = manifest.model if name is None else manifest.models.get(name)
        if facts is None or not isinstance(model, Backend):
            continue
        option = "--model FOLDER" if name is None else f"--also {name}=FOLDER"
        if model.recorded_name == facts.name:
            _check(f"the model {facts.name!r}", option, facts.checksum, model.checksum())
        given = model.adapter_checksums()
        for adapter in given.keys() & facts.adapters.keys():
            option = f"--adapter {adapter}=FOLDER"
            _check(f"the adapter {adapter!r}", option, facts.adapters[adapter], given[adapter])


def _check(what: str, option: str, recorded: str | None, given: str | None) -> None:
    if recorded is not None and given is not None and recorded != given:
        raise UsageError(
            f"{what} is not the one of the run: its files have the checksum {given}, and the run "
            f"recorded {recorded}; give the folder of the recorded files with {option}; with "
            "other files a run goes on as a fork: simnet fork RUN --at TIME"
        )


def _holds(folder: Path, checksum: str) -> bool:
    try:
        return folder_checksum(folder) == checksum
    except InputError:
        return False
