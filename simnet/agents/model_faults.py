"""Errors of models and behaviours, as a host raises them."""

import asyncio
from collections.abc import Generator
from typing import NoReturn

from simnet.errors import RunError, SimnetError
from simnet.foundation.user_code import located, shown
from simnet.inference.model import Completion, Model, Prompt
from simnet.world.decision import Decision


def refuse(deciding: Generator[Prompt, Completion, Decision], awaited: object) -> NoReturn:
    """Raise TypeError for what a behaviour awaits; if it can be, where it awaits that."""
    problem = f"it awaits {shown(awaited)}; it may only await `ask`"
    deciding.throw(TypeError(problem))
    deciding.close()
    raise TypeError(problem)


def is_cancelled(error: BaseException) -> bool:
    """Whether this task is cancelled, and its model did not raise CancelledError by itself."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


def model_error(error: BaseException, model: Model) -> Exception:
    """Return what a run raises for an error of a model."""
    if isinstance(error, SimnetError):
        return error
    fault = located(error)
    if fault is not None:
        fault.kind, fault.function = "model", model.name
        return fault
    return error if isinstance(error, Exception) else RunError(f"the model raised {error!r}")
