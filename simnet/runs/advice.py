"""Advice on runs that ended early."""

from contextlib import suppress
from math import floor
from pathlib import Path
from shlex import quote

from simnet.clock import Seconds
from simnet.errors import RecordError, RunError, UserCodeError, short_path
from simnet.recording.files.manifest import RecordedScenario
from simnet.recording.reading.folders import run_words
from simnet.recording.reading.reached import reached
from simnet.recording.reading.run import Run
from simnet.recording.writing.run_directory import RunDirectory
from simnet.runs.plans.scenario_origin import original_file

NEVER_FAILS_A_TURN = {"model", "rhythm"}
"""Functions whose error stops a run whatever the policy."""


def advise(directory: RunDirectory, error: Exception) -> None:
    """Add to an error that ended a run how that goes on."""
    if isinstance(error, UserCodeError):
        error.run = directory.path.name
        with suppress(RecordError):  # the record cannot be read, which is no news of this error
            error.add_note(_after_code_error(directory, error))
    elif isinstance(error, RunError):
        error.add_note(f"what was recorded is kept; {_how_to_go_on(directory)}")


def _how_to_go_on(directory: RunDirectory) -> str:
    """Say how a run goes on, with the command."""
    return f"go on with: simnet resume {run_words(directory.path)}"


def _after_code_error(directory: RunDirectory, error: UserCodeError) -> str:
    """Say how a run goes on that an error of the user's code stopped, with the commands.

    A resume runs the code that the run began with, so changed code is for a fork. Raises
    RecordError if the record cannot be read.
    """
    stopped = "the run stopped in good order"
    if error.kind == "model":  # it is no part of the scenario
        return f"{stopped}; once the cause is gone, {_how_to_go_on(directory)}"
    at = min(error.settled, reached(Run(directory.path, directory.manifest)))
    fork = fork_command(directory.path, directory.manifest.scenario, at)
    fails = "" if error.kind in NEVER_FAILS_A_TURN else ", with --on-error fail past such turns"
    return (
        f"{stopped}; go on with mended code: {fork}; with the same code, once a cause outside of "
        f"it is gone: simnet resume {run_words(directory.path)}{fails}"
    )


def fork_command(folder: Path, facts: RecordedScenario | None, at: Seconds | None = None) -> str:
    """Write the command that goes on with the changed file of a run's scenario.

    Without `at` the user puts the time in the place of TIME.
    """
    file = original_file(folder.name, facts) if facts else None
    target = "FILE"
    if facts is not None and file is not None:
        target = quote(f"{short_path(str(file))}:{facts.attribute}")
    sets = "".join(f" --set {quote(one)}" for one in facts.sets) if facts else ""
    time = "TIME" if at is None else f"{floor(at)}s"
    return f"simnet fork {run_words(folder)} --at {time} --scenario {target}{sets}"
