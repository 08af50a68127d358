"""How many actors of agents a run has, by what its cluster has or, without one, this machine."""

import os
from math import inf

from simnet.runtime.capacity import check_cluster, machine
from simnet.runtime.nodes.cluster_view import ClusterView, check_labels
from simnet.runtime.nodes.cluster_wishes import ClusterWishes
from simnet.runtime.placement import PersonasPerActor, Placement, place
from simnet.scenario.scenario import Scenario
from simnet.scheduler.continuing.continuation import Continuation


def place_agents(
    scenario: Scenario,
    continuation: Continuation | None,
    per_actor: PersonasPerActor,
    wishes: ClusterWishes,
    *,
    view: ClusterView,
    on_cluster: bool,
    force: bool,
) -> Placement:
    """Assign personas to actors. Raises what `check_labels` and `check_cluster` raise."""
    switches = continuation.switches if continuation else ()
    scenarios = [scenario, *(switch.scenario for switch in switches)]
    check_labels(view, wishes.agents_on, "--agents-on")
    if not on_cluster:
        return place(scenarios, per_actor, os.cpu_count() or 1, machine().memory)
    part = view.on(wishes.agents_on)
    memory = part.memory or inf
    placement = place(scenarios, per_actor, max(1, int(part.cores)), memory)
    if not force:
        check_cluster(scenario, placement, memory, per_actor)
    return placement
