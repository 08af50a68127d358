"""Log lines of actors on nodes that do not have the folder of the logs, sent to where it is."""

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import ray
from ray.actor import ActorHandle
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from simnet.foundation import log
from simnet.runtime.ray.actor_names import ActorNames
from simnet.runtime.ray.held_lines import Line


class ForwardedLogs:
    """Sends each line to the recorder of the run, which is where the run directory is."""

    def __init__(self, recorder: ActorHandle) -> None:
        self._recorder = recorder

    def __call__(self, actor: str, line: str) -> None:
        """Send a line of an actor, without waiting for it to be written."""
        self._recorder.keep_logs.remote([(actor, line)])


class RemoteLog:
    """Sends lines to an actor with a method `keep_logs`, such as the recorder of a run."""

    def __init__(self, keeper: ActorHandle) -> None:
        self._keeper = keeper

    def __call__(self, lines: Sequence[Line]) -> "Future[Any]":
        """Send lines; the future ends once they are written, or with the reason why not."""
        future: Future[Any] = self._keeper.keep_logs.remote(lines).future()
        return future


class LogKeeper:
    """Writes the log lines of engines that several runs share, which are of none of these."""

    def __init__(self, folder: Path) -> None:
        """Take the folder that gets `logs/`."""
        self._folder = folder

    def keep_logs(self, lines: Sequence[Line]) -> None:
        """Append each line to the log of its actor."""
        log.append_lines(self._folder, lines)


def make_log_keeper(folder: Path) -> ActorHandle:
    """Make an actor on the node of this process that writes lines into a folder of it."""
    keeper: ActorHandle = (
        ray.remote(LogKeeper)
        .options(
            num_cpus=0,
            enable_task_events=False,
            scheduling_strategy=here(soft=False),
            **ActorNames(folder.name).options("logs"),
        )
        .remote(folder)
    )
    return keeper


def here(*, soft: bool) -> NodeAffinitySchedulingStrategy:
    """Return the strategy that places an actor on the node of this process.

    `soft` lets Ray choose another node once this one is lost.
    """
    return NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=soft)
