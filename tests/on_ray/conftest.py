"""One small Ray cluster on this machine for all tests that need one."""

import gc
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("ray")

import ray

from simnet.leftovers import remove
from simnet.runtime.ray.local_ray import _RETRIED


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    os.environ.setdefault("RAY_worker_niceness", "0")
    with tempfile.TemporaryDirectory(prefix="ray", dir="/tmp") as short:  # paths of sockets are
        _start(short)
        session = Path(short) / ray.get_runtime_context().get_session_name()
        yield
        ray.shutdown()
        remove(session)  # with the processes that still write to it


def _start(folder: str) -> None:
    """Start Ray, which gives up after 30 s, until it is there."""
    options = {"num_cpus": 2, "include_dashboard": False, "log_to_driver": False}
    while not ray.is_initialized():
        try:
            ray.init("local", logging_level="ERROR", _temp_dir=folder, **options)
        except Exception as error:
            if _RETRIED not in str(error):
                raise
            ray.shutdown()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # processes of the start that failed
                gc.collect()


@pytest.fixture
def patient_starts(monkeypatch):
    """Let a restarted model be waited for as long as a busy machine takes to start a process.

    After a few tries the supervisor would take that for one more death.
    """
    from simnet.runtime.ray import supervisor

    monkeypatch.setattr(supervisor, "_RETRIES", -1)
