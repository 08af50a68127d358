"""One small Ray cluster on this machine for all tests that need one."""

import os
from collections.abc import Iterator

import pytest

ray = pytest.importorskip("ray")


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    os.environ.setdefault("RAY_worker_niceness", "0")
    ray.init(
        "local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR"
    )
    yield
    ray.shutdown()


@pytest.fixture
def patient_starts(monkeypatch):
    """Let a restarted model be waited for as long as a busy machine takes to start a process.

    After a few tries the supervisor would take that for one more death.
    """
    from simnet.runtime.ray import supervisor

    monkeypatch.setattr(supervisor, "_RETRIES", -1)
