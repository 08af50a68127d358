"""`simnet interview` talks to a persona of a recorded run at the terminal."""

from math import inf
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from simnet.cli.opening import open_run_to_change
from simnet.cli.option_groups import expand_groups
from simnet.cli.options import ModelFlags, RunName, Runs, read_time
from simnet.cli.output import print_error
from simnet.cli.personas.jobs import run_to_end
from simnet.cli.run_names import RUNS
from simnet.cli.trust import NamedScenarios, Trust, trusted_timeline
from simnet.cli.typed_lines import given_lines, typed_lines
from simnet.clock import format_time
from simnet.foundation.text import terminal_safe, visible

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from simnet.questions.answer_rows import AnswerRow
    from simnet.synthesis.asking.job import Reporter

PROMPT = "you: "


@expand_groups
def interview(
    run: RunName,
    who: Annotated[str, typer.Option(metavar="HANDLE", help="Whom you talk to.")],
    flags: ModelFlags,
    questions: Annotated[
        list[str] | None,
        typer.Argument(metavar="[QUESTION]...", help="Asked in place of what you type."),
    ] = None,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="Simulated time; by default the end.")
    ] = None,
    runs: Runs = RUNS,
    trust: Trust = False,
    scenario: NamedScenarios = None,
    seed: Annotated[int, typer.Option(help="Seed of the replies.")] = 0,
) -> None:
    """Talk to a persona as it was at some time; the run does not change.

    Questions are given with the command, or typed, one a line.

    This runs the code of the scenario: that in the record with --trust, or the one you name.
    """
    from simnet.recording.reading.folders import run_words  # noqa: PLC0415  (slow)
    from simnet.runs.models.model_selection import choose_recorded_models  # noqa: PLC0415
    from simnet.scenario.respondent_choice import choose  # noqa: PLC0415
    from simnet.scheduler.continuing.continuation import last_scenario  # noqa: PLC0415
    from simnet.surveys.interview import (  # noqa: PLC0415  (imports pyarrow)
        interview as talk,
    )
    from simnet.surveys.interview import interview_folder, respondent_at  # noqa: PLC0415

    moment = inf if at is None else read_time("--at", at)
    opened = open_run_to_change(run, runs)
    timeline = trusted_timeline(opened, trust=trust, named=scenario or ())
    last = last_scenario(timeline.start, timeline.continuation(opened))
    (handle,) = choose(last.name, last.cohorts, [who])
    one = respondent_at(opened, timeline, handle, moment)
    served = choose_recorded_models(opened, last, flags.read())
    model = served.default if one.model is None else served.further[one.model]
    when = "after the end" if moment == inf else f"at {format_time(moment)}"
    if not questions:
        print_error(f"you talk to @{visible(handle)} {when}; an empty line or Ctrl-D ends it")
    lines = given_lines(questions) if questions else typed_lines(PROMPT)

    def answered(text: str) -> None:
        typer.echo(f"@{visible(handle)}: {terminal_safe(text)}")

    def started(reporter: "Reporter") -> "Awaitable[list[AnswerRow]]":
        return talk(opened, one, model, lines, answered, seed=seed, reporter=reporter)

    folder = interview_folder(opened, one)
    rows = run_to_end(started, folder, quiet=True)
    if rows:
        print_error(visible(f"kept in {folder}"))
        if at is not None:
            print_error(
                visible(
                    f"@{handle} forgets it; for a run in which it is remembered: simnet fork "
                    f"{run_words(opened.path)} --at {quote(at)} --remember {quote(handle)}"
                )
            )
