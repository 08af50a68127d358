"""Connects this process to a Ray cluster, or starts Ray on this machine."""

import asyncio
import json
import logging
import os
import socket
import sys

import psutil
import ray
from ray._private import ray_constants, services
from ray._raylet import AuthenticationTokenLoader, Config  # type: ignore[attr-defined]

from simnet.errors import RunError
from simnet.runtime.kept_engines import Serving, serving_at
from simnet.runtime.nodes.cluster_wishes import job_command
from simnet.runtime.ray.session.daemon_call import in_daemon_thread
from simnet.runtime.ray.session.guests import enter_as_guest
from simnet.runtime.ray.session.local_ray import LOCAL_ENVIRONMENT, start_ray, stop_ray
from simnet.runtime.ray.session.ray_output import REDIRECTION

CONNECT_SECONDS = 5.0
"""Wall seconds in which the cluster has to accept a connection."""
INIT_SECONDS = 60.0
"""Wall seconds that Ray has to connect this process once the cluster has answered."""
_DENIED = ("InvalidAuthToken", "authentication token", "Unauthenticated")
_PROBE = """
import json, sys
from ray._raylet import GcsClient
infos = GcsClient(address=sys.argv[1]).get_all_node_info(timeout=10).values()
print(json.dumps([info.node_manager_address for info in infos if info.state == 0]))
"""
"""Asks the head for the addresses of its nodes.

It runs in a process of its own: it may wait for long, and it prints on the terminal.
"""


_WORKER = logging.getLogger("ray._private.worker")


def _is_news(record: logging.LogRecord) -> bool:
    """Leave out that Ray handles no signal: simnet does."""
    return "SIGTERM handler" not in record.getMessage()


class _Ahead:
    """Whether the connection of this process was made before the run that is to own it."""

    made = False


async def connect(address: str | None) -> bool:
    """Connect to the cluster at `address`, or start Ray here if that is None.

    Returns whether it did: False if this process was connected already. Raises RunError if there
    is no cluster, or if Ray does not start. Signals are handled meanwhile.
    """
    if ray.is_initialized():
        made, _Ahead.made = _Ahead.made, False
        return made
    REDIRECTION.begin()
    if address is None:
        start_ray()
        return True
    address = resolved(address)
    check_listens(address)
    if (serving := serving_at(address)) is not None:
        _prepare_for(serving)
    await _check_node(address)
    await _join(address)
    return True


def _prepare_for(serving: Serving) -> None:
    """Let this process join a Ray that `simnet serve` has started on this machine."""
    environment = {**LOCAL_ENVIRONMENT, "RAY_AUTH_TOKEN": serving.token}
    os.environ.update({name: environment[name] for name in LOCAL_ENVIRONMENT})
    ray_constants.ENABLE_RAY_CLUSTER = False  # else 127.0.0.1 is taken for this host's address
    Config.initialize("")  # Ray read the environment when it was imported
    AuthenticationTokenLoader.instance().reset_cache()
    enter_as_guest()


def is_connected() -> bool:
    """Tell whether this process is connected to Ray."""
    return bool(ray.is_initialized())


async def connect_ahead(address: str) -> None:
    """Connect before the run begins, so that nothing is left behind if there is no cluster."""
    if not ray.is_initialized():
        _Ahead.made = await connect(address)


def disconnect_ahead() -> None:
    """Undo `connect_ahead` where no run has taken the connection."""
    if _Ahead.made:
        _Ahead.made = False
        disconnect()


def disconnect() -> None:
    """End the connection of this process, and the Ray that it started, if it did."""
    stop_ray()


def resolved(address: str) -> str:
    """Return the HOST:PORT of the head for `auto`, which a run looks up once.

    Raises RunError if no Ray runs on this machine.
    """
    if address != "auto":
        return address
    try:
        return str(services.get_ray_address_from_environment(address, None))
    except ConnectionError as error:
        raise RunError(
            "there is no Ray cluster that this machine belongs to: no Ray runs here. Start one "
            "with `ray start --head`, join one with `ray start --address HEAD:6379`, name its head "
            "with --address HEAD:6379, or leave --address out to start Ray for this run alone"
        ) from error


def check_listens(address: str) -> None:
    """Raise RunError if nothing listens at the address of a cluster.

    `ray.init` would retry for 15 minutes. An address without a port is not checked.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise RunError(
            f"there is no Ray cluster at {address}: {error}; start one there with `ray start "
            "--head`, or give the HOST:PORT that it printed when it started"
        ) from error


async def _check_node(address: str) -> None:
    """Raise RunError if the cluster does not let this process in, or this machine is no node."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _PROBE,
        address,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    said: list[str] = []
    try:
        async with asyncio.timeout(INIT_SECONDS):
            async for line in process.stderr:
                said.append(line.decode(errors="replace"))
                if any(words in said[-1] for words in _DENIED):
                    raise _token_missing(address)
            text = await process.stdout.read()
            await process.wait()
    except TimeoutError as error:
        raise RunError(
            f"the Ray cluster at {address} accepts connections and does not answer; see there: "
            "ray status"
        ) from error
    finally:
        if process.returncode is None:  # never one that ends by itself: asyncio would lose it
            process.kill()
            await process.wait()
    if not text:
        why = said[-1].strip() if said else "no reason given"
        raise RunError(f"what listens at {address} is no Ray cluster that can be used: {why}")
    nodes = [str(node) for node in json.loads(text)]
    if not _own_addresses().intersection(nodes):
        raise RunError(_no_node(address, nodes))


def _token_missing(address: str) -> RunError:
    here = "RAY_AUTH_TOKEN, RAY_AUTH_TOKEN_PATH or ~/.ray/auth_token"
    return RunError(
        f"the Ray cluster at {address} asks for a token, and the one of this process is missing or "
        f"another: put the token of the cluster into {here} here, as on its nodes, and set "
        "RAY_AUTH_MODE=token"
    )


def _no_node(address: str, nodes: list[str]) -> str:
    shown = ", ".join(nodes[:5]) + (f" and {len(nodes) - 5} more" if len(nodes) > 5 else "")
    job = job_command(address.rpartition(":")[0])
    return (
        f"there is a Ray cluster at {address}, and this machine is no node of it; its nodes are "
        f"{shown or 'none'}. Run the command on one of them, make this machine a node with `ray "
        f"start --address {address}`, or send the run there as a job: {job}"
    )


def _own_addresses() -> set[str]:
    return {
        address.address for addresses in psutil.net_if_addrs().values() for address in addresses
    }


def _init(address: str) -> None:
    _WORKER.addFilter(_is_news)
    ray.init(address=address, log_to_driver=False, configure_logging=False)


async def _join(address: str) -> None:
    """Connect this process, within a deadline; it stays free to handle signals."""
    try:
        async with asyncio.timeout(INIT_SECONDS):
            await in_daemon_thread(lambda: _init(address))
    except TimeoutError as error:
        raise RunError(
            f"the Ray cluster at {address} did not take this process within {INIT_SECONDS:g} s"
        ) from error
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise RunError(f"there is no Ray cluster at {address}: {error}") from error
