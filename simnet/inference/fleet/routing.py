"""Chooses the replica of a prompt: the one that has its prefix in the cache, if it is not loaded.

Each replica has a weight for each routing key, a hash of both, and the heaviest is preferred
(rendezvous hashing by highest random weight, Thaler & Ravishankar 1998). So keys are spread
evenly, each keeps its replica, and a replica that is added takes over its own share and moves
no other key. Where the preferred replica is loaded, a prompt goes to the next in that order, as
in consistent hashing with bounded loads (Mirrokni, Thorup & Zadimoghaddam 2018), with a bound
relative to the least loaded.

Personas with an adapter are hashed over few replicas, the homes of the adapter, because an engine
that swaps or mixes adapters in a batch is slower. An adapter has a number of homes in proportion
to its share of the model's personas, at least one, so replicas are loaded evenly. Its prompts go
elsewhere only where all homes are loaded.

Routing does not affect replies: a reply is a function of the prompt.
"""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from simnet import draws

SPARE = 8
"""Prompts a replica may have in flight from this process before it can count as loaded."""
MORE = 1.25
"""Beyond `SPARE`, a replica may have this many times the prompts of the least loaded one."""
_NO_ADAPTERS: Mapping[str | None, int] = MappingProxyType({})


class Routes:
    """Chooses among replicas, numbered from 0, for the prompts of one process."""

    def __init__(self, replicas: int, personas: Mapping[str | None, int] = _NO_ADAPTERS) -> None:
        """Take the number of replicas, and of personas by adapter (None: without one)."""
        self._replicas = range(replicas)
        self._homes = _homes(personas, replicas)
        self._orders: dict[str | None, dict[str, tuple[int, ...]]] = {}

    def order(self, routing_key: str, adapter: str | None = None) -> tuple[int, ...]:
        """List all replicas, the preferred ones of this key first; cached for each key."""
        orders = self._orders.setdefault(adapter, {})
        order = orders.get(routing_key)
        if order is None:
            order = orders[routing_key] = self._preferred(routing_key, adapter)
        return order

    def pick(
        self,
        routing_key: str,
        adapter: str | None,
        loads: Sequence[int],
        dead: Collection[int] = (),
    ) -> int:
        """Choose a replica that is not dead, of which there must be one.

        `loads` has the number of prompts that each has in flight from this process.
        """
        order = self.order(routing_key, adapter)
        alive = [replica for replica in order if replica not in dead] if dead else order
        bound = SPARE + MORE * min(loads[replica] for replica in alive)
        return next(replica for replica in alive if loads[replica] < bound)

    def _preferred(self, routing_key: str, adapter: str | None) -> tuple[int, ...]:
        own = _by_weight(routing_key, self._replicas)
        if adapter is None or adapter not in self._homes:
            return tuple(own)
        homes = self._homes[adapter]
        # Beyond its homes, the prompts of an adapter gather at the replica it prefers next.
        rest = [replica for replica in _by_weight(adapter, self._replicas) if replica not in homes]
        return (*(replica for replica in own if replica in homes), *rest)


def _by_weight(name: str, replicas: Sequence[int]) -> list[int]:
    def weight(replica: int) -> int:
        return draws.bits("replica", name, replica)

    return sorted(replicas, key=weight, reverse=True)


def _homes(personas: Mapping[str | None, int], replicas: int) -> dict[str, frozenset[int]]:
    """Choose the homes of each adapter: the least loaded replicas, of equals the preferred."""
    total = sum(personas.values())
    taken = [0.0] * replicas
    homes = {}
    adapters = [name for name in personas if name is not None]
    for adapter in sorted(adapters, key=lambda name: (-personas[name], name)):
        count = max(1, round(replicas * personas[adapter] / max(1, total)))
        preferred = _by_weight(adapter, range(replicas))
        chosen = sorted(preferred, key=taken.__getitem__)[:count]  # of equals the preferred
        for replica in chosen:
            taken[replica] += personas[adapter] / count
        homes[adapter] = frozenset(chosen)
    return homes
