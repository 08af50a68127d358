"""Takes a decision on one view for another, which differs in the ids of its posts alone.

Ids count the posts of a world. A copy in which somebody's post is missing, as their decision is
not known, gives all later posts other ids. Prompts hold no ids, so the model is asked the same.
"""

from collections.abc import Mapping
from dataclasses import replace

from simnet.world.actions import Action, fields_of
from simnet.world.decision import Decision
from simnet.world.state.posts import View


def alike(one: View, other: View) -> bool:
    """Whether two views are equal but for the ids of their posts."""
    return one == other or (
        one._replace(posts=()) == other._replace(posts=())
        and [post._replace(id=0) for post in one.posts]
        == [post._replace(id=0) for post in other.posts]
    )


def renumbered(decision: Decision, decided: View, view: View) -> Decision:
    """Return a decision on the view `decided` as one on `view`, which is alike."""
    ids = {one.id: other.id for one, other in zip(decided.posts, view.posts, strict=True)}
    if all(one == other for one, other in ids.items()):
        return decision
    return decision._replace(actions=tuple(_renumbered(one, ids) for one in decision.actions))


def _renumbered(action: Action, ids: Mapping[int, int]) -> Action:
    posts = [field.name for field in fields_of(type(action)) if field.kind == "post"]
    return replace(action, **{name: ids.get(post := getattr(action, name), post) for name in posts})
