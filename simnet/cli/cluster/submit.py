"""`simnet submit` and `simnet jobs`: runs on a cluster of which this machine is no part."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from simnet.cli.cluster.launch import Drain, RunOptions, check_run_options, file_of
from simnet.cli.options import Target, read_time
from simnet.cli.output import print_error, print_json
from simnet.errors import RunError, UsageError
from simnet.foundation.text import counted, terminal_safe

if TYPE_CHECKING:
    from simnet.runtime.ray.session.job_client import JobClient, JobInfo

Head: TypeAlias = Annotated[
    str,
    typer.Option(
        "--address",
        help="The dashboard of the cluster's head.",
        metavar="URL",
        envvar="RAY_API_SERVER_ADDRESS",
    ),
]
JobId: TypeAlias = Annotated[str, typer.Argument(help="A job, or a run: the newest job of it.")]

app = typer.Typer(
    name="jobs",
    help="List, follow and stop the runs that were submitted to a Ray cluster.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def submit(
    target: Target,
    address: Head,
    runs: Annotated[
        str, typer.Option(help="Where the runs are on the cluster's head; an absolute path.")
    ],
    options: RunOptions = None,
    run_id: Annotated[
        str | None, typer.Option(help="Id of the job and of the run.", metavar="ID")
    ] = None,
    drain: Drain = "5m",
    python: Annotated[
        str, typer.Option(help="The Python on the head that has simnet's packages.")
    ] = "python",
    follow: Annotated[
        bool, typer.Option("--follow/--no-follow", help="Print what the job prints until it ends.")
    ] = True,
) -> None:
    """Run a scenario as a job of a Ray cluster, with what lies beside it and with this simnet.

    The same id again goes on with its run where that stopped.
    """
    from simnet.jobs.cluster_job import ClusterJob, job_name  # noqa: PLC0415
    from simnet.runtime.ray.session.job_client import JobClient  # noqa: PLC0415

    if not PurePosixPath(runs).is_absolute():
        raise UsageError(
            f"--runs {runs}: the job's own folder is removed after it; give an absolute path on "
            "the head"
        )
    name = run_id or f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{job_name(target)}"
    check_run_options(target, options or ())
    folder, there = _sent(target)
    seconds = round(read_time("--drain", drain))
    job = ClusterJob(
        target=there,
        name=name,
        drain=seconds,
        runs=runs,
        python=python,
        options=tuple(options or ()),
    )
    client = JobClient(address)
    job_id, left_out = client.submit(name, job.command(name, "auto"), folder, seconds)
    if left_out:
        print_error(_left_out(left_out))
    print_error(
        f"submitted {job_id} to {address}; stop it with: simnet jobs stop {job_id} "
        f"--address {quote(address)}"
    )
    if follow:
        raise typer.Exit(_followed(client, job_id))
    typer.echo(job_id)


@app.command("list")
def list_jobs(
    address: Head,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List the jobs of a cluster, the newest last."""
    from simnet.runtime.ray.session.job_client import JobClient  # noqa: PLC0415

    _show(JobClient(address).jobs(), as_json=as_json)


@app.command()
def logs(job: JobId, address: Head) -> None:
    """Print what a job prints, from its beginning, until it ends."""
    from simnet.runtime.ray.session.job_client import JobClient  # noqa: PLC0415

    raise typer.Exit(_followed(JobClient(address), job))


@app.command()
def stop(job: JobId, address: Head) -> None:
    """Stop a job in good order: the record of its run is sealed, and it can be resumed."""
    from simnet.runtime.ray.session.job_client import ENDED, JobClient  # noqa: PLC0415

    client = JobClient(address)
    found = client.named(job)
    if found.state in ENDED:
        print_error(f"{found.job_id} has ended already: {found.state.lower()}")
        return
    stopped = client.stop(job)
    print_error(
        f"{stopped} is told to stop; see how it ends with: simnet jobs logs {stopped} "
        f"--address {quote(address)}"
    )


def _show(jobs: "Sequence[JobInfo]", *, as_json: bool) -> None:
    if as_json:
        print_json({"jobs": [one._asdict() for one in jobs]})
        return
    for one in jobs:
        message = one.message.partition("\n")[0]
        typer.echo(terminal_safe(f"{one.job_id}  {one.state.lower():9}  {message}"))


def _followed(client: "JobClient", job_id: str) -> int:
    """Print what a job prints until it ends; return an exit code that says how that was."""
    from simnet.runtime.ray.session.job_client import ENDED  # noqa: PLC0415

    async def follow() -> None:
        async for text in client.follow(job_id):
            typer.echo(terminal_safe(text), nl=False)

    try:
        asyncio.run(follow())
        ended = client.named(job_id)
    except (KeyboardInterrupt, RunError):
        print_error(_goes_on(job_id, client.address))
        raise
    if ended.state not in ENDED:
        print_error(f"the cluster ended the connection; {_goes_on(job_id, client.address)}")
        return RunError.exit_code
    if ended.state == "SUCCEEDED":
        return 0
    print_error(f"{job_id} {ended.state.lower()}: {ended.message.partition(', last available')[0]}")
    return RunError.exit_code


def _goes_on(job_id: str, address: str) -> str:
    words = f"{job_id} --address {quote(address)}"
    return (
        f"{job_id} does not end with this command; follow it with: simnet jobs logs {words}, stop "
        f"it with: simnet jobs stop {words}"
    )


def _left_out(names: Sequence[str]) -> str:
    rest = f" and {counted(len(names) - 3, 'other')}" if len(names) > 3 else ""
    return terminal_safe(
        f"not sent, as a .gitignore or .rayignore names it: {', '.join(names[:3])}{rest}; "
        "RAY_RUNTIME_ENV_IGNORE_GITIGNORE=1 sends what a .gitignore names"
    )


def _sent(target: str) -> tuple[Path, str]:
    """Return the folder that is sent along, and how the scenario is named in it."""
    file = file_of(target)
    if file is None:
        return Path.cwd(), target
    _, colon, attribute = target.partition(":")
    return file.resolve().parent, file.name + colon + attribute
