"""Sets up the process of an actor that runs code of the user."""

from simnet.foundation.log import ActorLogs
from simnet.runtime.code_watchdog import Watchdog
from simnet.runtime.printed_lines import capture_prints


def set_up(logs: ActorLogs | None) -> None:
    """Log to `logs`, watch how long code of the user runs, and log what it prints."""
    if logs is not None:
        logs.set_up()
    Watchdog().start()
    capture_prints()
