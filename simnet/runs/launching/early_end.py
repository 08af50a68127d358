"""Seals a run that broke off."""

from contextlib import suppress

from simnet.errors import RecordError, SupersededError
from simnet.recording.files.manifest import State
from simnet.recording.reading.run import Run
from simnet.recording.writing.recorder import Recorder
from simnet.recording.writing.run_directory import RunDirectory
from simnet.runs.launching.survey_tables import answer_tables
from simnet.scenario.scenario import Scenario
from simnet.scheduler.continuing.continuation import Continuation


def end_early(
    directory: RunDirectory,
    scenario: Scenario,
    before: Continuation | None,
    epoch: int | None,
    state: State,
    error: str,
) -> None:
    """Seal what was recorded until the run broke off, and set its state.

    `epoch` is that of the run's own recorder, None if it had none: nothing is sealed for a later
    one, which would take the record from another process. Raises SupersededError then.
    """
    # The error that ends the run is raised by the caller, so these are not; a resume seals.
    try:
        with Recorder(directory.path, epoch=epoch and epoch + 1) as recorder:
            recorder.seal()
    except SupersededError:
        raise
    except RecordError:
        pass
    with suppress(RecordError):
        directory.finish(state, error=error)
        switches = before.switches if before else ()
        played = Continuation(Run(directory.path, directory.manifest), switches)
        answer_tables(played, scenario)
