"""One look ahead: which views are likely to come next, found in a copy of the kernel.

The copy is given each decision that is known, and the decision to do nothing where none is. So
what it shows is a guess, which is right if the decisions that are not known change nothing of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from simnet.clock import Seconds
from simnet.errors import UserCodeError
from simnet.kernel.scratch_kernel import ScratchKernel
from simnet.kernel.status import Status
from simnet.world.decision import Decision
from simnet.world.feeds.sources import following
from simnet.world.state.posts import View

FOLLOWED = 48.0
"""A view changes as likely by one unknown decision of somebody whom its viewer follows as by this
many of others, where feeds show what those wrote whom one follows."""


@dataclass
class Glance:
    """What a look ahead found."""

    views: list[View] = field(default_factory=list)
    """The next view of each agent who is likely to have one, the earliest first; none of an agent
    whose last decision is not known."""
    reached: Seconds = 0.0
    """The simulated time up to which all was looked at."""


def look_ahead(
    scratch: ScratchKernel,
    decision_on: Callable[[View], Decision | None],
    wanted: Callable[[View, float], bool],
    until: Seconds,
    most_unknown: float,
) -> Glance:
    """Run a copy of a kernel ahead until `until`, in simulated seconds; it is used up by that.

    It ends before, once `most_unknown` turns have landed whose decisions are not known.
    `decision_on` returns the decision on a view if it is known. `wanted` gets each view and how
    many unknown decisions it may depend on, and says whether the look goes on. It ends too where
    code of the user fails.
    """
    glance, unknown = Glance(), set[int]()
    members = scratch.world.index
    known: dict[str, Decision] = {}
    seen, passed = set[str](), 0
    while True:
        try:
            status = scratch.advance(1, until)
        except UserCodeError:
            break  # it fails in the run too, if it comes to that
        if status is Status.FULL:
            view = scratch.views.pop()
            glance.reached = view.now
            if members[view.who] in unknown or view.who in seen:
                continue  # what the agent remembers then is not known
            seen.add(view.who)
            glance.views.append(view)
            decision = decision_on(view)
            if decision is not None:
                known[view.who] = decision
            if not wanted(view, _doubt(scratch, members[view.who], unknown)):
                return glance
        elif status is Status.WAITING:
            who, turn = scratch.awaited
            decision = known.pop(who, None)
            if decision is None or decision.turn != turn:
                if passed + 1 > most_unknown:
                    break
                passed += 1
                unknown.add(members[who])
                decision = Decision(who, turn, ())
            scratch.deliver([decision])
        else:
            glance.reached = until
            break
    return glance


def _doubt(scratch: ScratchKernel, viewer: int, unknown: set[int]) -> float:
    """Count the unknown decisions that a view may depend on, those of followed people more."""
    world = scratch.world
    if scratch.feeds[world.cohorts[viewer]].reads is not following:
        return len(unknown)
    followed = len(unknown & world.network.followee_set(viewer))
    return len(unknown) + (FOLLOWED - 1) * followed
