"""Makes the actors of agents: what each gets, and on which nodes they are."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ray
from ray.actor import ActorHandle

from simnet.inference.backend import Backend
from simnet.inference.fleet.replicas import Replicas
from simnet.inference.fleet.routing import Routes
from simnet.inference.model import Model
from simnet.recording.reading.recorded_replies import Recorded
from simnet.runtime.models import models_of, personas_by_adapter, with_fallback_models
from simnet.runtime.nodes.cluster_view import ClusterView, cpu_share
from simnet.runtime.nodes.cluster_wishes import ClusterWishes
from simnet.runtime.placement import Placement
from simnet.runtime.ray import proxies
from simnet.runtime.ray.agents.desk_actor import PeopleOfRun
from simnet.runtime.ray.agents.persona_actors import (
    HostCommon,
    HostSpec,
    PersonaAgent,
    PersonaAgents,
)
from simnet.runtime.ray.agents.persona_shelf import PersonaShelf
from simnet.runtime.ray.session.nodes import selector
from simnet.runtime.residents import Directory, common_part, is_lazy
from simnet.scenario.scenario import Scenario
from simnet.scenario.switch import ScenarioSwitch
from simnet.scheduler.continuing.continuation import Continuation, last_scenario


class AgentActors:
    """The agent actors of a run, to be made."""

    def __init__(
        self,
        scenario: Scenario,
        models: Mapping[str | None, Backend],
        placement: Placement,
        continuation: Continuation | None = None,
        *,
        looks_ahead: bool = False,
        clients: Mapping[str | None, str] | None = None,
    ) -> None:
        """Take what they are made from; `models` are by the names that cohorts give them.

        `clients` is what engines that several runs share call this one, by the models' names.
        """
        self._clients = clients or {}
        self._looks_ahead = looks_ahead
        self._blocks = placement.personas_per_actor == 1 and not looks_ahead
        self._scenario = scenario
        self._models = models
        self._placement = placement
        self._continuation = continuation
        self._switches = continuation.switches if continuation else ()
        self._scenarios = [scenario, *(switch.scenario for switch in self._switches)]

    def make(
        self,
        actor: Callable[..., ActorHandle],
        servers: Mapping[str | None, Sequence[ActorHandle]],
        people: PeopleOfRun,
        recorded: Recorded | None,
        options: Mapping[str, Any],
        wishes: ClusterWishes,
    ) -> list[ActorHandle]:
        """Make the actors by `actor`, each with the recorded replies of its own personas."""
        placement = self._placement
        kind = PersonaAgent if self._blocks else PersonaAgents
        directory, common = Directory(self._scenario), ray.put(self._common())
        handles = []
        pairs = zip(placement.residents(), self._proxies(servers, wishes), strict=True)
        for number, (residents, models) in enumerate(pairs):
            spec = HostSpec(
                directory.residents(residents),
                models,
                replies=None if recorded is None else recorded.of(residents),
                seats=people.seats_of(residents),
                looks_ahead=self._looks_ahead,
            )
            handles.append(actor(kind, spec, common, name=f"agents-{number}", **options))
        return handles

    def _common(self) -> HostCommon:
        """Return what all actors get, with explicit personas on shelves."""
        shelves = [
            cohort.personas if is_lazy(cohort) else PersonaShelf.stored(cohort.personas)
            for cohort in self._scenario.cohorts
        ]
        return HostCommon(
            common_part(self._scenario, shelves),
            with_fallback_models(self._models, self._scenarios),
            [
                ScenarioSwitch(switch.at, common_part(switch.scenario, shelves))
                for switch in self._switches
            ],
        )

    def _proxies(
        self, servers: Mapping[str | None, Sequence[ActorHandle]], wishes: ClusterWishes
    ) -> list[dict[str | None, Model]]:
        """Return proxies for each actor of agents: those of the models that its personas ask."""
        made = {name: self._proxy(name, servers[name], wishes) for name in self._models}
        if len(made) == 1:
            return [made] * self._placement.actors
        made = with_fallback_models(made, self._scenarios)
        names_of = models_of(self._scenarios)
        return [
            {name: made[name] for handle in handles for name in names_of[handle]}
            for handles in self._placement.residents()
        ]

    def _proxy(
        self, name: str | None, servers: Sequence[ActorHandle], wishes: ClusterWishes
    ) -> Model:
        """Make the proxy through which agents ask a model."""
        clients = [
            proxies.RemoteServer(server, blocks=self._blocks, client=self._clients.get(name))
            for server in servers
        ]
        backend = self._models[name]
        if len(clients) == 1:
            return proxies.RemoteModel(clients[0], backend.recorded_name)
        personas = personas_by_adapter(last_scenario(self._scenario, self._continuation), name)
        routes = Routes(len(clients), personas)
        least = min(len(clients), wishes.least(backend.replicas))
        return Replicas(backend.recorded_name, clients, routes, least)


def options_of_agents(
    view: ClusterView, placement: Placement, wishes: ClusterWishes
) -> dict[str, Any]:
    """Return the Ray options of the actors of agents: spread over nodes that answer."""
    cores = view.on(wishes.agents_on).cores
    return {
        "num_cpus": cpu_share(placement.actors, cores),
        "scheduling_strategy": "SPREAD",
        "label_selector": selector(wishes.agents_on, view.silent),
    }
