"""`simnet verify` checks the record of a run."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simnet.cli.opening import open_run
from simnet.cli.options import AsJson, Backend, Model, RunName, Runs
from simnet.cli.output import print_checks, print_json
from simnet.cli.run_names import RUNS
from simnet.cli.trust import NamedScenarios, Trust, trusted_timeline
from simnet.errors import InputError, RecordError, SimnetError, UsageError
from simnet.foundation.text import counted, terminal_safe

if TYPE_CHECKING:
    from simnet.recording.checking.verify import Check
    from simnet.recording.reading.run import Run
    from simnet.runs.repeats.reload_scenario import ScenarioTimeline
    from simnet.runs.repeats.resample import Resampled


def verify(
    run: RunName = "latest",
    runs: Runs = RUNS,
    resample: Annotated[
        int | None,
        typer.Option(min=1, metavar="K", help="Ask K calls again and count the same replies."),
    ] = None,
    model: Model = None,
    backend: Backend = None,
    trust: Trust = False,
    scenario: NamedScenarios = None,
    as_json: AsJson = False,
) -> None:
    """Check a record: checksums, keys, invariants, and that a replay gives the same state.

    The replay and --resample run the code of the scenario: that in the record with --trust, or the
    one you name. A check that cannot be done here, such as the replay of a record that is not
    trusted, is shown as `not done` with the reason. It is no failure: the exit code is 0 if no
    check failed.
    """
    from simnet.cli.runs.resampling import resample_run  # noqa: PLC0415  (imports pyarrow)
    from simnet.recording.checking.verify import verify as verify_run  # noqa: PLC0415
    from simnet.recording.files.lock import check_unlocked  # noqa: PLC0415

    recorded = open_run(run, runs)
    check_unlocked(recorded.path)
    timeline = _timeline(recorded, scenario or (), trust=trust, needed=resample is not None)
    checks = []
    for check in chain(verify_run(recorded), _check_replay(recorded, timeline)):
        checks.append(check)
        if not as_json:
            print_checks([check])
    resampled = None
    if resample is not None and not isinstance(timeline, SimnetError):
        resampled = resample_run(recorded, timeline, resample, model, backend)
    if as_json:
        print_json(_report(recorded, checks, resampled))
    elif resampled is not None:
        _print_resampled(resampled)
    failed = any(check.problems for check in checks)
    raise typer.Exit(RecordError.exit_code if failed else 0)


def _timeline(
    run: "Run", named: Sequence[str], *, trust: bool, needed: bool
) -> "ScenarioTimeline | SimnetError":
    """Make the scenarios of a run, or return the error that says why they cannot be made.

    Raises it if they are `needed`, or if the user named them.
    """
    try:
        return trusted_timeline(run, trust=trust, named=named)
    except (RecordError, UsageError, InputError) as error:
        if needed or named:
            raise
        return error


def _check_replay(run: "Run", timeline: "ScenarioTimeline | SimnetError") -> "Iterator[Check]":
    from simnet.recording.checking.verify import Check  # noqa: PLC0415
    from simnet.runs.repeats.replay import replay  # noqa: PLC0415

    name = "a replay gives the same rows and the same state"
    if isinstance(timeline, RecordError):  # the copy of the scenario was changed
        yield Check(name, (str(timeline),))
        return
    if isinstance(timeline, SimnetError):  # the rest of the record may be sound
        yield Check(name, (), not_done=str(timeline))
        return
    try:
        yield Check(name, replay(run, timeline).differences)
    except RecordError as error:  # it diverged, or is damaged
        yield Check(name, (str(error),))
    except (UsageError, InputError) as error:  # no scenario to replay; the record may be sound
        yield Check(name, (), not_done=str(error))


def _report(run: "Run", checks: "list[Check]", resampled: "Resampled | None") -> dict[str, Any]:
    report: dict[str, Any] = {
        "run": run.id,
        "checks": [check._asdict() for check in checks],
        "determinism": run.manifest.determinism,
    }
    if resampled is not None:
        report["resampled"] = {
            "asked": resampled.asked,
            "same": resampled.same,
            "level": resampled.level,
        }
    return report


def _print_resampled(resampled: "Resampled") -> None:
    same, count = resampled.same, resampled.asked
    typer.echo(f"{same} of {counted(count, 'reply')} came out the same: {resampled.level}")
    for asked, completion in resampled.differing[:3]:
        where = f"@{asked.who}, turn {asked.turn}, call {asked.call}"
        texts = f"{asked.reply.text!r:.60} and now {completion.text!r:.60}"
        typer.echo(terminal_safe(f"        {where}: {texts}"))
