"""Settings of the test suite."""

import gc
import os
import signal

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # read once, when the package is imported

import pytest
from hypothesis import HealthCheck, settings
from shared_servers import adapter_folders, cluster, engine, folder, trained_folder

# A shell without job control starts `make test &` with SIGINT ignored, and processes inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

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

LONGEST = (
    "test_wheel", "test_docstring_commands", "test_hostile_replies", "test_simulation", "test_trl",
    "test_recorder", "test_docs_examples",
)  # fmt: skip


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
    """Let the files that take longest come first, so that no process works alone at the end.

    Tests that close the engine which all share come last.
    """
    order = {name: place - len(LONGEST) for place, name in enumerate(LONGEST)}
    order["test_vllm_endings"] = 1
    items.sort(key=lambda item: order.get(item.path.stem, 0))


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
