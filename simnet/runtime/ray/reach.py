"""Looks whether a cluster can be reached, which Ray itself tries for a quarter of an hour."""

import socket

from simnet.errors import RunError

PATIENCE = 5.0
"""Wall seconds in which something has to answer."""


def check_listens(address: str) -> None:
    """Raise RunError unless something listens where a Ray cluster is said to be.

    An address without a port, such as `auto`, is left to Ray.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise RunError(f"there is no Ray cluster at {address}: {error}") from error
