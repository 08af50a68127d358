"""Connects to the cluster of a plan and settles by it what the driver's host cannot tell."""

from collections.abc import Callable
from dataclasses import replace

from simnet.errors import UsageError
from simnet.inference.backend import Backend
from simnet.inference.model import Model
from simnet.runs.cluster.scenario_code import installed_for
from simnet.runs.models.kept_models import looked_up
from simnet.runs.plans.plan import RunPlan
from simnet.runs.plans.runtime_of_plan import on_ray
from simnet.runtime.nodes.cluster_view import ClusterView
from simnet.runtime.nodes.node_versions import check_versions


async def joined(plan: RunPlan, report: Callable[[str], None]) -> RunPlan:
    """Return the plan with its models settled by the cluster, to which this process connects.

    Nothing is done for plans without an address or kept engines. The connection stands, and there
    is room for the engines, before anything is written. Raises RunError if there is no cluster or
    the wait for room is over, or if a node has another Ray, Python or simnet, or no package that
    the scenario's code imports; UsageError for what never fits and for kept engines that are not
    there or serve something else.
    """
    if (plan.address is None and not plan.kept) or not on_ray(plan):
        return plan
    from simnet.runtime.ray.engines.engine_room import find_room  # noqa: PLC0415  (slow)
    from simnet.runtime.ray.session.connection import (  # noqa: PLC0415
        connect_ahead,
        disconnect_ahead,
        is_connected,
        resolved,
    )

    if plan.address is None:
        if not is_connected():
            raise _not_served(plan)
        return await looked_up(plan, report)
    address = resolved(plan.address)
    report(f"connecting to {address}")
    await (plan.engines.connect() if plan.engines else connect_ahead(address))
    try:
        view = (await find_room({}, plan.wishes, report)).view
        found = await installed_for(plan, view)
        for warning in check_versions(*found, force=plan.force):
            report(f"warning: {warning}")
        plan = settled(replace(plan, address=address), view)
        if plan.kept:
            plan = await looked_up(plan, report)
        if plan.engines is None:  # shared ones may have their room already
            own = {
                name: one
                for name, one in plan.started.items()
                if isinstance(one, Backend) and name not in plan.kept
            }
            await find_room(own, plan.wishes, report)
    except BaseException:
        disconnect_ahead()
        raise
    report(f"connected to {address}: {view.describe()}")
    return plan


def _not_served(plan: RunPlan) -> UsageError:
    names = ", ".join(sorted(set(plan.kept.values())))
    return UsageError(
        f"no `simnet serve` of this machine keeps engines called {names}, and no cluster is named; "
        "see what is kept with `simnet ps`, or name the cluster with --address HOST:PORT"
    )


def leave(plan: RunPlan) -> None:
    """End the connection that was made for a plan, where its run has not done so."""
    if plan.address is not None and on_ray(plan):
        from simnet.runtime.ray.session.connection import disconnect_ahead  # noqa: PLC0415

        disconnect_ahead()


def settled(plan: RunPlan, view: ClusterView) -> RunPlan:
    """Return the plan with the devices of its models as the nodes that hold engines have them."""
    gpus = view.gpus

    def on_cluster(model: Backend | Model) -> Backend | Model:
        return model.on_cluster(gpus) if isinstance(model, Backend) else model

    models = {name: on_cluster(model) for name, model in plan.models.items()}
    return replace(plan, backend=on_cluster(plan.backend), models=models)
