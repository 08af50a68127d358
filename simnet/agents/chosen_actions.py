"""Checks that what a behaviour returned is actions, and says what to return instead."""

from collections.abc import Sequence
from inspect import iscoroutine

from simnet.foundation.user_code import shown, wrong_result
from simnet.world.action_values import problem_of
from simnet.world.actions import Action

_LISTS = (list, Sequence)
"""Types of what a behaviour may return; the first is found faster."""


def actions_of(behaviour: object, chosen: object) -> tuple[Action, ...]:
    """List the actions that a behaviour returned. Raises UserCodeError for anything else."""
    actions = (chosen,) if isinstance(chosen, Action) else chosen
    if isinstance(actions, _LISTS) and all(isinstance(one, Action) for one in actions):
        problem = next(filter(None, map(problem_of, actions)), None)
        if problem is None:
            return tuple(actions)
    elif iscoroutine(chosen):
        chosen.close()
        problem = "a coroutine; write `return await ...`"
    else:
        problem = f"{shown(chosen)}, not actions; {_advice(chosen)}"
    raise wrong_result("behaviour", behaviour, f"returned {problem}")


def _advice(chosen: object) -> str:
    """Say what to return in place of something that is no action."""
    if chosen is None:
        return "end it with a return of actions, or of [] to do nothing"
    wrong = chosen
    if isinstance(chosen, Sequence) and not isinstance(chosen, str):
        wrong = next(one for one in chosen if not isinstance(one, Action))
    if isinstance(wrong, type) and issubclass(wrong, Action):
        return f"write {wrong.__name__}(...)"
    if isinstance(wrong, str):
        return f"put the text into an action, such as Write({shown(wrong)})"
    return "return an action, such as Write(text), or a list of them"
