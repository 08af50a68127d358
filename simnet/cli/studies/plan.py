"""`simnet study plan` shows what a study would run; it starts nothing."""

from typing import Annotated

import typer

from simnet.cli.options import AsJson
from simnet.cli.output import print_json, print_table
from simnet.cli.studies.opening import StudyTarget, load_study
from simnet.foundation.text import counted, visible

Pilot = Annotated[
    float | None,
    typer.Option(
        "--effect",
        metavar="D",
        help="Say how many seeds show an effect of this size (Cohen's d of paired differences), "
        "without and with the correction for all hypotheses.",
    ),
]


def plan(target: StudyTarget, effect: Pilot = None, as_json: AsJson = False) -> None:
    """Show arms, runs, expected turns and calls of a study, and how many seeds an effect takes."""
    from simnet.scenario.forecast.expected_answers import expected_answers  # noqa: PLC0415
    from simnet.scenario.forecast.expected_turns import expect  # noqa: PLC0415
    from simnet.studies.paired import seeds_needed  # noqa: PLC0415

    study = load_study(target)
    seeds = len(study.seeds)
    expected = {cell.label: round(expect(cell.scenario).turns) for cell in study.cells}
    asked = {cell.label: expected_answers(cell.scenario).total() for cell in study.cells}
    needed = None if effect is None else seeds_needed(effect)
    alpha = 0.05 / max(1, len(study.hypotheses))
    corrected = None if effect is None else seeds_needed(effect, alpha=alpha)
    if as_json:
        arms = {cell.label: len(cell.scenario.handles()) for cell in study.cells}
        print_json({"study": study.name, "seeds": list(study.seeds), "runs": len(study.units),
                    "turns": sum(expected.values()) * seeds, "people": arms,
                    "turns_per_run": expected, "survey_calls": sum(asked.values()) * seeds,
                    "survey_calls_per_run": asked, "seeds_needed": needed,
                    "seeds_needed_corrected": corrected})  # fmt: skip
        return
    headings = ["arm", "people", "turns a run", "runs"]
    rows = [
        [cell.label, len(cell.scenario.handles()), f"{expected[cell.label]:,}", seeds]
        for cell in study.cells
    ]
    if any(asked.values()):
        headings.insert(3, "survey calls a run")
        for row in rows:
            row.insert(3, f"{asked[str(row[0])]:,}")
    print_table(headings, rows, numbers=headings[1:])
    total, calls = sum(expected.values()) * seeds, sum(asked.values()) * seeds
    surveys = f" and at least {counted(calls, 'survey call')}" if calls else ""
    typer.echo(
        f"{counted(len(study.units), 'run')}, about {counted(total, 'turn')}{surveys} in all"
    )
    for hypothesis in study.hypotheses:
        typer.echo(visible(f"hypothesis {hypothesis.name}: {hypothesis.in_words}"))
    if needed is not None:
        typer.echo(
            f"an effect of d = {effect:g} takes {counted(needed, 'seed')} to show with 80% power"
            f"{_corrected(corrected, len(study.hypotheses))}; the study has {seeds}"
        )


def _corrected(seeds: int | None, hypotheses: int) -> str:
    """Say how many seeds it takes where Holm's correction is at its most, if there is one."""
    if seeds is None or hypotheses < 2:
        return ""
    return f" (at most {seeds} with Holm's correction for {hypotheses} hypotheses)"
