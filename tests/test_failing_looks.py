"""What watches engines goes on after Ray has failed to answer it."""

import asyncio
from types import SimpleNamespace

from simulation.virtual_time import run_virtually

from simnet.runtime.ray.engines import engine_keeper, supervisor
from simnet.runtime.ray.engines.engine_keeper import EngineKeeper
from simnet.runtime.ray.engines.llm_server import Incident
from simnet.runtime.ray.engines.supervisor import Supervisor
from simnet.runtime.restart_policy import Restarts


async def at_once(call):
    return call()


def failing_until(look, answer):
    """Return a function that raises at its looks before the one of a number, and then answers."""
    looks = []

    def called(*_):
        looks.append(True)
        if len(looks) < look:
            raise ConnectionError("the head is busy")
        return answer

    return called


def test_kept_engines_are_taken_back_though_some_looks_failed(monkeypatch):
    jobs = failing_until(4, [{"JobID": "01", "IsDead": True}])
    monkeypatch.setattr(engine_keeper, "state", SimpleNamespace(jobs=jobs))
    monkeypatch.setattr(engine_keeper, "in_daemon_thread", at_once)
    keeper = object.__new__(EngineKeeper)  # one that is made has engines
    keeper._jobs, keeper._news = {"run#1": "01"}, []
    keeper._engines = SimpleNamespace(servers={None: []})

    async def watched():
        watching = asyncio.create_task(keeper._watch())
        await asyncio.sleep(10 * engine_keeper.LOOK_SECONDS)
        assert not watching.done()
        watching.cancel()

    run_virtually(watched())
    assert keeper._jobs == {}
    first, last = keeper._news  # three failures for the same reason are told once
    assert "ConnectionError: the head is busy" in first
    assert last == "run has ended; its calls are aborted"


def test_a_server_is_restarted_though_ray_does_not_tell_where_it_is(monkeypatch):
    async def view():
        raise ConnectionError("the head is busy")

    async def started():
        return None

    monkeypatch.setattr(supervisor, "nodes", SimpleNamespace(view=view))
    monkeypatch.setattr(supervisor, "state", SimpleNamespace(actors=failing_until(2, None)))
    monkeypatch.setattr(supervisor, "in_daemon_thread", at_once)
    server = SimpleNamespace(_actor_id=SimpleNamespace(hex=lambda: "ac"))
    told = []
    supervised = Supervisor(server, "m", told.append, Restarts(3))
    supervised._node = "a node"
    supervised._start = started
    run_virtually(supervised._restart(Incident("engine died", "the engine died")))
    assert told[-1] == "the model m is back"
    assert sum("ConnectionError: the head is busy" in line for line in told) == 2
    assert not supervised.restarting
