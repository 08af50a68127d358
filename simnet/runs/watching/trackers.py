"""The experiment trackers that can show a run: MLflow, Weights & Biases, and trackio.

Each keeps what it is given where its own settings say, such as MLFLOW_TRACKING_URI, WANDB_MODE
or TRACKIO_DIR. The project is named like the scenario and the run like the run of simnet, so a
run that is resumed goes on in the same run of the tracker.
"""

import builtins
import importlib.util
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Protocol

from simnet.errors import UsageError
from simnet.foundation.distribution import install_command
from simnet.runs.options.options import check_track

_LONGEST = 250
"""Characters of a parameter, and bound of what MLflow takes."""
_LONGEST_PROJECT = 128
"""Characters of the name of a project of W&B."""
_NOT_IN_PROJECT = re.compile(r"[/\\#?%:]")
"""What W&B allows in no name of a project."""
_KILLED = 255
"""The exit code that W&B gives a run that was interrupted."""
_IN_EACH_POINT = "turns_done"
"""A figure that is always known."""


class Tracker(Protocol):
    """What shows runs elsewhere. Its methods are called in one thread and may raise anything."""

    def begin(self, run: str, experiment: str, facts: Mapping[str, str]) -> None:
        """Show a run that begins, or goes on: what is run, by name."""
        ...

    def log(self, figures: Mapping[str, float], seconds: float) -> None:
        """Add a point to each figure, `seconds` of wall time after the first turn."""
        ...

    def end(self, state: str) -> None:
        """Show how the run ended: `completed`, `interrupted` or `failed`."""
        ...


class MlflowTracker:
    """A run of MLflow, in the experiment of MLFLOW_EXPERIMENT_NAME or the scenario's name."""

    _STATES: Mapping[str, str] = {"completed": "FINISHED", "interrupted": "KILLED"}

    def __init__(self) -> None:
        mlflow = import_module("mlflow")  # slow, and no part of simnet
        self._mlflow = mlflow
        self._client = mlflow.MlflowClient()
        self._run = ""
        self._earlier = 0

    def begin(self, run: str, experiment: str, facts: Mapping[str, str]) -> None:
        """Find the run of MLflow with this id of ours, or make one."""
        experiment = os.environ.get("MLFLOW_EXPERIMENT_NAME") or experiment
        found = self._client.get_experiment_by_name(experiment)
        number = found.experiment_id if found else self._client.create_experiment(experiment)
        known = self._client.search_runs([number], f"tags.`simnet.run` = '{run}'")
        if known:
            self._run = known[0].info.run_id
            self._client.update_run(self._run, status="RUNNING")
            points = self._client.get_metric_history(self._run, _IN_EACH_POINT)
            self._earlier = max((point.step + 1 for point in points), default=0)
            return
        made = self._client.create_run(number, run_name=run, tags={"simnet.run": run})
        self._run = made.info.run_id
        for name, value in facts.items():
            self._client.log_param(self._run, name, value[:_LONGEST])

    def log(self, figures: Mapping[str, float], seconds: float) -> None:
        """Log the figures as metrics, whose step is the wall second, after those of earlier parts.

        MLflow takes the value of the highest step for the newest.
        """
        now, step = round(1000 * time.time()), self._earlier + round(seconds)
        metric = self._mlflow.entities.Metric
        metrics = [metric(name, value, now, step) for name, value in figures.items()]
        self._client.log_batch(self._run, metrics=metrics)

    def end(self, state: str) -> None:
        """Set the status of the run."""
        self._client.set_terminated(self._run, status=self._STATES.get(state, "FAILED"))


class WandbTracker:
    """A run of Weights & Biases, in the project of WANDB_PROJECT or the scenario's name.

    Its id is that of the run of simnet. It is another run than one which the program that calls
    simnet may have open, and neither the terminal nor code is recorded in it.
    """

    _EXITS: Mapping[str, int] = {"completed": 0, "interrupted": _KILLED}

    def __init__(self) -> None:
        self._wandb = import_module("wandb")
        self._run: Any = None
        self._earlier = 0.0

    def begin(self, run: str, experiment: str, facts: Mapping[str, str]) -> None:
        """Begin the run of W&B with this id, or go on with it.

        Raises UsageError where W&B is to be reached and has no key: it would ask for one on the
        terminal, in the midst of a run.
        """
        wandb = self._wandb
        mode = wandb.setup().settings.mode
        if mode in {"online", "run", "shared"} and not wandb.login(prompt=False, verify=False):
            raise UsageError("W&B has no key: run `wandb login`, or set WANDB_MODE=offline")
        settings = wandb.Settings(
            console="off", save_code=False, silent=True, reinit="create_new", resume="allow"
        )
        project = os.environ.get("WANDB_PROJECT") or project_name(experiment)
        self._run = wandb.init(
            project=project, id=run, name=run, config=dict(facts), settings=settings
        )
        if self._run.resumed:
            self._earlier = float(self._run.summary.get("elapsed") or 0.0)
        self._run.define_metric("*", step_metric="elapsed")

    def log(self, figures: Mapping[str, float], seconds: float) -> None:
        """Log the figures, over `elapsed`: the wall seconds, after those of earlier parts."""
        self._run.log({**figures, "elapsed": self._earlier + seconds})

    def end(self, state: str) -> None:
        """Finish the run: an exit code other than 0 is shown as failed, or as killed."""
        self._run.summary["state"] = state
        self._run.finish(exit_code=self._EXITS.get(state, 1))


class TrackioTracker:
    """A run of trackio, in the project with the scenario's name.

    trackio knows no state of a run, so how it ended is a figure too: `completed`, `interrupted`
    or `failed`, which is 1.
    """

    def __init__(self) -> None:
        for name in ("trackio", "trackio.run", "trackio.utils"):
            # What it prints would be among the lines of the run on the standard output.
            vars(import_module(name))["print"] = _silent_in(threading.current_thread())
        self._trackio = import_module("trackio")
        self._run: Any = None

    def begin(self, run: str, experiment: str, facts: Mapping[str, str]) -> None:
        """Begin the run of trackio with this name, or go on with it."""
        self._run = self._trackio.init(
            project_name(experiment), run, config=dict(facts), resume="allow", embed=False
        )

    def log(self, figures: Mapping[str, float], seconds: float) -> None:
        """Log the figures, as the next step."""
        self._run.log(dict(figures))

    def end(self, state: str) -> None:
        """Log the state, and write what is still to be written."""
        self._run.log({state: 1.0})
        self._run.finish()


def project_name(experiment: str) -> str:
    """Return the name of a project that the name of a scenario gives."""
    return _NOT_IN_PROJECT.sub("-", experiment)[:_LONGEST_PROJECT]


def _silent_in(thread: threading.Thread) -> Callable[..., None]:
    """Return a `print` that prints in any thread but this one."""

    def print_elsewhere(*values: object, **options: Any) -> None:
        if threading.current_thread() is not thread:
            builtins.print(*values, **options)  # noqa: T201

    return print_elsewhere


TRACKERS: Mapping[str, Callable[[], Tracker]] = {
    "mlflow": MlflowTracker,
    "wandb": WandbTracker,
    "trackio": TrackioTracker,
}
"""How each is made, by the names of `--track`, which are those of packages and of extras."""


def check_tracker(name: str | None) -> None:
    """Raise UsageError for a tracker that is not known or not installed."""
    check_track(name)
    if name is not None and importlib.util.find_spec(name) is None:
        raise UsageError(f"{name} is not installed: {install_command(name)}")
