"""What a run may cost at most. A run that has spent it stops in good order and can be resumed."""

from math import inf
from typing import NamedTuple

from simnet.scheduler.messages import Usage

TYPICAL = 500
"""Tokens that a call is taken to cost before the first is back."""


class Budget(NamedTuple):
    """Limits of one start of a run; what a resumed run had spent before does not count."""

    tokens: int | None = None
    """Tokens in and out together; those that a cache had count as well."""
    calls: int | None = None
    minutes: float | None = None
    """Wall minutes since all that a run needs has started; whoever runs it keeps the time."""

    def spent(self, usage: Usage) -> str | None:
        """Say which limit other than that of time is reached; None if none is."""
        tokens = usage.prompt_tokens + usage.output_tokens
        if self.tokens is not None and tokens >= self.tokens:
            return f"budget: {tokens:,} of {self.tokens:,} tokens"
        if self.calls is not None and usage.calls >= self.calls:
            return f"budget: {usage.calls:,} of {self.calls:,} calls"
        return None

    def calls_left(self, usage: Usage) -> float:
        """Tell how many more calls it pays for, at the tokens that those so far took each.

        What is under way when a limit is reached is finished, so no more should be begun.
        """
        calls = inf if self.calls is None else self.calls - usage.calls
        if self.tokens is not None:
            spent = usage.prompt_tokens + usage.output_tokens
            each = spent / usage.calls if usage.calls else TYPICAL
            calls = min(calls, (self.tokens - spent) / max(each, 1))
        return calls


UNLIMITED = Budget()
SPENT = 75
"""Exit code of a run that stopped because its budget was spent: try again, it says in sysexits."""
