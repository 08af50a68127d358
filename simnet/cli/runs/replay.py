"""`simnet replay` does a run again from its recorded replies and compares the results."""

import time
from typing import TYPE_CHECKING

import typer

from simnet.cli.opening import open_run
from simnet.cli.options import AsJson, RunName, Runs
from simnet.cli.output import print_checks, print_json
from simnet.cli.run_names import RUNS
from simnet.cli.trust import NamedScenarios, Trust, trusted_timeline
from simnet.errors import RecordError
from simnet.foundation.text import counted

if TYPE_CHECKING:
    from simnet.recording.checking.verify import Check
    from simnet.runs.repeats.replay import Replayed


def replay(
    run: RunName = "latest",
    runs: Runs = RUNS,
    trust: Trust = False,
    scenario: NamedScenarios = None,
    as_json: AsJson = False,
) -> None:
    """Do a run again from its recorded replies, without a model, and compare what comes out.

    This runs the code of the scenario: that in the record with --trust, or the one you name.
    """
    from simnet.recording.files.lock import check_unlocked  # noqa: PLC0415
    from simnet.runs.repeats.replay import replay as replay_run  # noqa: PLC0415  (imports pyarrow)

    recorded = open_run(run, runs)
    check_unlocked(recorded.path)
    timeline = trusted_timeline(recorded, trust=trust, named=scenario or ())
    began = time.perf_counter()
    replayed = replay_run(recorded, timeline)
    seconds = time.perf_counter() - began
    if as_json:
        print_json({**replayed._asdict(), "seconds": round(seconds, 3)})
    else:
        print_checks([_check(replayed)])
        typer.echo(f"{counted(replayed.calls, 'reply')} in {seconds:.1f} s, no model")
    raise typer.Exit(RecordError.exit_code if replayed.differences else 0)


def _check(replayed: "Replayed") -> "Check":
    from simnet.recording.checking.verify import Check  # noqa: PLC0415  (imports pyarrow)

    rows = f"{counted(replayed.events, 'event')} and {counted(replayed.exposures, 'exposure')}"
    end = "to the end" if replayed.complete else "as far as the record goes"
    return Check(f"{rows} again, {end}; state {replayed.state_hash}", replayed.differences)
