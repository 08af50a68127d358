"""Sources made of sources."""

from simnet.foundation.arguments import checked
from simnet.world.feeds.boundary import found_by
from simnet.world.feeds.sources import AnySource, Entry, Look, SourceOfLook, look_of
from simnet.world.state.world_state import WorldState


@checked
def both(one: AnySource, other: AnySource) -> SourceOfLook:
    """Offer what either source offers, `one` first when room is short."""

    def find(
        world: WorldState, viewer: int, first: Entry, limit: int, look: Look | None = None
    ) -> list[Entry]:
        look = look or look_of(world, viewer, world.now, turn=0, seed=0)
        found = dict.fromkeys(found_by(one, world, viewer, first, limit, look))
        if len(found) < limit:
            left = limit - len(found)
            found.update(dict.fromkeys(found_by(other, world, viewer, first, left, look)))
        return sorted(found, reverse=True)

    return find
