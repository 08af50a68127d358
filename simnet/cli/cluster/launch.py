"""`simnet launch` writes what a cluster's scheduler is given to run a scenario."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from simnet.cli.options import Target, read_pairs, read_time
from simnet.cli.output import print_error
from simnet.errors import UsageError
from simnet.foundation.text import visible

if TYPE_CHECKING:
    from simnet.jobs.cluster_job import ClusterJob

_PASSWORD = re.compile(r"://[^/@\s]+@")
"""Begins an address with a user's name or password."""
app = typer.Typer(
    name="launch",
    help="Write the job of a scenario for the scheduler of a cluster.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

RunOptions: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        help="Options of `simnet run`, after --, such as -- --model MODEL --replicas 4.",
        metavar="-- OPTIONS",
        show_default=False,
    ),
]
Name: TypeAlias = Annotated[
    str | None, typer.Option(help="Name of the job; by default the scenario's.", metavar="NAME")
]
Nodes: TypeAlias = Annotated[int, typer.Option(min=1, help="Nodes that run agents and engines.")]
Gpus: TypeAlias = Annotated[int, typer.Option(min=0, help="GPUs of each node.")]
Drain: TypeAlias = Annotated[
    str, typer.Option(help="Time a run has to end in good order once it is told to stop.")
]
Out: TypeAlias = Annotated[
    Path | None, typer.Option(help="File to write; by default the terminal.", metavar="FILE")
]
Force: TypeAlias = Annotated[bool, typer.Option("--force", help="Replace the file.")]


@app.command()
def slurm(
    target: Target,
    time: Annotated[str, typer.Option(help="Time limit until the job is queued again.")],
    options: RunOptions = None,
    nodes: Nodes = 1,
    gpus_per_node: Gpus = 0,
    cpus_per_node: Annotated[
        int | None, typer.Option(min=1, help="CPUs of each node; by default all of it.")
    ] = None,
    name: Name = None,
    drain: Drain = "5m",
    requeues: Annotated[
        int, typer.Option(min=0, help="How often it is queued again at the most.")
    ] = 100,
    sbatch: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Option of sbatch, such as partition=gpu."),
    ] = None,
    out: Out = None,
    force: Force = False,
) -> None:
    """Write a script for sbatch: Ray on all nodes, the run, and again until it is complete."""
    from simnet.jobs.slurm_script import slurm_script  # noqa: PLC0415

    file_of(target)  # the job begins in this folder, after hours in the queue
    script = slurm_script(
        _job(target, name, nodes, gpus_per_node, cpus_per_node, drain, options or ()),
        time=round(read_time("--time", time)),
        requeues=requeues,
        settings=read_pairs("--sbatch", "option", "VALUE", sbatch or ()),
    )
    _write(script, out, "submit it with: sbatch", force=force)


@app.command()
def kuberay(
    target: Target,
    image: Annotated[
        str, typer.Option(help="Container image with simnet, and the scenario in its folder.")
    ],
    claim: Annotated[
        str, typer.Option(help="Persistent volume claim that the runs are written to.")
    ],
    options: RunOptions = None,
    nodes: Nodes = 1,
    gpus_per_node: Gpus = 0,
    cpus_per_node: Annotated[int, typer.Option(min=1, help="CPUs of each node.")] = 4,
    memory: Annotated[str, typer.Option(help="Memory of each node.")] = "64Gi",
    name: Name = None,
    drain: Drain = "5m",
    retries: Annotated[
        int, typer.Option(min=0, help="Clusters that are started when one fails.")
    ] = 3,
    out: Out = None,
    force: Force = False,
) -> None:
    """Write a RayJob for KubeRay: a cluster, the run on it, and again if the cluster is lost."""
    import yaml  # noqa: PLC0415

    from simnet.jobs.kuberay_job import RUNS, ray_job  # noqa: PLC0415

    resource = ray_job(
        _job(target, name, nodes, gpus_per_node, cpus_per_node, drain, options or (), RUNS),
        image=image,
        claim=claim,
        memory=memory,
        retries=retries,
    )
    text = yaml.safe_dump(resource, sort_keys=False)
    _write(text, out, "submit it with: kubectl apply -f", force=force)


def _job(
    target: str,
    name: str | None,
    nodes: int,
    gpus: int,
    cpus: int | None,
    drain: str,
    options: Sequence[str],
    runs: str | None = None,
) -> "ClusterJob":
    from simnet.cli.runs.project_options import read_options  # noqa: PLC0415
    from simnet.jobs.cluster_job import ClusterJob, job_name  # noqa: PLC0415
    from simnet.runs.cluster.job_room import check_room  # noqa: PLC0415

    context = check_run_options(target, options)
    job = ClusterJob(
        target=target,
        name=name or job_name(target),
        nodes=nodes,
        gpus_per_node=gpus,
        cpus_per_node=cpus,
        drain=round(read_time("--drain", drain)),
        runs=runs,
        options=tuple(options),
    )
    check_room(read_options(target, context), nodes, gpus)
    return job


def file_of(target: str) -> Path | None:
    """Return the file of a scenario; None for that of a module. Raises UsageError without one."""
    path = target.partition(":")[0]
    if not path.endswith(".py"):
        return None
    file = Path(path).expanduser()
    if not file.is_file():
        raise UsageError(f"there is no file {path}")
    return file


def check_run_options(target: str, options: Sequence[str]) -> typer.Context:
    """Let the parser of `simnet run` refuse options that it does not know; return what it read.

    Raises UsageError for a secret too: whoever sees a cluster sees the commands of its jobs.
    """
    from simnet.cli.runs.run import app as run  # noqa: PLC0415
    from simnet.recording.mirror.mirror_address import MirrorAddress, is_address  # noqa: PLC0415

    command: Any = typer.main.get_command(run)
    context: typer.Context = command.make_context("simnet run", [target, *options])
    mirror = context.params["mirror"]
    secret = is_address(mirror) and MirrorAddress.read(mirror).has_secrets
    if secret or any(_PASSWORD.search(option) for option in options):
        raise UsageError(
            "the command of a job is shown by its cluster, and an address in it has a secret; "
            "leave that out, and let the nodes find it in their environment or configuration"
        )
    return context


def _write(text: str, out: Path | None, then: str, *, force: bool) -> None:
    """Write a file, and say what to do with it; without one, print the text."""
    if out is None:
        typer.echo(text, nl=False)
        return
    if out.exists() and not force:
        raise UsageError(f"{out} exists already; choose another name or pass --force")
    out.write_text(text, encoding="utf-8")
    print_error(visible(f"{out} is written; {then} {quote(str(out))}"))


@app.command()
def grafana(out: Out = None, force: Force = False) -> None:
    """Write a dashboard for Grafana of what runs export to Prometheus through Ray."""
    from simnet.jobs.grafana import dashboard  # noqa: PLC0415

    text = json.dumps(dashboard(), indent=2) + "\n"
    _write(text, out, "in Grafana, whose source is the Prometheus of Ray, import", force=force)
