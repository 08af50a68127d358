"""How long simulated time waited for replies, and how many turns were out meanwhile."""

from typing import NamedTuple


class Load(NamedTuple):
    """What held a run back, in wall seconds since its first turn."""

    stalled: float = 0.0
    """Seconds in which the kernel waited at a Land for a decision."""
    out: float = 0.0
    """Turns without a decision, integrated over the seconds: `out / elapsed` is their mean."""

    def mean(self, elapsed: float) -> float:
        """Return how many turns waited for a decision on average over `elapsed` seconds."""
        return self.out / elapsed if elapsed > 0 else 0.0

    def stalled_share(self, elapsed: float) -> float:
        """Return the share of `elapsed` seconds in which the kernel waited, 0 to 1."""
        return min(1.0, self.stalled / elapsed) if elapsed > 0 else 0.0


class LoadMeter:
    """Measures a Load; its caller says each change and gives the time in seconds."""

    def __init__(self) -> None:
        self._at: float | None = None
        self._turns = 0
        self._out = self._stalled = 0.0
        self._since: float | None = None

    def turns(self, count: int, now: float) -> None:
        """Note how many turns have no decision from now on."""
        if self._at is not None:
            self._out += self._turns * (now - self._at)
        self._at, self._turns = now, count

    def stalls(self, now: float) -> None:
        """Note that the kernel waits from now on, until `goes_on`."""
        if self._since is None:
            self._since = now

    def goes_on(self, now: float) -> None:
        """Note that the kernel waits no more."""
        if self._since is not None:
            self._stalled += now - self._since
            self._since = None

    def load(self, now: float) -> Load:
        """Return what was measured until now."""
        self.turns(self._turns, now)
        waiting = now - self._since if self._since is not None else 0.0
        return Load(self._stalled + waiting, self._out)
