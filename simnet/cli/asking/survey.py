"""`simnet survey` puts the questions of a survey to personas of a recorded run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simnet.cli.opening import open_run_to_change
from simnet.cli.option_groups import expand_groups
from simnet.cli.options import AsJson, ModelFlags, RunName, Runs, read_time
from simnet.cli.output import print_error, print_json, print_table
from simnet.cli.personas.jobs import run_to_end
from simnet.cli.run_names import RUNS
from simnet.cli.trust import NamedScenarios, Trust, trusted_timeline
from simnet.clock import format_time
from simnet.foundation.text import counted, visible

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from simnet.annotation.annotation_rows import AnnotationRow
    from simnet.questions.answer_rows import AnswerRow
    from simnet.surveys.survey_job import Surveyed
    from simnet.synthesis.asking.job import Reporter

By = Annotated[
    str,
    typer.Option("--by", metavar="FILE[:NAME]", help="Python file of the survey, or `mini_ipip`."),
]
Who = Annotated[
    list[str] | None,
    typer.Option(metavar="HANDLE|cohort:NAME", help="Who is asked; repeatable; by default all."),
]
At = Annotated[
    list[str] | None,
    typer.Option(metavar="TIME", help="Simulated time, such as 6h; repeatable; default: the end."),
]
InFlight = Annotated[int, typer.Option(min=1, metavar="N", help="Prompts that are sent at once.")]
AcceptFailures = Annotated[
    bool, typer.Option("--accept-failures", help="Go on although most replies are no answers.")
]
SHIPPED = "mini_ipip"
LISTED = ("yes or no", "choice", "likert")
"""Kinds of questions whose answers can be listed, so that they have probabilities."""


@expand_groups
def survey(
    run: RunName,
    by: By,
    flags: ModelFlags,
    who: Who = None,
    sample: Annotated[int | None, typer.Option(min=1, help="Ask so many of them.")] = None,
    at: At = None,
    runs: Runs = RUNS,
    trust: Trust = False,
    scenario: NamedScenarios = None,
    seed: Annotated[int, typer.Option(help="Seed of the sample and of the replies.")] = 0,
    in_flight: InFlight = 256,
    accept_failures: AcceptFailures = False,
    as_json: AsJson = False,
) -> None:
    """Ask personas of a run questions, as they were at some time; the run does not change.

    This runs the code of the scenario: that in the record with --trust, or the one you name.
    """
    from simnet.scenario.files.value_loading import load_value  # noqa: PLC0415
    from simnet.surveys import MINI_IPIP, Survey, asurvey  # noqa: PLC0415  (imports pyarrow)
    from simnet.surveys.answers import REPLIES, survey_folder  # noqa: PLC0415

    times = [read_time("--at", one) for one in at or ()]
    asked = MINI_IPIP if by == SHIPPED else load_value(by, Survey, "survey")
    opened = open_run_to_change(run, runs)
    timeline = trusted_timeline(opened, trust=trust, named=scenario or ())
    models = flags.read()

    def started(reporter: "Reporter") -> "Awaitable[Surveyed]":
        return asurvey(
            opened,
            asked,
            who=who or (),
            sample=sample,
            at=times,
            scenario=timeline,
            model=models.model,
            models=models.models,
            backend=models.backend,
            base_url=models.base_url,
            adapters=models.adapters,
            engine=models.engine,
            deadline=models.deadline,
            seed=seed,
            in_flight=in_flight,
            accept_failures=accept_failures,
            reporter=reporter,
        )

    work = survey_folder(opened, asked.name) / REPLIES
    result = run_to_end(started, work, quiet=as_json)
    if as_json:
        counts = {name: one.to_json() for name, one in result.counts.items()}
        print_json({"run": opened.id, "path": str(result.path), "counts": counts,
                    "answers": [_plain(row) for row in result.answers]})  # fmt: skip
    else:
        _print(result.answers, result.path)


def _plain(row: "AnswerRow") -> dict[str, Any]:
    return {**row._asdict(), "answer": row.value}


def _print(rows: "Sequence[AnswerRow]", path: Path) -> None:
    questions = list(dict.fromkeys(row.question for row in rows))
    cells = [_summary(question, rows) for question in questions]
    print_table(("question", "answers", "no answer", "most frequent"), cells, numbers=("answers",))
    times = sorted({row.at for row in rows})
    when = ", ".join("the end" if row == float("inf") else format_time(row) for row in times)
    typer.echo(f"{counted(len({row.who for row in rows}), 'persona')} asked at {when}")
    for model in untold_by(rows):
        print_error(visible(f"{model} does not tell how probable its answers are"))
    typer.echo(visible(f"written to {path}"))


def untold_by(rows: "Sequence[AnswerRow | AnnotationRow]") -> list[str]:
    """Name the models that told for no answer among choices how probable it was."""
    listed = [row for row in rows if row.kind in LISTED and row.answer is not None]
    told = {row.model for row in listed if row.probabilities is not None}
    return sorted({row.model for row in listed} - told)


def _summary(question: str, rows: "Sequence[AnswerRow]") -> list[str]:
    answers = [row.answer for row in rows if row.question == question]
    given = [one for one in answers if one is not None]
    common = max(dict.fromkeys(given), key=given.count) if given else ""
    share = f" ({given.count(common)})" if given else ""
    return [question, str(len(given)), str(len(answers) - len(given)), f"{common:.60}{share}"]
