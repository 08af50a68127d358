"""What the tests on Ray share beside the cluster."""

import pytest

pytest.importorskip("ray")


@pytest.fixture
def patient_starts(monkeypatch):
    """Let a restarted model be waited for as long as a busy machine takes to start a process.

    After a few tries the supervisor would take that for one more death.
    """
    from simnet.runtime.ray.engines import supervisor

    monkeypatch.setattr(supervisor, "_RETRIES", -1)
