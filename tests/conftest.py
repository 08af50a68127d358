"""Settings of the test suite."""

import gc
import os

import pytest
from hypothesis import HealthCheck, settings
from shared_servers import adapter_folders, cluster, engine, folder, trained_folder

__all__ = ["adapter_folders", "cluster", "engine", "folder", "trained_folder"]

# Two slow cores are shared by much else: wall time says nothing about a single example.
settings.register_profile(
    "simnet",
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("simnet")


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Collect thousands of tests, all of which are kept, without looking for garbage among them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items):
    """Let the tests come last that close the engine which all share."""
    items.sort(key=lambda item: item.path.stem == "test_vllm_endings")


@pytest.fixture(scope="session", autouse=True)
def _state_folder(tmp_path_factory):
    """Keep what runs note about this machine out of the user's state folder."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_for_the_disk():
    """Leave out fsync in this process: no test sees a power cut, and thousands of them wait."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", os.fstat)  # raises for a bad descriptor, as fsync does
        yield
