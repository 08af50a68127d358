"""Facts of the operating system that several parts depend on."""

import signal

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals that stop a run, or what it has started."""
LONGEST_SOCKET = 107
"""Bytes of the longest path of a socket on Linux."""
