"""What the commands share that have a model make many personas or texts."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from simnet.cli.output import print_error
from simnet.cli.personas.out_names import check_no_file
from simnet.errors import SimnetError
from simnet.foundation.text import counted, visible

if TYPE_CHECKING:
    from simnet.synthesis.asking.counts import Counts
    from simnet.synthesis.asking.job import JobOptions, Reporter

T = TypeVar("T")
INTERRUPTED, TERMINATED = 130, 143
"""Exit codes of a job that Ctrl-C or SIGTERM ended."""


@dataclass(frozen=True, kw_only=True)
class JobFlags:
    """The options that say how a job works."""

    work: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder that keeps the replies, and stays; by default one beside the result, "
            "which goes once that is complete.",
        ),
    ] = None
    in_flight: Annotated[
        int, typer.Option(min=1, metavar="N", help="Prompts that are sent at once.")
    ] = 256
    tries: Annotated[
        int, typer.Option(min=1, metavar="N", help="Replies asked for until one can be used.")
    ] = 3
    reasoning_tokens: Annotated[
        int, typer.Option(min=0, metavar="N", help="Room for reasoning before each reply.")
    ] = 0
    exact: Annotated[
        bool, typer.Option("--exact", help="Leave out exact repeats alone, not near ones.")
    ] = False
    accept_failures: Annotated[
        bool, typer.Option("--accept-failures", help="Go on although most model calls fail.")
    ] = False

    def read(self, result: Path) -> "JobOptions":
        """Return what they say of a job with this result."""
        from simnet.synthesis.asking.job import JobOptions  # noqa: PLC0415  (imports pyarrow)

        result = result.absolute()
        return JobOptions(
            work=self.work or result.with_name(f"{result.name}.work"),
            keep_work=self.work is not None,
            in_flight=self.in_flight,
            tries=self.tries,
            reasoning_tokens=self.reasoning_tokens,
            stop_on_failures=not self.accept_failures,
            near=not self.exact,
        )


def run_to_end(job: Callable[["Reporter"], Awaitable[T]], work: Path, *, quiet: bool) -> T:
    """Run a job and show how it goes. When it ends early, say how to go on from folder `work`.

    A display that fails ends nothing but itself.
    """
    from simnet.cli.display.generation import show_on_stderr  # noqa: PLC0415  (imports rich)
    from simnet.runs.watching.guarded_reporter import Guard  # noqa: PLC0415

    advice = f"replies so far are in {visible(str(work))}; the same command goes on there"
    shown, guard = show_on_stderr(quiet=quiet), Guard()
    with guard():
        shown.__enter__()
    code = INTERRUPTED
    try:
        return asyncio.run(_awaited(job(shown)))
    except SimnetError as error:
        if work.exists():
            error.add_note(advice)
        raise
    except asyncio.CancelledError:
        code = TERMINATED
    except KeyboardInterrupt:
        pass
    finally:
        with guard():
            shown.__exit__()
    print_error(f"stopped; {advice}")
    raise typer.Exit(code)


async def _awaited(job: Awaitable[T]) -> T:
    return await job


def check_out(out: Path, *, force: bool) -> None:
    """Raise UsageError, before anything starts, if a folder could not be written."""
    from simnet.export.folders.card_parts import check_hub  # noqa: PLC0415  (imports pyarrow)
    from simnet.export.folders.folder import check_folder  # noqa: PLC0415

    check_no_file(out, "a data set with its card")
    check_hub()
    check_folder(out, force=force)


def left_out(counts: "Counts", method: str) -> str:
    """Say in brackets what was left out and tried again; empty if nothing was."""
    items = [f"{count} {kind} repeats" for kind, count in sorted(counts.repeats.items())]
    if counts.repeats["near"]:
        items[-1] += f" by {method}"
    tried = [f"{count} {kind}" for kind, count in sorted(counts.unusable.items())]
    if tried:
        items.append(f"unusable replies: {', '.join(tried)}")
    if counts.given_up:
        items.append(f"{counts.given_up} given up")
    if counts.failed:
        failed = counted(counts.failed, "call")
        items.append(
            f"{failed} failed, the last like this: {counts.failure}; the same command with --force "
            "asks again"
        )
    return f" ({'; '.join(items)})" if items else ""


def outcome(counts: "Counts", method: str, **facts: Any) -> dict[str, Any]:
    """Return how a job ended as plain values."""
    return {**facts, **counts.to_json(), "repeats_found_by": method}
