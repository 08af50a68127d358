"""Launches a plan: runs a scenario to its end and leaves a run directory behind."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from simnet.runs.cluster.joining_cluster import joined, leave
from simnet.runs.launching.active_run import ActiveRun
from simnet.runs.models.spread_embedder import check_spread_embedders
from simnet.runs.plans.plan import RunPlan, RunResult
from simnet.runs.watching.experiment_tracking import TrackedRun
from simnet.runs.watching.guarded_reporter import GuardedReporter
from simnet.runs.watching.trackers import TRACKERS, check_tracker
from simnet.runtime.base import Reporter, Silent
from simnet.runtime.models import prepare_models
from simnet.scenario.forecast.expected_turns import check_startable
from simnet.scheduler.continuing.continuation import last_scenario


async def launch(plan: RunPlan, reporter: Reporter | None = None) -> RunResult:
    """Run a scenario to its end, or until SIGINT, SIGTERM or SIGHUP, and seal its record.

    Signals are handled only in the main thread. Raises ScenarioError if more turns are expected
    than the scenario allows, UsageError if an alarm needs an extra that is not installed, RunError
    if the run failed, RecordError if the record could not be written. What was recorded until then
    is sealed and the manifest says why the run ended.
    """
    check_startable(plan.scenario)
    check_tracker(plan.track)
    reporter = GuardedReporter(Silent() if reporter is None else reporter)
    check_spread_embedders(last_scenario(plan.scenario, plan.continuation), reporter.phase)
    plan = await joined(plan, reporter.phase)
    try:
        plan = with_prepared_models(plan, reporter.phase)
        return await _tracked(plan, reporter)
    finally:
        leave(plan)


async def _tracked(plan: RunPlan, reporter: Reporter) -> RunResult:
    """Run, and show the run in a tracker if the plan has one."""
    if plan.track is None:
        return await ActiveRun(plan, reporter).run()
    tracked = TrackedRun(reporter, plan, TRACKERS[plan.track])
    state = "failed"
    try:
        result = await ActiveRun(plan, tracked).run()
        state = result.state
    finally:
        await asyncio.to_thread(tracked.ended, state)
    return result


def with_prepared_models(plan: RunPlan, report: Callable[[str], None]) -> RunPlan:
    """Return the plan with its models checked and ready to be built; see `prepare_models`."""
    scenario = last_scenario(plan.scenario, plan.continuation)
    if not plan.anybody_wakes:
        report("nobody wakes, so neither Ray nor a model is started")
        return plan
    prepared = prepare_models(
        scenario, plan.backend, plan.models, report, ray=plan.ray, kept=plan.kept
    )
    default = prepared.pop(None, plan.backend)
    further = {name: model for name, model in prepared.items() if name is not None}
    return replace(plan, backend=default, models=further)
