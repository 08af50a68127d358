"""`simnet serve` keeps engines up for several runs, and `simnet ps` shows them."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from simnet.cli.cluster_options import Address, EnginesOn, MinReplicas, WaitForResources
from simnet.cli.option_groups import expand_groups
from simnet.cli.options import (
    Adapters,
    AsJson,
    Backend,
    Deadline,
    Device,
    Engine,
    ModelFlags,
    Replicas,
)
from simnet.cli.output import print_error, print_json, print_table
from simnet.errors import UsageError

if TYPE_CHECKING:
    from simnet.runtime.ray.engines.keep_engines import EnginesToKeep
    from simnet.runtime.ray.engines.kept_listing import Listing

app = typer.Typer(rich_markup_mode=None)


@dataclass(frozen=True, kw_only=True)
class ServeFlags:
    """What engines are kept, and where."""

    backend: Backend = None
    adapters: Adapters = None
    replicas: Replicas = None
    engine: Engine = None
    deadline: Deadline = None
    device: Device = None
    address: Address = None
    engines_on: EnginesOn = None
    wait_for_resources: WaitForResources = None
    min_replicas: MinReplicas = None

    def read(self, model: str | None, name: str, *, detach: bool) -> "EnginesToKeep":
        """Return what they say. Raises UsageError."""
        from simnet.inference.backends.choice import choose  # noqa: PLC0415  (slow)
        from simnet.runs.options.options import RunOptions  # noqa: PLC0415
        from simnet.runtime.ray.engines.keep_engines import EnginesToKeep  # noqa: PLC0415

        models = ModelFlags(
            model=model,
            backend=self.backend,
            adapters=self.adapters,
            replicas=self.replicas,
            engine=self.engine,
            deadline=self.deadline,
            device=self.device,
        ).read()
        options = RunOptions(
            models=models,
            address=self.address,
            engines_on=self.engines_on,
            wait_for_resources=self.wait_for_resources,
            min_replicas=self.min_replicas,
        )
        backend = choose(
            models.backend,
            model,
            models.settings(),
            None,
            models.replicas or 1,
            models.settings_by_name,
        )
        return EnginesToKeep(
            name=name,
            backend=backend,
            address=options.cluster_address,
            wishes=options.wishes,
            detach=detach,
        )


@app.command()
@expand_groups
def serve(
    flags: ServeFlags,
    model: Annotated[
        str | None,
        typer.Argument(help="Model folder or hub name, or `embedded`; by default the backend's."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What runs call the engines, with --engines NAME.")
    ] = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Return once they are up; they stay on the cluster.")
    ] = False,
    stop: Annotated[
        str | None, typer.Option("--stop", metavar="NAME", help="End the engines of this name.")
    ] = None,
) -> None:
    """Keep the engines of a model up, so that runs which use them start in seconds.

    They are on a Ray cluster, or on this machine until Ctrl-C.
    """
    if stop is not None:
        if model is not None or name is not None:
            raise UsageError(f"--stop {stop} ends engines; leave the model and --name out")
        from simnet.runtime.ray.engines.keep_engines import stop_engines  # noqa: PLC0415

        asyncio.run(stop_engines(stop, flags.address))
        print_error(f"{stop} is stopped")
        return
    if name is None:
        raise UsageError("give the engines a name that runs use: --name NAME")
    wanted = flags.read(model, name, detach=detach)
    from simnet.runtime.ray.engines.keep_engines import keep_engines  # noqa: PLC0415

    asyncio.run(keep_engines(wanted, print_error))


@app.command()
def ps(address: Address = None, as_json: AsJson = False) -> None:
    """List kept engines and the runs on their clusters: what each works on and waits for."""
    from simnet.runtime.kept_engines import known_addresses  # noqa: PLC0415  (slow)

    listings: list[Listing] = []
    if addresses := [address] if address is not None else known_addresses():
        from simnet.runtime.ray.engines.kept_listing import list_clusters  # noqa: PLC0415

        listings = asyncio.run(list_clusters(addresses))
    if as_json:
        print_json({"clusters": [_as_dict(one) for one in listings]})
        return
    if not listings:
        typer.echo("nothing is served on this machine, and no cluster is named")
    for one in listings:
        _show(one)


def _as_dict(one: "Listing") -> dict[str, object]:
    kept = [
        state._asdict()
        | {
            "engines": [engine._asdict() for engine in state.engines],
            "runs": [_share(share._asdict()) for share in state.runs],
        }
        for state in one.kept
    ]
    return one._asdict() | {"kept": kept, "runs": [run._asdict() for run in one.runs]}


def _share(fields: dict[str, object]) -> dict[str, object]:
    return {"run": fields.pop("client"), **fields}


def _show(one: "Listing") -> None:
    typer.echo(f"cluster {one.address}")
    rows: list[tuple[object, ...]] = [
        (
            state.name,
            state.model,
            ", ".join(sorted({engine.state for engine in state.engines})) or "starting",
            len(state.engines),
            sum(engine.restarts for engine in state.engines),
            "-" if state.slots is None else state.slots,
            len(state.runs),
        )
        for state in one.kept
    ]
    rows += [(name, "", "starting", "", "", "", "") for name in one.silent]
    headings = ["engines", "model", "state", "replicas", "restarts", "slots", "runs"]
    print_table(headings, rows, numbers=headings[3:])
    shares = {(share.client, state.name): share for state in one.kept for share in state.runs}
    used = []
    for run in one.runs:
        for name in run.engines or ["own"]:
            share = shares.get((run.run, name))
            counts = share[1:] if share is not None else ("", "", "")
            used.append((run.run, run.actors, name, *counts))
    headings = ["run", "actors", "engines", "in flight", "waiting", "answered"]
    print_table(headings, used, numbers=["actors", *headings[3:]])
