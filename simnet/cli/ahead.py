"""The commands that look ahead: explain and estimate."""

from typing import Annotated

import typer

from simnet.cli.options import (
    Adapters,
    Address,
    Also,
    AsJson,
    BaseUrl,
    Replicas,
    Seed,
    Sets,
    Target,
)

app = typer.Typer(rich_markup_mode=None)

Model = Annotated[str | None, typer.Option(help="Model folder or hub name, or `embedded`.")]
Backend = Annotated[str | None, typer.Option(metavar="vllm|openai|fake", help="What runs it.")]


@app.command()
def explain(
    target: Target,
    who: Annotated[str, typer.Option(metavar="HANDLE", help="Whose prompt.")],
    at: Annotated[str, typer.Option(metavar="TIME", help="Simulated time, such as 6h.")] = "0s",
    sets: Sets = None,
    seed: Seed = None,
    model: Model = None,
    backend: Backend = None,
    also: Also = None,
    as_json: AsJson = False,
) -> None:
    """Print what a persona is told, part by part, with token counts; asks no model."""
    from simnet.cli.explain import take_apart  # noqa: PLC0415
    from simnet.cli.run import Order  # noqa: PLC0415

    order = Order(
        target=target,
        sets=tuple(sets or ()),
        seed=seed,
        model=model,
        backend=backend,
        also=tuple(also or ()),
        as_json=as_json,
    )
    take_apart(order, who, at)


@app.command()
def estimate(
    target: Target,
    share: Annotated[float, typer.Option(help="Share of the simulated time to run.")] = 0.01,
    sets: Sets = None,
    seed: Seed = None,
    model: Model = None,
    backend: Backend = None,
    base_url: BaseUrl = None,
    adapters: Adapters = None,
    also: Also = None,
    replicas: Replicas = None,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Run the first stretch of a scenario and print what all of it would cost."""
    from simnet.cli.estimate import foretell  # noqa: PLC0415
    from simnet.cli.run import Order  # noqa: PLC0415

    order = Order(
        target=target,
        sets=tuple(sets or ()),
        seed=seed,
        model=model,
        backend=backend,
        base_url=base_url,
        adapters=tuple(adapters or ()),
        also=tuple(also or ()),
        replicas=replicas,
        address=address,
        as_json=as_json,
    )
    foretell(order, share)
