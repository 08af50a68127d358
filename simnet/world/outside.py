"""Changes of a world that nobody in it makes: bans, posts taken down, ties, joining and leaving.

Each function changes a world, or raises ActionError and leaves it as it was. Members are positions
in `world.handles`.
"""

from simnet.errors import ActionError
from simnet.world.actions import Effect
from simnet.world.state.world_state import WorldState


def ban(world: WorldState, whom: int) -> Effect:
    """Wake a member no more, refuse what they had begun, and hide their posts."""
    _check_present(world, whom)
    if whom in world.suspended and whom not in world.suspension_ends:
        raise ActionError(f"@{world.handles[whom]} is banned already")
    world.bar(whom)
    return Effect(whom=world.handles[whom])


def reinstate(world: WorldState, whom: int) -> Effect:
    """End a ban, or the suspension by a moderator."""
    _check_present(world, whom)
    if whom not in world.suspended:
        raise ActionError(f"@{world.handles[whom]} is not banned")
    world.reinstate(whom)
    world.triggered.append((whom, "reinstated"))
    return Effect(whom=world.handles[whom])


def join(world: WorldState, whom: int) -> Effect:
    """Let somebody who is away be there: wake, act, be seen and be followed."""
    if whom not in world.absent:
        raise ActionError(f"@{world.handles[whom]} is there already")
    world.absent.remove(whom)
    world.reinstate(whom)
    world.triggered.append((whom, "reinstated"))
    return Effect(whom=world.handles[whom])


def leave(world: WorldState, whom: int) -> Effect:
    """Take a member away, with all their ties; their posts stand, and are hidden while away."""
    _check_present(world, whom)
    make_absent(world, whom)
    for followee in world.network.followees(whom).tolist():
        world.network.unfollow(whom, followee)
    for follower in world.network.followers(whom).tolist():
        world.network.unfollow(follower, whom)
    return Effect(whom=world.handles[whom])


def make_absent(world: WorldState, whom: int) -> None:
    """Let somebody be away; who is away is suspended too."""
    world.absent.add(whom)
    world.bar(whom)


def remove_post(world: WorldState, number: int) -> Effect:
    """Take a post down, as a moderator's `remove` does."""
    post = world.standing_post(number)
    post.removed = True
    world.settle(post)
    return Effect(post.id, root=post.root, whom=post.author)


def add_tie(world: WorldState, follower: int, followee: int) -> Effect:
    """Let one member follow another, whatever they think of it."""
    _check_present(world, follower)
    _check_present(world, followee)
    if world.network.follows(follower, followee):
        raise ActionError(f"@{world.handles[follower]} follows @{world.handles[followee]} already")
    world.network.follow(follower, followee)
    return Effect(whom=world.handles[followee])


def remove_tie(world: WorldState, follower: int, followee: int) -> Effect:
    """Let one member follow another no more."""
    if not world.network.follows(follower, followee):
        raise ActionError(f"@{world.handles[follower]} does not follow @{world.handles[followee]}")
    world.network.unfollow(follower, followee)
    return Effect(whom=world.handles[followee])


def _check_present(world: WorldState, whom: int) -> None:
    if whom in world.absent:
        raise ActionError(world.why_hidden(whom))
