"""The commands that continue runs: resume and fork."""

from pathlib import Path
from typing import Annotated

import typer

from simnet.cli.options import (
    Adapters,
    Address,
    Also,
    AsJson,
    BaseUrl,
    LogLevel,
    PerActor,
    Replicas,
    RunName,
    Runs,
)

app = typer.Typer(rich_markup_mode=None)

Model = Annotated[str | None, typer.Option(help="Model, in place of the one the run had.")]
Backend = Annotated[str | None, typer.Option(metavar="vllm|openai|fake", help="What runs it.")]
Watch = Annotated[bool | None, typer.Option(help="Print posts as they land.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the run directory.")]
MaxTokens = Annotated[
    int | None, typer.Option(min=1, help="Stop once so many tokens went in and out.")
]
MaxMinutes = Annotated[
    float | None, typer.Option(min=0.0, help="Stop after so many minutes of turns.")
]
MaxCalls = Annotated[
    int | None, typer.Option(min=1, help="Stop once the model was asked so often.")
]
RUNS = Path("runs")


@app.command()
def resume(
    run: RunName = "latest",
    runs: Runs = RUNS,
    model: Model = None,
    backend: Backend = None,
    base_url: BaseUrl = None,
    adapters: Adapters = None,
    also: Also = None,
    replicas: Replicas = None,
    address: Address = None,
    personas_per_actor: PerActor = "auto",
    watch: Watch = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    log_level: LogLevel = None,
    max_tokens: MaxTokens = None,
    max_minutes: MaxMinutes = None,
    max_calls: MaxCalls = None,
) -> None:
    """Run what is left of a run that was interrupted, failed or killed."""
    from simnet.cli.going_on import carry_on  # noqa: PLC0415
    from simnet.cli.run import Order  # noqa: PLC0415
    from simnet.scheduler.budget import Budget  # noqa: PLC0415

    order = Order(
        target=run,
        model=model,
        backend=backend,
        base_url=base_url,
        adapters=tuple(adapters or ()),
        also=tuple(also or ()),
        replicas=replicas,
        address=address,
        runs=runs,
        personas_per_actor=personas_per_actor,
        watch=watch,
        as_json=as_json,
        quiet=quiet,
        log_level=log_level,
        budget=Budget(max_tokens, max_calls, max_minutes),
    )
    raise typer.Exit(carry_on(order))


@app.command()
def fork(
    run: RunName,
    at: Annotated[str, typer.Option("--at", metavar="TIME", help="Simulated time, such as 6h.")],
    scenario: Annotated[
        str | None,
        typer.Option(help="What it becomes: FILE[:ATTRIBUTE]; without it the run's own."),
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Parameter of the scenario; repeatable."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed from then on.")] = None,
    runs: Runs = RUNS,
    model: Model = None,
    backend: Backend = None,
    base_url: BaseUrl = None,
    adapters: Adapters = None,
    also: Also = None,
    replicas: Replicas = None,
    address: Address = None,
    personas_per_actor: PerActor = "auto",
    watch: Watch = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    log_level: LogLevel = None,
) -> None:
    """Make a run that shares the past of another and goes on with a changed scenario."""
    from simnet.cli.going_on import branch_off  # noqa: PLC0415
    from simnet.cli.run import Order  # noqa: PLC0415

    order = Order(
        target=scenario or "",
        sets=tuple(sets or ()),
        seed=seed,
        model=model,
        backend=backend,
        base_url=base_url,
        adapters=tuple(adapters or ()),
        also=tuple(also or ()),
        replicas=replicas,
        address=address,
        runs=runs,
        personas_per_actor=personas_per_actor,
        watch=watch,
        as_json=as_json,
        quiet=quiet,
        log_level=log_level,
    )
    raise typer.Exit(branch_off(run, at, order))
