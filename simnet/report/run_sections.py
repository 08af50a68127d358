"""The report of a run: which sections it has, from its tables."""

import pyarrow.compute as pc

from simnet.clock import format_time
from simnet.recording.files.manifest import model_names
from simnet.recording.reading.run import Run
from simnet.report.parts import Block, Notes, Page, Section, Tiles
from simnet.report.run_tables import RunTables
from simnet.report.sections.caveats import caveats
from simnet.report.sections.distributions import distributions
from simnet.report.sections.how_to_repeat import reproduction
from simnet.report.sections.over_time import time_line_of
from simnet.report.sections.people_and_ties import network
from simnet.report.sections.spreading import cascades
from simnet.report.sections.threads_to_read import threads_to_read
from simnet.report.sections.turns_and_costs import cost, ledger
from simnet.report.sections.what_it_was import facts_of
from simnet.world.verbs import Pass


def page_of_run(run: Run) -> Page:
    """Gather the report of a run. Raises RecordError for a record that cannot be read."""
    tables = RunTables(run)
    scenario = run.manifest.scenario
    seed = "" if run.manifest.seed is None else f", seed {run.manifest.seed}"
    models = ", ".join(model_names(run.manifest)) or "no model"
    return Page(
        scenario.name if scenario else run.id,
        f"Run {run.id}: {run.state}, {models}{seed}",
        [
            Section("summary", "Summary", [_tiles(tables)]),
            caveats(tables),
            Section("what", "What it was", [facts_of(run)]),
            ledger(tables),
            _time_lines(tables),
            cascades(tables),
            distributions(tables),
            network(tables),
            threads_to_read(tables),
            cost(run),
            reproduction(run),
        ],
    )


def _tiles(tables: RunTables) -> Tiles:
    events = tables.events
    turns = events.filter(pc.and_(pc.is_valid(events["turn"]), pc.equal(events["part"], 0)))
    last = float(pc.max(events["time"]).as_py()) if len(events) else 0.0
    acts = tables.done.filter(pc.not_equal(tables.done["verb"], Pass.verb))
    calls = sum(len(batch) for batch in tables.run.batches("calls", ["who"]))
    return Tiles(
        [
            ("people", f"{len(tables.personas):,}"),
            ("turns", f"{len(turns):,}"),
            ("actions done", f"{len(acts):,}"),
            ("posts", f"{len(tables.made):,}"),
            ("model calls", f"{calls:,}"),
            ("last event at", format_time(last)),
        ]
    )


def _time_lines(tables: RunTables) -> Section:
    picture = time_line_of(tables.done)
    blocks: list[Block] = [Notes(["Nothing was done."])] if picture is None else [picture]
    return Section("time", "Time line", blocks)
