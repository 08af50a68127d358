"""Engines are placed on a pretended cluster of 8 nodes with 8 GPUs each, with fake ones in them."""

import json
import os
import subprocess
import sys
import tempfile
import textwrap
from collections import Counter

import pytest

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(900)]

CASES = {
    "64 of TP 1": (64, {"tensor_parallel_size": 1}),
    "32 of TP 2": (32, {"tensor_parallel_size": 2}),
    "16 of TP 4": (16, {"tensor_parallel_size": 4}),
    "8 of TP 8": (8, {"tensor_parallel_size": 8}),
    "4 of two nodes": (4, {"tensor_parallel_size": 8, "pipeline_parallel_size": 2}),
    "16 halves": (16, {"gpu_share": 0.5}),
}
SCRIPT = textwrap.dedent(
    """
    import asyncio, json, sys, time
    from pathlib import Path
    import ray
    from ray.cluster_utils import Cluster
    from ray.util.placement_group import placement_group_table
    from simnet.errors import SimnetError
    from simnet.inference.backends.choice import choose
    from simnet.runtime.nodes.cluster_wishes import ClusterWishes
    from simnet.runtime.ray.engines.engines_of_run import EnginesOfRun
    from simnet.runtime.ray.session.connection import connect

    async def place(replicas, engine, **wishes):
        told = []
        backend = choose("fake", engine=engine, replicas=replicas)
        engines = EnginesOfRun(
            {None: backend}, Path(sys.argv[1]), told.append, wishes=ClusterWishes(**wishes)
        )
        began = time.monotonic()
        try:
            pool = await engines.make()
        except SimnetError as error:
            return {"error": f"{type(error).__name__}: {error}", "told": told,
                    "seconds": time.monotonic() - began}
        seconds = time.monotonic() - began
        groups = [
            [strategy["strategy"], list(strategy["bundles_to_node_id"].values())]
            for strategy in placement_group_table().values() if strategy["state"] == "CREATED"
        ]
        started = len(pool.supervisors)
        await engines.close()
        return {"groups": groups, "told": told, "seconds": seconds, "started": started}

    async def main():
        nodes = Cluster()
        for number in range(8):
            nodes.add_node(num_cpus=2, num_gpus=8, labels={"rack": str(number // 4)},
                           object_store_memory=80_000_000, include_dashboard=False)
        await connect(nodes.address)
        results = {}
        for name, (replicas, engine) in json.loads(sys.argv[2]).items():
            results[name] = await place(replicas, engine)
        too_wide = {"tensor_parallel_size": 16}
        results["too many"] = await place(9, {"tensor_parallel_size": 8})
        results["too wide"] = await place(1, too_wide)
        results["waits"] = await place(9, {"tensor_parallel_size": 8}, wait=3.0)
        results["fewer"] = await place(9, {"tensor_parallel_size": 8}, min_replicas=2)
        results["rack"] = await place(4, {"tensor_parallel_size": 8}, engines_on={"rack": "1"})
        results["no rack"] = await place(1, {"device": "gpu"}, engines_on={"rack": "7"})
        print("RESULTS", json.dumps(results), flush=True)
        ray.shutdown()
        nodes.shutdown()

    asyncio.run(main())
    """
)


@pytest.fixture(scope="module")
def placed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("placed")
    (folder / "place.py").write_text(SCRIPT)
    command = [sys.executable, str(folder / "place.py"), str(folder), json.dumps(CASES)]
    with tempfile.TemporaryDirectory(prefix="ray", dir="/tmp") as short:  # paths of sockets are
        environment = {**os.environ, "RAY_TMPDIR": short, "RAY_AUTH_MODE": "disabled"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULTS ")]
    assert lines, done.stdout + done.stderr
    return json.loads(lines[0].removeprefix("RESULTS "))


@pytest.mark.parametrize("case", CASES)
def test_engines_are_where_the_plan_says(case, placed):
    replicas, engine = CASES[case]
    result = placed[case]
    sys.stdout.write("\n".join([f"{case}: {result['seconds']:.1f} s", *result["told"], ""]))
    assert len(result["groups"]) == result["started"] == replicas
    stages = engine.get("pipeline_parallel_size", 1)
    engines_on = Counter()
    for strategy, nodes in result["groups"]:
        assert strategy == ("STRICT_PACK" if stages == 1 else "PACK")
        assert len(set(nodes)) == stages
        if stages > 1:  # all GPUs of a stage are on one node
            assert set(Counter(nodes).values()) == {8}
        engines_on.update(set(nodes))
    tensor = engine.get("tensor_parallel_size", 1)
    if "gpu_share" not in engine:
        assert set(engines_on.values()) == {8 // tensor}
        assert len(engines_on) == 8
    assert sum("GPUs" in line for line in result["told"]) == replicas


def test_what_does_not_fit_is_told_at_once_with_what_there_is(placed):
    many, wide = placed["too many"], placed["too wide"]
    assert many["error"].startswith("UsageError: there is no room for all engines: asked for 9 ")
    assert "available: 64 GPUs (8 nodes: 8 with 8); room for 8 of 9 engines" in many["error"]
    assert "--engine tensor_parallel_size=8 --engine pipeline_parallel_size=2" in wide["error"]
    assert "UsageError: --engines-on rack=7: no node" in placed["no rack"]["error"]


def test_a_run_waits_for_nodes_or_starts_with_fewer_engines_if_that_is_asked_for(placed):
    waits, fewer = placed["waits"], placed["fewer"]
    assert waits["error"].startswith("RunError: ")
    assert waits["error"].endswith("waited 3 s (--wait-for-resources)")
    assert waits["seconds"] >= 3
    assert any("waiting for nodes" in line for line in waits["told"])
    assert fewer["started"] == 8
    assert any(line.startswith("starting 8 of 9 engines") for line in fewer["told"])


def test_engines_keep_to_the_nodes_with_their_label(placed):
    hosts = {node for _, nodes in placed["rack"]["groups"] for node in nodes}
    assert len(hosts) == 4
