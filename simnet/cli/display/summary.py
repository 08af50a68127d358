"""The summary of a run that is over."""

from math import floor
from pathlib import Path
from shlex import quote
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from simnet.cli.display.pace import engine_json, format_cached, format_seconds, format_sum
from simnet.cli.display.text_health import closing_lines, health_json
from simnet.clock import format_time
from simnet.foundation.text import counted, one_line, terminal_safe
from simnet.inference.calls.statistics import known_sum
from simnet.kernel.ledger import Ledger
from simnet.recording.files.manifest import State
from simnet.recording.reading.folders import run_words
from simnet.runs.mirroring.mirror_descriptions import describe_mirror
from simnet.runs.plans.plan import RunResult
from simnet.scheduler.progress.messages import EngineState, Progress

MUCH = 0.5
"""Share of the time for which a run waits from which on its model holds it back."""
FULL = 0.8
"""Share of the slots from which on engines count as full."""


def print_closing(outcome: RunResult, console: Console) -> None:
    """Print a summary: the outcomes of all turns, the costs, where the record is."""
    console.print(_closing(outcome))
    for line in _next_steps(outcome):
        console.print(Text(line), soft_wrap=True)


def _closing(outcome: RunResult) -> RenderableType:
    progress = outcome.finish.progress
    head = Text.assemble(
        (f"{outcome.state}", "bold green" if outcome.state == "completed" else "bold yellow"),
        f" after {format_time(progress.now)} of simulated time and {_wall(outcome)}",
    )
    failures = [Text(line) for line in failure_lines(progress)]
    texts = [Text(f"texts of {line}") for line in closing_lines(progress.health)]
    ledger = _ledger(progress.ledger)
    return Group(Text(), head, Text(), ledger, *failures, *texts, Text(), _costs(outcome), Text())


def outcome_json(outcome: RunResult) -> dict[str, Any]:
    """Return the summary as values that JSON knows."""
    progress = outcome.finish.progress
    ledger = progress.ledger
    return {
        "run": outcome.run_id,
        "folder": str(outcome.folder),
        "state": str(outcome.state),
        "signal": None if outcome.signal is None else int(outcome.signal),
        "spent": outcome.spent,
        "alarm": outcome.alarm,
        "mirror": outcome.mirror.model_dump(mode="json") if outcome.mirror else None,
        "health": health_json(progress.health),
        "now": progress.now,
        "elapsed": round(progress.elapsed, 3),
        "first_reply": progress.first_reply,
        "ledger": {
            name: dict(value) if isinstance(value, dict) else value
            for name, value in ledger._asdict().items()
        },
        "failures": [count._asdict() for count in progress.failures],
        "usage": progress.usage.figures(),
        "prefetch_problem": progress.prefetch_problem,
        "engines": [engine_json(state) for state in progress.engines],
        "load": {
            "stalled": round(progress.load.stalled, 3),
            "stalled_share": round(progress.load.stalled_share(progress.elapsed), 4),
            "turns_in_flight": round(progress.load.mean(progress.elapsed), 3),
            "slots": outcome.slots,
        },
        "phases": {name: round(seconds, 3) for name, seconds in outcome.phases.items()},
        "digest": outcome.finish.digest,
    }


def failure_lines(progress: Progress) -> list[str]:
    """Say how many model calls failed and why; a line for each cause, none without failures."""
    calls = progress.usage.calls + progress.usage.shared
    return [
        f"{count.times:,} of {counted(calls, 'call')} failed: "
        f"{terminal_safe(one_line(count.reason))}"
        for count in progress.failures
    ]


def engine_line(state: EngineState) -> str:
    """Format the state and the totals of one of several engines as a line."""
    items = [terminal_safe(one_line(Path(state.model).name))]
    if (now := state.statistics) is not None:
        items += [f"{now.in_flight:,} in flight", f"{now.waiting:,} waiting"]
        tokens_in = known_sum(now.prompt_tokens, now.unknown_in, now.replies)
        tokens_out = known_sum(now.generated_tokens, now.unknown_out, now.replies)
        shown = format_sum(tokens_in, now.unknown_in, "token")
        items += [f"{shown} in ({format_cached(now.hit_rate)} cached)"]
        items += [f"{format_sum(tokens_out, now.unknown_out)} out"]
        items += [f"cache {now.kv_use:.0%} full"]
    if state.restarts:
        items += [f"started again {counted(state.restarts, 'time')}"]
    return f"{state.engine}: {', '.join(items)}"


def _ledger(ledger: Ledger) -> Table:
    """Lay out the ledger (planned = done + refused + failed + open) with causes and marks."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(style="dim")
    table.add_row("planned", f"{ledger.planned:,}", "turns begun and cues due")
    table.add_row("done", f"{ledger.done:,}", "")
    table.add_row("refused", f"{ledger.refused.total():,}", _causes(ledger.refused))
    table.add_row("failed", f"{ledger.failed.total():,}", _causes(ledger.failed))
    if ledger.open:
        table.add_row("open", f"{ledger.open:,}", "under way when it was stopped")
    if ledger.marks:
        table.add_row("marked", f"{ledger.marks.total():,}", _causes(ledger.marks))
    return table


def _causes(counts: dict[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count:,} {cause}" for cause, count in ordered)


def _costs(outcome: RunResult) -> Table:
    progress = outcome.finish.progress
    table = Table.grid(padding=(0, 2))
    table.add_row("model", _tokens(progress))
    for state in progress.engines:
        table.add_row("", engine_line(state))
    first = progress.first_reply
    phases = [f"{name} {seconds:.1f} s" for name, seconds in outcome.phases.items()]
    split = ", ".join(phases) or "none"
    after = f"; first reply {first:.1f} s after the first turn" if first is not None else ""
    table.add_row("wall time", f"{split}{after}")
    if progress.usage.calls:
        table.add_row("waiting", waiting_line(progress, outcome.slots))
    for line in early_lines(progress):
        table.add_row("early", line)
    return table


def early_lines(progress: Progress) -> list[str]:
    """Say how many calls were made early, and how many of them were in vain."""
    usage, lines = progress.usage, []
    if usage.early:
        tokens = format_sum(usage.wasted_tokens, usage.early_unknown, "token")
        lines.append(
            f"{counted(usage.early, 'call')} made early, {usage.early_hits:,} of them used; "
            f"{usage.wasted:,} in vain, {usage.wasted_share:.0%} of all calls, {tokens}"
        )
    if progress.prefetch_problem is not None:
        lines.append(f"early turns failed: {terminal_safe(one_line(progress.prefetch_problem))}")
    return lines


def waiting_line(progress: Progress, slots: int | None) -> str:
    """Say how long simulated time waited for replies, how full the models were, what to change."""
    load, elapsed = progress.load, progress.elapsed
    stalled, mean = load.stalled_share(elapsed), load.mean(elapsed)
    line = f"for replies {stalled:.0%} of the turns' time, with {mean:,.1f} turns out on average"
    if not slots:
        return line
    line += f", {min(1.0, mean / slots):.0%} of the {slots:,} calls that the models work on at once"
    if stalled < MUCH:
        return f"{line}; simnet itself held it back: give it more cores or hosts"
    if mean < FULL * slots:
        early = "" if progress.usage.early else ", or --prefetch ahead,"
        return f"{line}; a longer reacts_in{early} fills more"
    return f"{line}; more engines or a smaller model would be faster"


def _wall(outcome: RunResult) -> str:
    """Write the wall time of all phases, which the closing lists one by one."""
    seconds = sum(round(phase, 1) for phase in outcome.phases.values())
    shown = f"{seconds:.1f} s" if seconds < 60 else format_seconds(seconds)
    return f"{shown} of wall time"


def _tokens(progress: Progress) -> str:
    usage = progress.usage
    seconds = max(progress.elapsed, 1e-3)
    cached = format_cached(usage.cached)
    known = usage.figures()
    tokens_in = format_sum(known["prompt_tokens"], usage.unknown_in, "token")
    tokens_out = format_sum(known["output_tokens"], usage.unknown_out)
    rate_in = _rate(known["prompt_tokens"], seconds)
    rate_out = _rate(known["output_tokens"], seconds)
    shared = f" (and {usage.shared:,} answered along with others)" if usage.shared else ""
    return (
        f"{counted(usage.calls, 'call')}{shared}; "
        f"{tokens_in} in ({cached} cached{rate_in}), {tokens_out} out"
        + (f" ({rate_out.removeprefix(', ')})" if rate_out else "")
    )


def _rate(tokens: int | None, seconds: float) -> str:
    return "" if tokens is None else f", {tokens / seconds:,.0f}/s"


def mirror_lines(outcome: RunResult) -> list[str]:
    """Say whether the copy of the record in an object store is whole; nothing without one."""
    if outcome.mirror is None:
        return []
    return [f"mirror   {terminal_safe(describe_mirror(outcome.mirror, outcome.folder))}"]


def _next_steps(outcome: RunResult) -> list[str]:
    run = run_words(outcome.folder)
    lines = [
        *_how_to_go_on(outcome, run),
        f"record   {terminal_safe(str(outcome.folder))}",
        *mirror_lines(outcome),
        f"read it  simnet show {run}",
    ]
    if outcome.finish.progress.usage.calls:
        lines.append(f"export   simnet export sft {run} --out {quote(f'{outcome.run_id}-sft')}")
    return lines


def _how_to_go_on(outcome: RunResult, run: str) -> list[str]:
    """Say why a run stopped before its end, and by which command it goes on."""
    if outcome.alarm is not None:
        at = floor(outcome.finish.progress.now)
        return [
            f"stopped  {terminal_safe(outcome.alarm)}",
            f"go on    simnet fork {run} --at {at}s --scenario FILE",
        ]
    spent = [f"spent    {outcome.spent}"] if outcome.spent else []
    if outcome.state == State.COMPLETED:
        return spent
    return [*spent, f"go on    simnet resume {run}"]
