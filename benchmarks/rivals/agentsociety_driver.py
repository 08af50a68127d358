"""AgentSociety 2: its society of agents on disk, stepped by Ray tasks; run in its environment.

Society, agents, environment and Ray tasks are its own. Its agents live in the processes of Ray,
so the model is a server on this machine that answers at once; its CPU time is taken off.
Each turn is one call: the agent finishes with what it remembers, and does not act on the
environment, because an action costs it calls in which a model writes code.
"""

import asyncio
import json
import os
from datetime import datetime
from pathlib import Path

import loopback
import society

TICK = 3600


def settings(url: str) -> dict[str, str]:
    """Return the environment variables that point it to the server."""
    models = {"LLM": "instant", "CODER_LLM": loopback.CODER}
    return {
        f"AGENTSOCIETY_{role}_{name}": value
        for role, model in models.items()
        for name, value in {"API_BASE": url, "API_KEY": "none", "MODEL": model}.items()
    }


async def play(
    size: society.Size, folder: Path, meter: society.Meter, server: loopback.Server
) -> int:
    """Play the rounds; return how many turns the agents have on disk."""
    from agentsociety2.agent.service_proxy import build_service_proxy  # noqa: PLC0415
    from agentsociety2.env.env_router_proxy import create_env_router_proxy  # noqa: PLC0415
    from agentsociety2.society import AgentSociety  # noqa: PLC0415

    names = [(number, f"person {number}") for number in range(1, size.people + 1)]
    space = "SimpleSocialSpace"
    router = await create_env_router_proxy(
        [space], {space: {"agent_id_name_pairs": names}}, run_dir=folder
    )
    specs = [
        {"id": number, "profile": {"name": name, "bio": society.PERSONA}, "config": {}}
        for number, name in names
    ]
    town = AgentSociety(
        agent_specs=specs,
        agent_class_name="PersonAgent",
        env_router=router,
        start_t=datetime(2026, 1, 1),  # noqa: DTZ001  # it counts in local time
        run_dir=folder,
        service_proxy=build_service_proxy(router, run_dir=folder),
        env_module_types=[space],
    )
    await town.init()
    await town.step(TICK)  # the processes of Ray import everything in the first one
    before, used = turns(folder), server.cpu_s()
    with meter.measured():
        for _ in range(size.rounds):
            await town.step(TICK)
    meter.cpu_s -= server.cpu_s() - used
    meter.calls = size.turns
    after = turns(folder)
    await town.close()
    return after - before


def turns(folder: Path) -> int:
    """Return how many turns all agents have had, from their files."""
    files = folder.glob("agents/agent_*/AGENT.json")
    return sum(json.loads(one.read_text(encoding="utf-8"))["step_count"] for one in files)


def main() -> None:
    size, out, _ = society.arguments(__doc__)
    meter = society.Meter()
    with society.scratch() as folder, loopback.serving() as server:
        os.environ.update(settings(server.url))
        recorded = asyncio.run(play(size, folder, meter, server))
        society.report(out, size, meter, recorded=recorded, bytes=society.bytes_in(folder))


if __name__ == "__main__":
    main()
