"""What a Host answers to the scheduler: decisions, encoded calls and what they cost."""

from collections.abc import AsyncIterator, Sequence

from simnet.agents.host import Host
from simnet.agents.prefetch.early_turns import EarlyView
from simnet.inference.model import Call
from simnet.recording.schema import encode
from simnet.scheduler.failures.failure_limit import failures_of
from simnet.scheduler.progress.messages import Answer, EarlyAnswer, Usage
from simnet.world.state.posts import View


async def early_answers(host: Host, views: Sequence[EarlyView]) -> AsyncIterator[EarlyAnswer]:
    """Play turns of a host early; yield how they end, and what early calls cost meanwhile."""
    async for ended in host.early.run(views):
        yield EarlyAnswer(ended, with_early_cost(Usage(), host))


def early_end(host: Host) -> Usage:
    """Abort the early turns of a host; return what early calls cost since its last answer."""
    host.early.end()
    return with_early_cost(Usage(), host)


def with_early_cost(usage: Usage, host: Host) -> Usage:
    """Add what the early calls of a host cost since the last time."""
    cost = host.take_early_cost()
    return usage._replace(
        early=cost.calls,
        early_prompt_tokens=cost.prompt_tokens,
        early_output_tokens=cost.output_tokens,
        early_unknown=cost.unknown,
        early_hits=cost.hits,
        early_hit_prompt_tokens=cost.hit_prompt_tokens,
        early_hit_output_tokens=cost.hit_output_tokens,
    )


async def answers(host: Host, views: Sequence[View]) -> AsyncIterator[Answer]:
    """Run the agents of a host; yield decisions, encoded calls and their cost."""
    async for thoughts in host.think(views):
        usage = _usage(thoughts.calls)
        if thoughts.shared:
            usage = usage.less(_usage(thoughts.shared))
        usage = with_early_cost(usage._replace(asks=host.take_asks()), host)
        calls, failures = _encoded(thoughts.calls), failures_of(thoughts.calls, thoughts.decisions)
        yield Answer(thoughts.decisions, calls, usage, host.take_recalled(), failures)


def _usage(calls: Sequence[Call]) -> Usage:
    return Usage(
        calls=len(calls),
        prompt_tokens=sum(call.prompt_tokens or 0 for call in calls),
        cached_tokens=sum(call.cached_tokens or 0 for call in calls),
        output_tokens=sum(call.output_tokens or 0 for call in calls),
        uncounted_tokens=sum(c.prompt_tokens or 0 for c in calls if c.cached_tokens is None),
        unknown_in=sum(call.prompt_tokens is None for call in calls),
        unknown_out=sum(call.output_tokens is None for call in calls),
    )


def _encoded(calls: Sequence[Call]) -> bytes:
    return encode("calls", calls) if calls else b""
