"""Connects this process to a Ray cluster, or starts Ray on this machine."""

import os
import socket
from typing import Any

import ray

from simnet.errors import RunError

CONNECT_SECONDS = 5.0
"""Wall seconds in which the cluster has to accept a connection."""


def connect(address: str | None) -> bool:
    """Connect to the cluster at `address`, or start Ray here if that is None.

    Returns whether it did: False if this process was connected already. Raises RunError if there
    is no cluster.
    """
    if ray.is_initialized():
        return False
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address is None:
        options |= {"include_dashboard": False, "configure_logging": True}
        # Ray's own niceness, 15, lets any other computation on this machine starve the run.
        os.environ.setdefault("RAY_worker_niceness", "0")
    else:
        check_listens(address)
    try:
        ray.init(address=address or "local", **options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise RunError(
            f"there is no Ray cluster at {address or 'this machine'}: {error}"
        ) from error
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
