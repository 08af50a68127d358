"""Upper limits on what a run costs. A run that reaches one is sealed and can be resumed."""

from math import inf
from typing import NamedTuple

from simnet.errors import UsageError
from simnet.foundation.text import counted
from simnet.scheduler.progress.messages import Usage

TOKENS_PER_CALL = 500
"""Estimate of the tokens of a call, used until the first call has returned, and for each call of
which the model does not tell them."""


class Budget(NamedTuple):
    """Limits of one start of a run; the cost before a resume does not count."""

    tokens: int | None = None
    """Prompt and output tokens together, cached ones included."""
    calls: int | None = None
    minutes: float | None = None
    """Wall minutes of turns, start-up not counted; the launcher measures them."""
    failures: bool = True
    """Whether the run fails when most model calls fail; see `FailureLimit`."""
    before: Usage = Usage()
    """What this start of the run cost until its actors were made again."""

    def after(self, usage: Usage) -> "Budget":
        """Return the budget of actors that are made again, after others that cost `usage`."""
        return self._replace(before=self.before.plus(usage))

    def spent(self, usage: Usage) -> str | None:
        """Return a message that names the limit of tokens or calls that is reached, or None."""
        usage = usage.plus(self.before)
        tokens = _tokens(usage)
        if self.tokens is not None and tokens >= self.tokens:
            untold = _untold(usage)
            note = f" (calls of unknown length taken as {TOKENS_PER_CALL}: {untold:,})"
            spent = f"budget: {tokens:,} of {counted(self.tokens, 'token')}"
            return f"{spent}{note if untold else ''}"
        if self.calls is not None and _calls(usage) >= self.calls:
            return f"budget: {_calls(usage):,} of {counted(self.calls, 'call')}"
        return None

    def calls_left(self, usage: Usage) -> float:
        """Return how many more calls fit, at the mean number of tokens a call so far.

        Calls in flight when a limit is reached are finished, so the scheduler starts no more
        than these.
        """
        usage = usage.plus(self.before)
        calls = inf if self.calls is None else self.calls - _calls(usage)
        if self.tokens is not None:
            spent = _tokens(usage)
            made = _calls(usage)
            each = spent / made if made else TOKENS_PER_CALL
            calls = min(calls, (self.tokens - spent) / max(each, 1))
        return calls


def check_budget(budget: Budget) -> None:
    """Raise UsageError unless each limit is above 0."""
    for name, limit in (
        ("tokens", budget.tokens), ("calls", budget.calls), ("minutes", budget.minutes)
    ):  # fmt: skip
        if limit is not None and not limit > 0:
            raise UsageError(f"--max-{name} (max_{name}) is {limit:g}; give a number above 0")


def _untold(usage: Usage) -> int:
    return max(usage.unknown_in, usage.unknown_out) + usage.early_unknown


def _calls(usage: Usage) -> int:
    return usage.calls + usage.wasted


def _tokens(usage: Usage) -> int:
    known = usage.prompt_tokens + usage.output_tokens + usage.wasted_tokens
    return known + TOKENS_PER_CALL * _untold(usage)


UNLIMITED = Budget()
SPENT = 75
"""EX_TEMPFAIL of sysexits.h: the run stopped at its budget and can be resumed."""
