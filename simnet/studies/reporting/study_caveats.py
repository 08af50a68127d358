"""What limits the conclusions from a study."""

from collections import Counter
from collections.abc import Iterator

import pyarrow.compute as pc

from simnet.export.folders.run_caveats import made_up
from simnet.foundation.text import counted
from simnet.recording.files.manifest import IN_PROCESS, ModelFacts, last_models, model_names
from simnet.recording.reading.run import Run
from simnet.report.parts import Notes, Section
from simnet.report.sections.caveats import ALWAYS, sizes_in_words
from simnet.studies.paired import FEW
from simnet.studies.reporting.recorded_study import RecordedStudy

_MARKS = ("refusal", "repeat", "near_repeat", "repetition", "at_limit")
_MOST = 10
"""Runs, or measures of a run, that are named one by one."""


def caveats(study: RecordedStudy) -> Section:
    """List what a reader has to know before believing a figure of the study."""
    lines = [*_of_the_plan(study), *_of_models(study), *_of_turns(study), ALWAYS]
    return Section("caveats", "Caveats", [Notes(lines)])


def _of_the_plan(study: RecordedStudy) -> Iterator[str]:
    seeds = len({one.seed for one in study.runs})
    if seeds < FEW:
        yield (
            f"{counted(seeds, 'seed')} an arm are too few: with fewer than {FEW} no permutation "
            "test can be below 5%."
        )
    if not study.registration.intact:
        yield "The pre-registration was changed after it was written."
    if study.unregistered:
        names = ", ".join(sorted(study.unregistered))
        yield f"Added after the pre-registration, so exploratory: {names}."
    if later := sorted({one.seed for one in study.runs} - set(study.registration.content["seeds"])):
        yield (
            f"Added after the pre-registration: {counted(len(later), 'seed')} an arm "
            f"({', '.join(map(str, later[:_MOST]))}{', ...' if len(later) > _MOST else ''}). Where "
            "seeds are added because of what the others showed, p values and intervals are too "
            "small."
        )
    yield from _of_the_code(study)
    yield from _what_is_missing(study)
    yield from _without_figure(study)
    yield (
        "Intervals of single arms and differences that are not hypotheses are not corrected for "
        "how many there are: some of them will look remarkable by chance."
    )


def _of_the_code(study: RecordedStudy) -> Iterator[str]:
    for arm, digests in study.code.arms.items():
        if len(digests) > 1:
            yield f"The code of arm {arm} was changed between its runs."
    for name, digests in study.code.measures.items():
        if len(digests) > 1:
            yield (
                f"The code of measure {name} was changed after the study had begun; its figures "
                "are those of the last."
            )


def _what_is_missing(study: RecordedStudy) -> Iterator[str]:
    lacking = [one for one in study.runs if not one.complete]
    for one in lacking[:_MOST]:
        yield f"The run of {one.arm} with seed {one.seed} is not complete: {one.problem}."
    if len(lacking) > _MOST:
        yield f"{counted(len(lacking) - _MOST, 'more run')} are not complete."
    failed = [(one, name, why) for one in study.runs for name, why in one.unmeasured.items()]
    for one, name, why in failed[:_MOST]:
        yield f"Measure {name} has no figures of {one.arm} with seed {one.seed}: {why}."
    if len(failed) > _MOST:
        yield f"So it is {counted(len(failed) - _MOST, 'more time')}."


def _without_figure(study: RecordedStudy) -> Iterator[str]:
    """Say of which measures some runs have no figure, as those that have one are compared."""
    table = study.results().table
    whole = table.filter(pc.is_null(table["time"]))
    columns = (whole[name].to_pylist() for name in ("measure", "group", "arm"))
    figures = Counter(zip(*columns, strict=True))
    lines = []
    for measure, group in dict.fromkeys((measure, group) for measure, group, _ in figures):
        runs = Counter(
            one.arm for one in study.runs if one.complete and measure not in one.unmeasured
        )
        for arm, count in runs.items():
            if lacking := count - figures[measure, group, arm]:
                name = f"{measure} ({group})" if group else measure
                lines.append(
                    f"Measure {name} has no figure in {lacking} of {counted(count, 'run')} of arm "
                    f"{arm}: its means and differences are of the other seeds alone."
                )
    yield from lines[:_MOST]
    if len(lines) > _MOST:
        yield f"{counted(len(lines) - _MOST, 'more arm')} lack figures of a measure."


def _of_models(study: RecordedStudy) -> Iterator[str]:
    runs = [one.run for one in study.runs if one.run is not None]
    names = {name for run in runs for name in model_names(run.manifest)} - {"none"}
    if runs and (not names or not any(len(b) for r in runs for b in r.batches("calls", ["who"]))):
        yield "No model was asked: people follow rules, and what they say was written beforehand."
        return
    facts: dict[str, ModelFacts] = {}
    for run in runs:
        facts |= {one.name: one for one in last_models(run.manifest)}
    asked = [one for one in facts.values() if one.name != "none"]
    yield from made_up(asked)
    real = [one for one in asked if not one.is_fake and one.backend != IN_PROCESS]
    yield from sizes_in_words(real)
    if len(names) > 1:
        yield f"Runs have different models: {', '.join(sorted(names))}."


def _of_turns(study: RecordedStudy) -> Iterator[str]:
    totals: Counter[str] = Counter()
    for one in study.runs:
        if one.run is not None and one.complete:
            totals.update(turn_counts(one.run))
    total = totals["turns"]
    if not total:
        return
    for name, words in (("failed", "had no usable reply"), ("refused", "were not allowed")):
        yield f"{totals[name]:,} of {total:,} turns ({totals[name] / total:.1%}) {words}."
    for mark in _MARKS:
        if totals[mark]:
            share = totals[mark] / total
            yield f"{totals[mark]:,} of {total:,} turns ({share:.1%}) have the mark {mark}."


def turn_counts(run: Run) -> Counter[str]:
    """Count the turns of a run, those that failed or were refused, and marks."""
    found: Counter[str] = Counter()
    for batch in run.batches("events", ["turn", "part", "outcome", "marks"]):
        turns = batch.filter(pc.and_(pc.is_valid(batch["turn"]), pc.equal(batch["part"], 0)))
        found["turns"] += len(turns)
        found.update(name for name in turns["outcome"].to_pylist() if name != "done")
        found.update(pc.list_flatten(turns["marks"]).to_pylist())
    return found
