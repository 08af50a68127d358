"""Checks what the rule of a verb of the user's own returns."""

from simnet.foundation.text import storable
from simnet.foundation.user_code import shown, wrong_result
from simnet.world.actions import Action, Effect

_NUMBERS = ("post", "made", "root")


def check_effect(action: Action, effect: object, posts: int) -> None:
    """Raise UserCodeError unless a verb's rule returned an Effect that can be recorded.

    `posts` is how many posts there are.
    """
    if not isinstance(effect, Effect):
        problem = f"returned {shown(effect)}; end its `do` with `return Effect(...)`"
        raise wrong_result("verb", type(action).do, problem, name=repr(action.verb))
    for name, value in effect._asdict().items():
        if value is None:
            continue
        if name in _NUMBERS:
            right, wanted = type(value) is int and 0 <= value < posts, "the number of a post"
        else:
            right = isinstance(value, str) and storable(value) == value
            wanted = "a text"
        if not right:
            problem = f"returned Effect({name}={shown(value)}); give {wanted}, or None"
            raise wrong_result("verb", type(action).do, problem, name=repr(action.verb))
