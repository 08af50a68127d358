"""Adapts the number of requests in flight to what an endpoint accepts.

Slow start, then additive increase and multiplicative decrease, as in TCP (Jacobson 1988): the
limit doubles with each round of replies until the first refusal, is halved by a refusal, and
then grows by one a round.
"""

from itertools import count

from simnet.inference.calls.admission import Admission

_AT_FIRST = 8


class Throttle:
    """An admission whose limit follows the endpoint's refusals."""

    def __init__(self, most: int) -> None:
        self.admission = Admission(min(_AT_FIRST, most))
        self.throttled = 0
        """How often the endpoint refused a request because it was busy."""
        self._most = most
        self._allowed = float(self.admission.limit)
        self._numbers = count(1)
        self._last = 0
        self._halved_at = 0

    def begin(self) -> int:
        """Return the number of a request that is sent now."""
        self._last = next(self._numbers)
        return self._last

    def succeeded(self) -> None:
        """Count a reply."""
        more = 1.0 if not self.throttled else 1.0 / self._allowed
        self._set(min(float(self._most), self._allowed + more))

    def refused(self, number: int) -> None:
        """Count a request that was refused because the endpoint was busy.

        Refusals of requests that were sent before the limit was last halved do not halve it again.
        """
        self.throttled += 1
        if number > self._halved_at:
            self._halved_at = self._last
            self._set(max(1.0, self._allowed / 2))

    def _set(self, allowed: float) -> None:
        self._allowed = allowed
        self.admission.limit = int(allowed)
