"""Connects this process to a Ray cluster, or starts Ray on this machine."""

import socket

import ray

from simnet.errors import RunError
from simnet.runtime.ray.session.local_ray import start_ray
from simnet.runtime.ray.session.ray_output import REDIRECTION

CONNECT_SECONDS = 5.0
"""Wall seconds in which the cluster has to accept a connection."""


def connect(address: str | None) -> bool:
    """Connect to the cluster at `address`, or start Ray here if that is None.

    Returns whether it did: False if this process was connected already. Raises RunError if there
    is no cluster, or if Ray does not start.
    """
    if ray.is_initialized():
        return False
    REDIRECTION.begin()
    if address is None:
        start_ray()
        return True
    check_listens(address)
    try:
        ray.init(address=address, log_to_driver=False, configure_logging=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise RunError(f"there is no Ray cluster at {address}: {error}") from error
    return True


def check_listens(address: str) -> None:
    """Raise RunError if nothing listens at the address of a cluster.

    `ray.init` would retry for 15 minutes. An address without a port, such as `auto`, is not
    checked.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise RunError(f"there is no Ray cluster at {address}: {error}") from error
