"""Tests on several hosts, which `make cluster-test` runs; the other targets leave them out."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from hosts import Hosts, missing, started


@pytest.fixture
def lan():
    """A network without hosts."""
    if (why := missing()) is not None:
        pytest.skip(why)
    with Hosts() as hosts:
        yield hosts


@pytest.fixture
def trio(lan):
    """A head and two workers of two cores each, with Ray's own health checks."""
    head, *workers = [lan.add(name, shared=[HERE]) for name in ("head", "left", "right")]
    head.ray(None, "--num-cpus", "2", "--labels", "role=head")
    started(head)
    for worker in workers:
        worker.ray(head.address, "--num-cpus", "2", "--labels", "role=worker")
    started(*workers)
    return [head, *workers]


@pytest.fixture(scope="module")
def lone_head():
    """A head with pretended GPUs, and a machine that is no node."""
    if (why := missing()) is not None:
        pytest.skip(why)
    with Hosts() as lan:
        head, laptop = lan.add("head"), lan.add("laptop")
        head.ray(None, "--num-cpus", "2", "--num-gpus", "8")
        started(head)
        yield head, laptop
