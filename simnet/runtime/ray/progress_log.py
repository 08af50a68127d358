"""Logs how a run goes, from the updates of its driver."""

import time
from collections.abc import AsyncIterator

from simnet.foundation import log
from simnet.scheduler.progress.messages import Finish, Progress

LOGGED_EVERY = 10.0
"""Wall seconds at least between two lines of progress."""
_LOG = log.get("simnet.scheduler")


async def log_progress(
    updates: AsyncIterator[Progress | Finish], every: float = LOGGED_EVERY
) -> AsyncIterator[Progress | Finish]:
    """Yield updates unchanged, and log the start, the progress, pauses and the end."""
    _LOG.info("scheduler started")
    due = 0.0
    paused: str | None = None
    async for update in updates:
        if isinstance(update, Finish):
            end = "stopped" if update.stopped else "completed"
            _LOG.info(end, digest=update.digest, **_figures(update.progress))
        elif update.paused != paused:
            paused = update.paused
            _LOG.warning("paused" if paused else "going on", why=paused, now=update.now)
        elif time.monotonic() >= due:
            due = time.monotonic() + every
            _LOG.info("progress", **_figures(update))
        yield update


def _figures(progress: Progress) -> dict[str, object]:
    ledger = progress.ledger
    return {
        "now": progress.now,
        "planned": ledger.planned,
        "done": ledger.done,
        "refused": ledger.refused.total(),
        "failed": ledger.failed.total(),
        "open": ledger.open,
        "calls": progress.usage.calls,
    }
