"""What limits the conclusions from a run: its model, failures, refusals and what is missing."""

from collections import Counter
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from simnet.export.folders.run_caveats import made_up, not_complete
from simnet.foundation.text import counted, without_folders
from simnet.recording.files.manifest import (
    IN_PROCESS,
    ModelFacts,
    last_models,
    model_names,
)
from simnet.recording.reading.run import Run
from simnet.report.parts import Notes, Section
from simnet.report.run_tables import RunTables
from simnet.report.sections.turns_and_costs import marks_of
from simnet.report.sections.what_it_was import size_of
from simnet.scenario.text_alarms import NOTES, REPEATS

_MARKS = {
    "refusal": "refusals of the model",
    "repeat": "repeats of an earlier text",
    "near_repeat": "near repeats of an earlier text",
    "repetition": "texts that repeat themselves",
    "at_limit": "replies that were cut off at the token limit",
    "garbled": "garbled replies",
    "empty": "empty replies",
}
SMALL = 8.0
"""Billions of parameters below which a model counts as small."""
ONE_RUN = (
    "This is one run with one seed: it has no interval. Differences between two runs may be "
    "chance; a study with several seeds says how large chance is."
)
ALWAYS = (
    "Personas are texts that a model continues. That they act like the people they describe is an "
    "assumption; a comparison with data about people is its only test."
)


def caveats(tables: RunTables) -> Section:
    """List what a reader has to know before believing a figure of the run."""
    run = tables.run
    lines = [*_of_the_record(run), *_of_models(run), *_of_turns(run, tables.events)]
    return Section("caveats", "Caveats", [Notes([*lines, ONE_RUN, ALWAYS])])


def _of_the_record(run: Run) -> Iterator[str]:
    yield from not_complete(run)
    for lack in run.missing:
        yield f"The record is incomplete: {without_folders(lack)}."


def _of_models(run: Run) -> Iterator[str]:
    manifest = run.manifest
    last = last_models(manifest)
    names = [one for one in model_names(manifest) if one != "none"]
    if not names or not run.table("calls").count_rows():
        yield "No model was asked: people follow rules, and what they say was written beforehand."
        return
    yield from made_up([*manifest.replaced, *last])
    real = [one for one in last if not one.is_fake]
    if any(one.backend == IN_PROCESS for one in real):
        yield "Replies are those of a model object in Python, which the record does not hold."
    yield from sizes_in_words([one for one in real if one.backend != IN_PROCESS])
    if manifest.replaced:
        before = ", ".join(one.name for one in manifest.replaced)
        yield f"The model was replaced in the middle of the run; before it replied {before}."
    if manifest.humans is not None:
        yield "People took turns of personas in this run."


def sizes_in_words(models: Sequence[ModelFacts]) -> Iterator[str]:
    """Say which models are small, by their names."""
    for facts in models:
        size = size_of(facts.name)
        if size is None:
            yield f"The size of the model {facts.name} is not in its name, so it is not known here."
        elif float(size[:-1]) / (1 if size[-1] == "B" else 1000) < SMALL:
            yield (
                f"The model {facts.name} has {size} parameters, by its name. Small models show "
                "that a simulation works; what their personas say is not evidence about people."
            )


def _of_turns(run: Run, events: pa.Table) -> Iterator[str]:
    turns = events.filter(pc.and_(pc.is_valid(events["turn"]), pc.equal(events["part"], 0)))
    total = len(turns)
    if not total:
        yield "Nobody took a turn."
        return
    outcomes: Counter[str] = Counter()
    for row in pc.value_counts(turns["outcome"]).to_pylist():
        outcomes[row["values"]] += row["counts"]
    for outcome, words in (
        ("failed", "had no usable reply"),
        ("refused", "tried what the world did not allow"),
    ):
        yield f"{_share(outcomes[outcome], total, 'turn')} {words}."
    notes = [verb for verb, relation in run.relations.items() if relation in NOTES]
    others = turns.filter(pc.invert(pc.is_in(turns["verb"], pa.array(notes))))
    marks = marks_of(turns)
    marks.update({mark: marks_of(others)[mark] - marks[mark] for mark in REPEATS})
    for mark, words in _MARKS.items():
        if marks[mark]:
            yield f"{_share(marks[mark], total, 'turn')}: {words}."
    calls = Counter[str]()
    for batch in run.batches("calls", ["finish"]):
        calls.update(batch["finish"].to_pylist())
    unusual = {name: count for name, count in calls.items() if name != "stop"}
    for name, count in sorted(unusual.items()):
        yield f"{_share(count, calls.total(), 'model call')} ended with `{name}`, not by itself."


def _share(count: int, total: int, noun: str) -> str:
    return f"{count:,} of {counted(total, noun)} ({count / total:.1%})"
