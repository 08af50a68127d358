"""Compares what the code of a scenario imports with what the nodes of a cluster have."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from simnet.inference.backend import Backend
from simnet.runs.plans.plan import RunPlan
from simnet.runtime.nodes.cluster_view import ClusterView
from simnet.runtime.nodes.needed_code import NeededCode, needed_code
from simnet.runtime.nodes.node_versions import NodeVersions
from simnet.runtime.residents import common_part, is_lazy
from simnet.scenario.scenario import Scenario


class InstalledCode(NamedTuple):
    """What is installed here and on the nodes of a cluster, and what of it a scenario needs."""

    here: Mapping[str, str]
    nodes: Sequence[NodeVersions]
    needed: NeededCode


async def installed_for(plan: RunPlan, view: ClusterView) -> InstalledCode:
    """Ask the nodes what they have of what a run needs; this process is connected to them."""
    from simnet.runtime.ray.session.ask_versions import (  # noqa: PLC0415  (imports ray, slow)
        ask_versions,
        installed_here,
    )

    needed = code_of(plan)
    answers = await ask_versions(view.nodes, needed)
    agents = {node.id for node in view.on(plan.wishes.agents_on).nodes}
    nodes = [
        answer._replace(agents=node.id in agents)
        for node, answer in zip(view.nodes, answers, strict=True)
    ]
    return InstalledCode(installed_here(needed), nodes, needed)


def code_of(plan: RunPlan) -> NeededCode:
    """Return what actors of agents import for the scenarios and models of a plan."""
    from simnet.runtime.ray.session.sent_imports import imports_of  # noqa: PLC0415  (ray, slow)

    switches = plan.continuation.switches if plan.continuation else ()
    scenarios = [plan.scenario, *(switch.scenario for switch in switches)]
    backends = [model for model in plan.started.values() if isinstance(model, Backend)]
    sent = ([_common(scenario) for scenario in scenarios], backends)
    return needed_code(imports_of(sent, plan.sent_modules))


def _common(scenario: Scenario) -> Scenario:
    """Return what is sent to all actors of agents, without the personas."""
    people = [cohort.personas if is_lazy(cohort) else () for cohort in scenario.cohorts]
    return common_part(scenario, people)
