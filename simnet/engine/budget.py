"""What a run may cost at most. A run that has spent it stops in good order and can be resumed."""

from typing import NamedTuple

from simnet.engine.news import Progress


class Budget(NamedTuple):
    """Limits of one start of a run; what a resumed run had spent before does not count."""

    tokens: int | None = None
    """Tokens in and out together; those that a cache had count as well."""
    calls: int | None = None
    minutes: float | None = None
    """Wall minutes since all that a run needs has started; whoever runs it keeps the time."""

    def spent(self, progress: Progress) -> str | None:
        """Say which limit other than that of time is reached; None if none is.

        What is under way when it is reached is finished, so a run ends a little above it.
        """
        usage = progress.usage
        tokens = usage.prompt_tokens + usage.output_tokens
        if self.tokens is not None and tokens >= self.tokens:
            return f"budget: {tokens:,} of {self.tokens:,} tokens"
        if self.calls is not None and usage.calls >= self.calls:
            return f"budget: {usage.calls:,} of {self.calls:,} calls"
        return None


UNLIMITED = Budget()
SPENT = 75
"""Exit code of a run that stopped because its budget was spent: try again, it says in sysexits."""
