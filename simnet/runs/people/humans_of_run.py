"""Which handles of a run people may take: chosen, checked, noted in its manifest, announced."""

from collections.abc import Callable, Sequence
from pathlib import Path
from shlex import quote

from simnet.errors import UsageError
from simnet.foundation.text import did_you_mean, visible
from simnet.joining.humans import DEADLINE, Humans, read_handles
from simnet.recording.files.manifest import HumanFacts
from simnet.recording.reading.folders import run_words
from simnet.runs.options.options import RunOptions
from simnet.runtime.placement import active_handles
from simnet.scenario.scenario import Scenario


def choose_humans(
    scenario: Scenario, options: RunOptions, recorded: HumanFacts | None = None
) -> Humans | None:
    """Return the handles that people may take: those of the options, else those of the record.

    Raises UsageError for a handle that nobody has, or that never wakes.
    """
    if options.humans is None and recorded is None:
        if options.human_deadline is not None:
            raise UsageError(
                "--human-deadline (human_deadline) is given and --human (humans) is not; name the "
                "handles that people may take, or leave it out"
            )
        return None
    given = options.humans if options.humans is not None else recorded.handles if recorded else ()
    handles = read_handles(given)
    if not handles:
        return None
    deadline = options.human_deadline
    if deadline is None:
        deadline = DEADLINE if recorded is None else recorded.deadline
    _check_handles(scenario, handles)
    return Humans(tuple(handles), deadline)


def _check_handles(scenario: Scenario, handles: Sequence[str]) -> None:
    awake = set(active_handles(scenario))
    for handle in handles:
        if handle in awake:
            continue
        everyone = scenario.handles()
        if handle in set(everyone):
            raise UsageError(
                f"people cannot take @{visible(handle)}: that persona never wakes in "
                f"{visible(scenario.name)}; choose a handle of a cohort with a rhythm"
            )
        raise UsageError(
            f"people cannot take @{visible(handle)}: nobody in {visible(scenario.name)} has that "
            f"handle{did_you_mean(handle, everyone)}"
        )


def announce(folder: Path, humans: Humans | None, report: Callable[[str], None]) -> None:
    """Report how people join a run."""
    if humans is None:
        return
    for handle in humans.handles:
        report(f"to answer for @{handle}: simnet join {run_words(folder)} --as {quote(handle)}")
