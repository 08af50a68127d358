"""The actors of one run but its engines: how they are made, named, heard of and ended."""

from pathlib import Path

import ray
from ray.actor import ActorHandle

from simnet.foundation import log
from simnet.runtime.ray.actor_names import ActorNames
from simnet.runtime.ray.forwarded_logs import ForwardedLogs


class ActorsOfRun:
    """Makes the actors of a run with logs in its run directory, and ends them together."""

    def __init__(self, folder: Path) -> None:
        """Take the run directory."""
        self._folder = folder
        self._names = ActorNames(folder.name)
        self._handles: list[ActorHandle] = []
        self._forward: ForwardedLogs | None = None

    def __bool__(self) -> bool:
        return bool(self._handles)

    def make(self, kind: type, *arguments: object, name: str, **options: object) -> ActorHandle:
        """Make a Ray actor of a class; `name` is that of its log file, and part of its own."""
        common = {"num_cpus": 0, "max_restarts": 0, "enable_task_events": False}
        remote = ray.remote(kind).options(**{**common, **self._names.options(name), **options})
        logs = log.ActorLogs(name, self._folder, log.level(), self._forward)
        handle = remote.remote(*arguments, logs=logs)
        self._handles.append(handle)
        return handle

    def forward_logs_to(self, recorder: ActorHandle) -> None:
        """Have actors that are made later send their lines there from nodes without the folder."""
        self._forward = ForwardedLogs(recorder)

    def kill(self) -> None:
        """End all actors at once."""
        for handle in self._handles:
            ray.kill(handle)
        self.forget()

    def forget(self) -> None:
        """Forget the actors, where the cluster is gone."""
        self._handles.clear()
