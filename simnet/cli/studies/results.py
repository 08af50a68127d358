"""`simnet study results` shows means, differences and verdicts of a study."""

from math import isfinite
from typing import TYPE_CHECKING, Any

import typer

from simnet.cli.options import AsJson
from simnet.cli.output import print_json, print_table
from simnet.cli.studies.opening import Out, StudyTarget, folder_of, load_study
from simnet.clock import format_time
from simnet.foundation.text import counted, visible

if TYPE_CHECKING:
    from simnet.studies.paired import Difference, Interval
    from simnet.studies.results import ArmMean, Interaction, Results, Verdict


def results(target: StudyTarget, out: Out = None, as_json: AsJson = False) -> None:
    """Show the mean of each measure in each arm, interactions, and verdicts on hypotheses."""
    from simnet.studies.reporting.recorded_study import read_study  # noqa: PLC0415  (imports scipy)
    from simnet.studies.running.study_folder import StudyFolder  # noqa: PLC0415

    study = load_study(target)
    folder = StudyFolder.opened(folder_of(study, out), study)
    found = read_study(folder.path, study).results()
    if as_json:
        print_json(_as_dict(found))
    else:
        print_results(found)


def print_results(found: "Results") -> None:
    """Print the means of arms, the interactions of a crossed study and verdicts on hypotheses."""
    headings = ("measure", "group", "time", "arm", "seeds", "mean", "95% interval")
    rows = [_row(one) for one in found.means()]
    print_table(headings, rows, numbers=("seeds", "mean"))
    if crossed := found.interactions():
        typer.echo()
        headings = ("measure", "group", "interaction", "seeds", "mean", "95% interval", "p")
        print_table(headings, map(_interaction_row, crossed), numbers=("seeds", "mean", "p"))
        typer.echo("p values of interactions are not corrected for how many there are\n")
    for verdict in found.verdicts():
        typer.echo(visible(_in_words(verdict)))


def _row(one: "ArmMean") -> tuple[object, ...]:
    time = "" if one.time is None else format_time(one.time)
    mean = one.summary
    return (
        one.measure, one.group, time, one.arm, mean.seeds, f"{mean.mean:.4g}",
        mean.interval.in_words(),
    )  # fmt: skip


def _interaction_row(one: "Interaction") -> tuple[object, ...]:
    found = one.difference
    return (
        one.measure, one.group, one.name, found.pairs, f"{found.mean:.4g}",
        found.t_interval.in_words(), f"{found.p:.3g}",
    )  # fmt: skip


def _in_words(verdict: "Verdict") -> str:
    one = verdict.hypothesis
    head = f"hypothesis {one.name}: "
    if verdict.difference is None:
        return f"{head}no answer; {verdict.note}"
    found = verdict.difference
    answer = "supported" if verdict.supported else "not supported"
    note = f"; {verdict.note}" if verdict.note else ""
    return (
        f"{head}{answer}; {one.measure} of {one.difference_in_words} is {found.mean:.4g} "
        f"(95% interval {found.t_interval.in_words()}, {counted(found.pairs, 'seed')}, "
        f"p = {verdict.p:.3g}, Holm {verdict.p_adjusted:.3g}){note}"
    )


def _as_dict(found: "Results") -> dict[str, Any]:
    return {
        "study": found.study.name,
        "means": [
            {
                "measure": one.measure,
                "group": one.group,
                "time": one.time,
                "arm": one.arm,
                "seeds": one.summary.seeds,
                "mean": one.summary.mean,
                "interval": _finite(one.summary.interval),
            }
            for one in found.means()
        ],
        "interactions": [
            {
                "measure": one.measure,
                "group": one.group,
                "name": one.name,
                "arms": list(one.arms),
                "mean": one.difference.mean,
                **_facts(one.difference),
                "p": one.difference.p,
            }
            for one in found.interactions()
        ],
        "hypotheses": [
            {
                "name": one.hypothesis.name,
                "supported": one.supported,
                "p": one.p,
                "p_adjusted": one.p_adjusted,
                "difference": None if one.difference is None else one.difference.mean,
                **_facts(one.difference),
                "note": one.note,
            }
            for one in found.verdicts()
        ],
    }


def _facts(found: "Difference | None") -> dict[str, Any]:
    """Return seeds, interval and effect size of a difference; nulls if there is none."""
    if found is None:
        return {"seeds": None, "interval": None, "effect": None}
    effect = found.effect if isfinite(found.effect) else None
    return {"seeds": found.pairs, "interval": _finite(found.t_interval), "effect": effect}


def _finite(interval: "Interval") -> list[float] | None:
    return [interval.low, interval.high] if isfinite(interval.low) else None
