"""The errors that simnet raises on purpose, with their exit codes.

* SimnetError
  + UsageError        the command line names something that does not exist  exit code 2
    - EmptyExportError  a run has nothing that an export could write        exit code 1
  + InputError        a scenario or a file of the user is wrong          exit code 3
    - ScenarioError   a scenario contradicts itself or raised
      . UserCodeError   a function of the user raised, or returned what it may not
    - PersonaError    a persona or a persona file is broken
  + ModelNotFoundError  no weights were found under that name            exit code 3
  + RecordError       a run directory cannot be written or read          exit code 4
    - DivergenceError a replayed prompt differs from the recorded one
    - SupersededError another process has taken over the run directory
    - DiskError       the disk refused a write; what was not acknowledged is kept
      . DiskFullError   because it is full
      . DiskRefusalError  for a reason that does not pass by itself
  + RunError          the run cannot go on: the engine or an actor died  exit code 1
    - ModelGoneError  the model as a whole is gone; its owner may make a new one
    - ActorDiedError  an actor is gone; the run can be rebuilt from its record
  + ActionError       an action the world does not allow
  + ModelError        a model gave no reply that can be used

UsageError, InputError and ModelNotFoundError are raised before anything starts, but for a
UserCodeError: it ends a run in good order, or fails a turn.
An ActionError or a ModelError never leaves the engine: it becomes a row with the
outcome `refused` or `failed` and the run goes on. The others end the run.
"""

from pathlib import Path, PurePath
from typing import Any


class SimnetError(Exception):
    """Base class of every error simnet raises on purpose."""

    exit_code = 1


class UsageError(SimnetError):
    """The command line names something that does not exist."""

    exit_code = 2


class EmptyExportError(UsageError):
    """A run has nothing that the export which was asked for could write; says why."""

    exit_code = 1


class InputError(SimnetError):
    """A scenario or a file of the user is wrong; says what, where and how to mend it."""

    exit_code = 3


class ScenarioError(InputError):
    """A scenario contradicts itself or raised while it was built."""


class UserCodeError(ScenarioError):
    """A function of the user raised, or returned what it may not.

    It survives a trip between processes with all its fields.
    """

    def __init__(
        self,
        kind: str,
        function: str,
        problem: str,
        *,
        cohort: str | None = None,
        handle: str | None = None,
        turn: int | None = None,
        file: str | None = None,
        line: int | None = None,
        source: str | None = None,
        interrupted: bool = False,
    ) -> None:
        super().__init__(kind, function, problem)
        self.kind = kind
        """What the function is: behaviour, ranking, source, rhythm, verb, ties and so on."""
        self.function = function
        self.problem = problem
        """What it did wrong, such as `raised KeyError: 'mood'`."""
        self.cohort = cohort
        self.handle = handle
        """The persona for whom it ran."""
        self.turn = turn
        self.file = file
        """The file of the user's own frame; None if there is none."""
        self.line = line
        self.source = source
        """The line of the file."""
        self.interrupted = interrupted
        """Whether a signal stopped the function."""
        self.run: str | None = None
        """The id of the run that it stopped."""
        self.settled = 0.0
        """The simulated time before which no turn was under way when it stopped the run."""

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.args, self.__dict__

    @property
    def reason(self) -> str:
        """What it is in a record: the same in every process and folder."""
        place = f" ({PurePath(self.file).name}:{self.line})" if self.file else ""
        return f"{self.kind} {self.function} {self.problem}{place}"

    def __str__(self) -> str:
        where = f"cohort {self.cohort!r}: " if self.cohort is not None else ""
        whom = f"@{self.handle}" if self.handle is not None else ""
        if self.turn is not None:
            whom += f", turn {self.turn}"
        place = f"{short_path(self.file)}:{self.line}" if self.file else ""
        if place and self.source:
            place += f": {self.source}"
        details = "; ".join(filter(None, [whom, place]))
        text = f"{where}{self.kind} {self.function} {self.problem}"
        return f"{text} ({details})" if details else text


class ScenarioWarning(UserWarning):
    """A scenario that can be run and is probably not what is meant."""


def short_path(file: str) -> str:
    """Write a path relative to the current folder, if it is below that."""
    path, here = Path(file), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else file


class PersonaError(InputError):
    """A persona or a persona file is broken."""


class ModelNotFoundError(SimnetError):
    """No weights were found under that name."""

    exit_code = 3


class RecordError(SimnetError):
    """A run directory cannot be written or read."""

    exit_code = 4


class DivergenceError(RecordError):
    """A replayed prompt, or a row that is made again, differs from the recorded one."""


class SupersededError(RecordError):
    """Another process writes the record now; this one must not touch it any more."""


class DiskError(RecordError):
    """The disk refused a write. Nothing acknowledged is lost; the write can be tried again."""


class DiskFullError(DiskError):
    """The disk is full; the write can be tried again when there is room."""


class DiskRefusalError(DiskError):
    """The disk refused for a reason that does not pass: rights, a read-only disk, a wrong path."""


class RunError(SimnetError):
    """The run cannot go on."""


class ModelGoneError(RunError):
    """The model is gone and answers none of its prompts; its owner may start a new one.

    `cause` says why in two or three words that are always the same, so that it can be counted.
    """

    def __init__(self, message: str, cause: str = "engine died") -> None:
        super().__init__(message)
        self.cause = cause


class ActorDiedError(RunError):
    """An actor of the run is gone; the run can be rebuilt from its record."""


class ActionError(SimnetError):
    """An action the world does not allow; recorded as `refused`."""


class ModelError(SimnetError):
    """A model gave no reply that can be used; recorded as `failed`."""


def reason(fault: BaseException) -> str:
    """Describe an error in one line, by the cause at the end of its chain."""
    while fault.__cause__ is not None:
        fault = fault.__cause__
    lines = str(fault).strip().splitlines()
    return f"{type(fault).__name__}: {lines[0]}" if lines else type(fault).__name__


__all__ = [
    "ActionError",
    "ActorDiedError",
    "DiskError",
    "DiskFullError",
    "DiskRefusalError",
    "DivergenceError",
    "EmptyExportError",
    "InputError",
    "ModelError",
    "ModelGoneError",
    "ModelNotFoundError",
    "PersonaError",
    "RecordError",
    "RunError",
    "ScenarioError",
    "ScenarioWarning",
    "SimnetError",
    "SupersededError",
    "UsageError",
    "UserCodeError",
    "reason",
]
