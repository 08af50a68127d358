"""How many views are sent at once."""

from simnet.scheduler.budget import UNLIMITED, Budget
from simnet.scheduler.progress.messages import Usage

SMALLEST_BATCH, LARGEST_BATCH = 400, 1600
"""A batch of views is a quarter of the views in flight, within these bounds. Long batches cost
less for each view, and four of them keep all processes busy."""


VIEWS_IN_FLIGHT = 16_384
"""Most views without a decision: bounds what hosts and model servers have to hold."""


def batch_limit(in_flight: int, budget: Budget, usage: Usage) -> int:
    """Return how long the next batch of views may get; the budget pays a call for each.

    It is 0 until there is room for a batch that is not too short.
    """
    room = VIEWS_IN_FLIGHT - in_flight
    if room < SMALLEST_BATCH:
        return 0
    limit = min(LARGEST_BATCH, room, max(SMALLEST_BATCH, in_flight // 4))
    if budget == UNLIMITED:
        return limit
    left = budget.calls_left(usage) - in_flight
    return int(min(limit, left if in_flight else max(left, 1)))
