"""Checks that the fields of an action hold what their kinds say.

Actions that a model chose are made from its reply and are right. Those of a behaviour or a cue
are written by a user, and a wrong value would only be found where it is used or recorded.
"""

from simnet.errors import ActionError
from simnet.foundation.text import storable
from simnet.foundation.user_code import shown
from simnet.world.actions import Action, Field, check_numbers, fields_of

_LARGEST = 2**63 - 1
"""Largest number of a post that a table can hold."""


def problem_of(action: Action) -> str | None:
    """Say which field of an action is wrong, and what it wants; None if all are right."""
    for field in fields_of(type(action)):
        value = getattr(action, field.name, None)
        wanted = _wanted(field, value)
        if wanted is not None:
            return f"{type(action).__name__}({field.name}={shown(value)}): give {wanted}"
    try:
        check_numbers(action)
    except ActionError as error:
        return str(error)
    return None


def _wanted(field: Field, value: object) -> str | None:
    """Say what a field wants if the value is something else."""
    match field.kind:
        case "post":
            right = type(value) is int and abs(value) <= _LARGEST
            wanted = "the number of a post, such as view.posts[0].id"
        case "member":
            right, wanted = isinstance(value, str), "a handle, such as view.posts[0].author"
        case "group":
            right, wanted = isinstance(value, str), "the name of a group"
        case "community":
            right, wanted = isinstance(value, str), "the name of a community"
        case "text":
            right = isinstance(value, str) and storable(value) == value
            wanted = "a text without half characters" if isinstance(value, str) else "a text"
        case "choice":
            right, wanted = str(value) in field.choices, f"one of {', '.join(field.choices)}"
        case _:
            return None
    return None if right else wanted
