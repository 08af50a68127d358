"""A machine that is no node, a token that is missing and a cluster that is not there are told."""

import sys

import pytest

TOWN = (
    "from simnet import *\nscenario = Scenario('town', [Cohort('people', sample(2))], lasts=3600)"
)

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(600)]


def simnet(host, *words, **environment):
    (host.folder / "town.py").write_text(TOWN)
    command = [sys.executable, "-m", "simnet", *words]
    done = host.run(command, HOME="/tmp/ray", **environment)
    return done.returncode, done.stdout + done.stderr


def test_what_is_wrong_with_a_connection_is_told_and_leaves_no_run(lone_head):
    head, laptop = lone_head
    address = f"{head.address}:6379"
    run = ("run", "town.py", "--backend", "fake", "--address")
    told = {
        "no node": simnet(laptop, *run, address),
        "token": simnet(laptop, *run, address, RAY_AUTH_TOKEN="00" * 32),
        "no token": simnet(laptop, *run, address, RAY_AUTH_TOKEN="", RAY_AUTH_MODE=""),
        "nothing": simnet(laptop, *run, f"{laptop.address}:6379"),
        "none": simnet(laptop, *run, "auto"),
        "environment": simnet(laptop, *run[:-1], RAY_ADDRESS=address),
    }
    sys.stdout.write("\n".join(text for _, text in told.values()))
    assert {code for code, _ in told.values()} == {1}
    for name in ("no node", "environment"):
        assert f"there is a Ray cluster at {address}, and this machine is no node" in told[name][1]
        assert f"simnet submit TARGET --address http://{head.address}:8265" in told[name][1]
    for name in ("token", "no token"):
        assert f"the Ray cluster at {address} asks for a token" in told[name][1]
    assert f"there is no Ray cluster at {laptop.address}:6379" in told["nothing"][1]
    assert "no Ray runs here" in told["none"][1]
    assert not (laptop.folder / "runs").exists()


def test_validate_shows_what_would_be_where(lone_head):
    head, _ = lone_head
    engine = ("--backend", "fake", "--replicas", "3", "--engine", "tensor_parallel_size=4")
    code, text = simnet(head, "validate", "town.py", "--address", "auto", *engine)
    sys.stdout.write(text)
    assert code == 0
    words = " ".join(text.split())
    assert "1 node, 2 cores, 8 GPUs" in words
    assert "2 x default (fake), 4 GPUs of one node on head" in words
    assert "room for 2 of 3 engines" in words
    code, text = simnet(head, "run", "town.py", "--address", "auto", *engine)
    assert (code, "room for 2 of 3 engines" in text) == (2, True)
    assert not (head.folder / "runs").exists()
