"""A run of a scenario as a job of the scheduler of a cluster, whichever that is."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from simnet.errors import UsageError
from simnet.recording.reading.folders import check_run_id

SET_BY_JOB = ("--address", "--run-id", "--resume-if-exists", "--no-ray")
"""Options of `simnet run` that the job itself gives."""


@dataclass(frozen=True, kw_only=True)
class ClusterJob:
    """A run of a scenario on a cluster. Raises UsageError for what no job can have."""

    target: str
    """The scenario, as for `simnet run`; a path is taken from the job's working folder."""
    name: str
    """The name of the job, and the beginning of the run's id."""
    nodes: int = 1
    """Nodes that run agents and engines."""
    gpus_per_node: int = 0
    cpus_per_node: int | None = None
    """None is what the scheduler gives."""
    drain: int = 300
    """Wall seconds that a run has to end in good order once it is told to stop."""
    runs: str | None = None
    """The folder of the runs, on the node that the run is started on; None leaves it to options."""
    python: str = "python"
    """The Python there that has simnet's packages."""
    options: Sequence[str] = ()
    """Further options of `simnet run`."""

    def __post_init__(self) -> None:
        check_run_id(self.name)
        own = {*SET_BY_JOB, *(() if self.runs is None else ["--runs"])}
        for option in self.options:
            if (name := option.split("=")[0]) in own:
                raise UsageError(f"the job gives {name} itself; leave it out of what follows --")
        for what, count, least in (
            ("nodes", self.nodes, 1),
            ("GPUs per node", self.gpus_per_node, 0),
            ("CPUs per node", 1 if self.cpus_per_node is None else self.cpus_per_node, 1),
            ("seconds to drain", self.drain, 1),
        ):
            if count < least:
                raise UsageError(f"{count} {what}; a job has at least {least}")

    def command(self, run_id: str, address: str) -> str:
        """Return the shell command of the run; id and address are put in as they are."""
        words = " ".join(map(shlex.quote, (self.target, *self.options)))
        runs = "" if self.runs is None else f" --runs {shlex.quote(self.runs)}"
        return (
            f"{shlex.quote(self.python)} -m simnet run {words} --run-id {run_id} "
            f"--address {address} --resume-if-exists{runs}"
        )


def job_name(target: str) -> str:
    """Return a name for the job of a scenario: that of its file or module, and of its attribute."""
    path, _, attribute = target.partition(":")
    stem = path.rstrip("/").rsplit("/", 1)[-1].removesuffix(".py").rsplit(".", 1)[-1]
    words = "-".join(filter(None, (stem, attribute)))
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:40].strip("-") or "run"
