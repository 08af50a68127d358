"""`simnet verify` checks the record of a run."""

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simnet.cli.opening import open_run
from simnet.cli.options import RUNS, AsJson, Backend, Model, RunName, Runs
from simnet.cli.output import print_checks, print_json
from simnet.errors import InputError, RecordError, UsageError
from simnet.text import terminal_safe

if TYPE_CHECKING:
    from simnet.recording.checking.verify import Check
    from simnet.recording.reading.run import Run
    from simnet.runs.resample import Resampled


def verify(
    run: RunName = "latest",
    runs: Runs = RUNS,
    resample: Annotated[
        int | None,
        typer.Option(min=1, metavar="K", help="Ask K calls again and count the same replies."),
    ] = None,
    model: Model = None,
    backend: Backend = None,
    as_json: AsJson = False,
) -> None:
    """Check a record: checksums, keys, invariants, and that a replay gives the same state.

    A check that cannot be done here, such as the replay of a run that was started from Python, is
    shown as `not done` with the reason. It is no failure: the exit code is 0 if no check failed.
    """
    from simnet.cli.resampling import resample_run  # noqa: PLC0415  (imports pyarrow)
    from simnet.recording.checking.verify import verify as verify_run  # noqa: PLC0415
    from simnet.recording.files.lock import check_unlocked  # noqa: PLC0415

    recorded = open_run(run, runs)
    check_unlocked(recorded.path)
    checks = []
    for check in chain(verify_run(recorded), _check_replay(recorded)):
        checks.append(check)
        if not as_json:
            print_checks([check])
    resampled = resample_run(recorded, resample, model, backend) if resample else None
    if as_json:
        print_json(_report(recorded, checks, resampled))
    elif resampled is not None:
        _print_resampled(resampled)
    failed = any(check.problems for check in checks)
    raise typer.Exit(RecordError.exit_code if failed else 0)


def _check_replay(run: "Run") -> "Iterator[Check]":
    from simnet.recording.checking.verify import Check  # noqa: PLC0415
    from simnet.runs.replay import replay  # noqa: PLC0415

    name = "a replay gives the same rows and the same state"
    try:
        yield Check(name, replay(run).differences)
    except RecordError as error:  # it diverged, or is damaged
        yield Check(name, (str(error),))
    except (UsageError, InputError) as error:  # the scenario cannot be made; the record may be sound
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
    typer.echo(f"{same} of {count} replies came out the same: {resampled.level}")
    for asked, completion in resampled.differing[:3]:
        where = f"@{asked.who}, turn {asked.turn}, call {asked.call}"
        texts = f"{asked.reply.text!r:.60} and now {completion.text!r:.60}"
        typer.echo(terminal_safe(f"        {where}: {texts}"))
