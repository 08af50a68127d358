"""The page of a study: what it was, what the data say, and one run of each arm to look at."""

from collections.abc import Iterator, Sequence
from math import isfinite

from simnet.clock import format_time
from simnet.foundation.text import counted
from simnet.recording.files.manifest import model_names
from simnet.report.parts import Block, Code, Facts, Grid, Notes, Page, Section, Tiles
from simnet.report.sections.what_it_was import model_in_words
from simnet.studies.paired import FEW
from simnet.studies.reporting.examples import example_sections
from simnet.studies.reporting.measure_sections import measure_sections
from simnet.studies.reporting.recorded_study import RecordedStudy
from simnet.studies.reporting.study_caveats import caveats
from simnet.studies.reporting.sums_of_runs import cost_by_arm, ledger_by_arm, spread_by_arm
from simnet.studies.results import Results, Verdict


def page_of_study(study: RecordedStudy) -> Page:
    """Gather the report of a study. Raises UsageError without results, RecordError."""
    results = study.results()
    complete = [one for one in study.runs if one.complete]
    return Page(
        study.name,
        f"Study: {counted(len(study.cells), 'arm')}, {_seeds(study)}, "
        f"{len(complete)} of {counted(len(study.runs), 'run')} complete",
        [
            Section("summary", "Summary", [_tiles(study)]),
            _hypotheses(study, results),
            caveats(study),
            Section("what", "What it was", [_facts(study), *_runs_table(study)]),
            _registration(study),
            *measure_sections(study, results),
            ledger_by_arm(study),
            spread_by_arm(study),
            *example_sections(study),
            cost_by_arm(study),
            _again(),
        ],
    )


def _seeds(study: RecordedStudy) -> str:
    return counted(len({one.seed for one in study.runs}), "seed")


def _tiles(study: RecordedStudy) -> Tiles:
    people = {one.get("people", 0) for one in study.plan["cells"].values()}
    complete = sum(one.complete for one in study.runs)
    return Tiles(
        [
            ("arms", f"{len(study.cells):,}"),
            ("seeds", f"{len({one.seed for one in study.runs}):,}"),
            ("runs complete", f"{complete:,} of {len(study.runs):,}"),
            ("people a run", f"{max(people, default=0):,}"),
            ("measures", f"{len(study.measures):,}"),
            ("hypotheses", f"{len(study.hypotheses):,}"),
        ]
    )


def _hypotheses(study: RecordedStudy, results: Results) -> Section:
    verdicts = results.verdicts()
    title = "Hypotheses"
    if not verdicts:
        line = "The study has no hypotheses: its comparisons are exploratory."
        return Section("hypotheses", title, [Notes([line])])
    heads = ("hypothesis", "expected", "verdict", "difference", "95% interval", "effect d", "p",
             "p, Holm", "pairs")  # fmt: skip
    rows = [_verdict_row(one) for one in verdicts]
    notes = [f"{one.hypothesis.name}: {one.note}." for one in verdicts if one.note]
    notes += [
        f"{one.name} was added after the pre-registration: it is exploratory."
        for one in study.hypotheses
        if one.name in study.unregistered
    ]
    table = Grid("What the data say", heads, rows, frozenset({3, 4, 5, 6, 7, 8}))
    return Section(
        "hypotheses",
        title,
        [table, *([Notes(notes)] if notes else [])],
        "Arms are compared within each seed. P values are adjusted by Holm over all hypotheses; "
        "a hypothesis is supported below 5%.",
    )


def _verdict_row(verdict: Verdict) -> tuple[str, ...]:
    one, found = verdict.hypothesis, verdict.difference
    if found is None:
        return (one.name, one.in_words, "no answer", *[""] * 6)
    answer = "supported" if verdict.supported else "not supported"
    effect = f"{found.effect:.2f}" if isfinite(found.effect) else ""
    return (
        one.name, one.in_words, answer, f"{found.mean:.4g}", found.t_interval.in_words(),
        effect, f"{verdict.p:.3g}", f"{verdict.p_adjusted:.3g}", str(found.pairs),
    )  # fmt: skip


def _facts(study: RecordedStudy) -> Facts:
    cells = study.plan["cells"]
    rows = [("Study", study.name), ("Folder", study.path.name)]
    for label, facts in cells.items():
        lasts = format_time(float(facts.get("lasts", 0.0)))
        words = f"scenario {facts.get('scenario')}, {facts.get('people'):,} people, lasts {lasts}"
        rows.append((f"Arm {label}", words))
    if study.plan.get("fork_at") is not None:
        at = format_time(float(study.plan["fork_at"]))
        rows.append(("Common past", f"arms fork from {study.arms[0]} at {at}"))
    manifests = [one.run.manifest for one in study.runs if one.run is not None]
    versions = {", ".join(f"{n} {v}" for n, v in one.versions.items()) for one in manifests}
    models = {
        f"{facts.name}: {model_in_words(facts)}"
        for one in manifests
        for facts in [*([one.model] if one.model else []), *one.models.values()]
    }
    hashes = {one.scenario.hash for one in manifests if one.scenario and one.scenario.hash}
    rows += [("Model", one) for one in sorted(models)]
    rows += [("Versions", one) for one in sorted(versions)]
    rows += [("SHA-256 of the file", one) for one in sorted(hashes)]
    rows.append(("Seeds", ", ".join(map(str, dict.fromkeys(one.seed for one in study.runs)))))
    return Facts(rows)


def _runs_table(study: RecordedStudy) -> Iterator[Block]:
    rows = [
        (
            one.arm, str(one.seed), "complete" if one.complete else one.problem or "",
            one.run.id if one.run else "",
            (one.run.manifest.state_hash or "")[:16] if one.run else "",
            ", ".join(model_names(one.run.manifest)) if one.run else "",
        )
        for one in study.runs
    ]  # fmt: skip
    heads = ("arm", "seed", "state", "run", "hash of the last state", "model")
    yield Grid("Runs", heads, rows, frozenset({1}))


def _registration(study: RecordedStudy) -> Section:
    registration = study.registration
    content = registration.content
    intact = (
        "The file is as it was written before the first run."
        if registration.intact
        else "THE FILE WAS CHANGED since it was written: it is no pre-registration."
    )
    blocks: list[Block] = [Facts([("SHA-256", registration.digest), ("State", intact)])]
    rows = [
        (one["name"], one["measure"], one["group"], one["arm"], one["baseline"],
         " minus ".join(one.get("than", ())), one["expects"], one.get("test", ""))
        for one in content["hypotheses"]
    ]  # fmt: skip
    if rows:
        heads = ("hypothesis", "measure", "group", "arm", "baseline", "than", "expects", "test")
        blocks.append(Grid("Hypotheses as registered", heads, rows))
    measures: Sequence[dict[str, str]] = content["measures"]
    blocks.append(
        Grid("Measures as registered", ("measure", "unit", "source"),
             [(one["name"], one["unit"], one["source"]) for one in measures])
    )  # fmt: skip
    seeds = f"{counted(len(content['seeds']), 'seed')} an arm, registered beforehand."
    few = f" Fewer than {FEW} seeds cannot show anything." if len(content["seeds"]) < FEW else ""
    return Section("registration", "Pre-registration", blocks, seeds + few)


def _again() -> Section:
    text = (
        "simnet study run FILE --out FOLDER       # the same plan in another folder\n"
        "simnet study results FILE --out FOLDER   # the tables of this page\n"
        "simnet verify FOLDER/runs/RUN            # the record of one run\n"
    )
    intro = (
        "FILE is the Python file of the study. Results are equal, by checksum of "
        "results.parquet, if the model's replies are."
    )
    return Section("again", "How to reproduce it", [Code(text, "On the command line")], intro)
