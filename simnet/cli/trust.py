"""The options that allow a command to run the scenario of a record.

A record may come from anyone, and its scenario is a Python program. So a command that reads a
record runs nothing unless the user trusts the record or names the scenario.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from simnet.cli.output import print_error
from simnet.errors import UsageError

if TYPE_CHECKING:
    from simnet.recording.reading.run import Run
    from simnet.runs.repeats.reload_scenario import ScenarioTimeline

Trust = Annotated[
    bool, typer.Option("--trust", help="Run the code of the scenario that is in the record.")
]
NamedScenarios = Annotated[
    list[str] | None,
    typer.Option(
        "--scenario",
        metavar="FILE[:ATTRIBUTE]",
        help="Run this scenario, not the one in the record; of a fork all, the oldest first.",
    ),
]


def trusted_timeline(run: "Run", *, trust: bool, named: Sequence[str]) -> "ScenarioTimeline":
    """Make the scenarios of a run: those that are named, or those of a record that is trusted.

    What is run is printed on stderr before it is run. Raises UsageError, with what would be run, if
    the record is not trusted and no scenario is named.
    """
    from simnet.runs.repeats.reload_scenario import (  # noqa: PLC0415  (imports pyarrow)
        generations,
        recorded_code,
        target_of,
        timeline_named,
        timeline_of,
    )

    if named:
        return timeline_named(run, named)
    code = dict.fromkeys(target_of(recorded_code(one)) for one in generations(run))
    if not trust:
        raise UsageError(
            f"this runs the code of the recorded scenario, {', '.join(code)}; read "
            "it and add --trust, or name a scenario of your own with --scenario FILE[:ATTRIBUTE]"
        )
    return timeline_of(run, print_error)
