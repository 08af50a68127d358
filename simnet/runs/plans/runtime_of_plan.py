"""Chooses what runs the parts of a run: this process, or the actors of a cluster."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

from simnet.inference.backend import Backend, built
from simnet.inference.fakes.replay_model import ReplayModel
from simnet.inference.model import Model
from simnet.runs.plans.plan import RunPlan
from simnet.runtime.base import Runtime
from simnet.runtime.in_process import InProcess
from simnet.scheduler.continuing.continuation import Continuation
from simnet.scheduler.tracing.trace_settings import settings_of


def make_runtime(
    plan: RunPlan,
    folder: Path,
    continuation: Continuation | None,
    after: Runtime | None,
    report: Callable[[str], None],
) -> Runtime:
    """Make the runtime of a plan; `after` is the one that it takes the place of, if any."""
    continuation = continuation or plan.continuation
    trace = settings_of(plan.trace_turns, folder.name)
    if not on_ray(plan):
        models: dict[str | None, Model] = {None: ReplayModel({})}  # never asked if nobody wakes
        if plan.anybody_wakes:
            models = {name: built(model) for name, model in plan.started.items()}
        return InProcess(
            plan.scenario,
            models,
            folder,
            continuation,
            plan.budget,
            on_error=plan.on_error,
            humans=plan.humans,
            prefetch=plan.early_calls,
            trace=trace,
        )
    from simnet.runtime.ray.cluster import Cluster  # noqa: PLC0415  (imports ray, which is slow)

    return Cluster(
        plan.scenario,
        {name: one for name, one in plan.started.items() if isinstance(one, Backend)},
        folder,
        address=plan.address,
        personas_per_actor=plan.personas_per_actor,
        modules=plan.sent_modules,
        restarts=plan.restarts,
        continuation=continuation,
        budget=plan.budget,
        on_error=plan.on_error,
        force=plan.force,
        humans=plan.humans,
        prefetch=plan.early_calls,
        trace=trace,
        wishes=plan.wishes,
        engines=plan.engines,
        kept={name: kept for name, kept in plan.kept.items() if name in plan.started},
        after=cast("Cluster | None", after),  # a plan that runs on Ray always does
        report=report,
    )


def on_ray(plan: RunPlan) -> bool:
    """Tell whether a plan whose models are prepared runs on Ray."""
    backends = all(isinstance(model, Backend) for model in plan.started.values())
    return plan.anybody_wakes and plan.ray is not False and backends
