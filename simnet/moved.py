"""Names that stood at the top of simnet in 0.1. They warn in 0.2 and are gone in 0.3."""

import warnings
from importlib import import_module

_MOVED = {
    "behaviours": "Recall archetypes enforce lurk tiered touched",
    "errors": (
        "ActionError DivergenceError InputError ModelError ModelNotFoundError PersonaError "
        "RecordError RunError ScenarioError UsageError"
    ),
    "feeds": "Source both everything following popular reported",
    "models": "Completion Prompt ReplayModel",
    "networks": (
        "barabasi_albert edges erdos_renyi homophily lfr random_followees star_by_topic "
        "stochastic_block together watts_strogatz"
    ),
    "rankings": (
        "Post Ranking blend chronological collaborative diverse embeddings engagement hot "
        "interest mix shuffled split"
    ),
    "recommendations": (
        "Recommendation adamic_adar common_neighbours preferential_attachment random_walk"
    ),
    "rhythms": "Between Rhythm random_order respond round_robin zones",
    "verbs": (
        "EVERY_VERB MEMBER MODERATOR Block CreateGroup Dislike Dismiss Group JoinGroup Label "
        "LeaveGroup Member Message Mute Pin React Reinstate Remove Report SearchMembers "
        "SearchPosts SendToGroup Suspend Trend Unblock UndoDislike Unfollow Unlike Unmute"
    ),
}
"""Names by the namespace they are in now."""

PLACES = {
    "load": "simnet.load_personas",
    **{
        name: f"simnet.{namespace}.{name}"
        for namespace, names in _MOVED.items()
        for name in names.split()
    },
}
"""Where each name is now."""


def moved(name: str) -> object:
    """Return what had this name in 0.1, with a warning. Raises AttributeError for no such name."""
    if name not in PLACES:
        raise AttributeError(f"module 'simnet' has no attribute {name!r}")
    place = PLACES[name]
    warnings.warn(
        f"simnet.{name} is {place} since 0.2; the old name goes in 0.3",
        DeprecationWarning,
        stacklevel=3,
    )
    module, _, attribute = place.rpartition(".")
    return getattr(import_module(module), attribute)
