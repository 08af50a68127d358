"""Ends the connection to a cluster whose head is lost, where Ray's own way waits for minutes."""

import asyncio
from contextlib import suppress

import ray

from simnet.runtime.ray.session.daemon_call import in_daemon_thread
from simnet.runtime.ray.session.guests import leave_as_guest
from simnet.runtime.ray.session.ray_output import REDIRECTION

END_SECONDS = 2.0
"""Wall seconds in which Ray may end the connection by itself."""


async def end_connection() -> None:
    """End the connection, or leave that to the end of this process if Ray takes too long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(END_SECONDS):
            await in_daemon_thread(ray.shutdown)
        leave_as_guest()
        REDIRECTION.end()
