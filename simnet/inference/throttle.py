"""How many requests an endpoint is sent at once: as many as it takes without complaint.

Additive increase and multiplicative decrease, as TCP does it: the number doubles with each
round of replies until the first complaint, is halved by one, and then grows by one a round.
"""

from itertools import count

from simnet.inference.admission import Admission

_AT_FIRST = 8


class Throttle:
    """Adapts the limit of an admission to what its endpoint says."""

    def __init__(self, most: int) -> None:
        self.admission = Admission(min(_AT_FIRST, most))
        self.throttled = 0
        """How often the endpoint said that it has too much to do."""
        self._most = most
        self._allowed = float(self.admission.limit)
        self._numbers = count(1)
        self._last = 0
        self._halved_at = 0

    def begin(self) -> int:
        """Give a number to a request that is sent now."""
        self._last = next(self._numbers)
        return self._last

    def succeeded(self) -> None:
        """Take note of a reply."""
        more = 1.0 if not self.throttled else 1.0 / self._allowed
        self._set(min(float(self._most), self._allowed + more))

    def complained(self, number: int) -> None:
        """Take note that a request was refused for want of room.

        Requests that were sent before the limit was last halved say nothing about the new one.
        """
        self.throttled += 1
        if number > self._halved_at:
            self._halved_at = self._last
            self._set(max(1.0, self._allowed / 2))

    def _set(self, allowed: float) -> None:
        self._allowed = allowed
        self.admission.limit = int(allowed)
