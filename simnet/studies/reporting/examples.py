"""One run of each arm to look at: the first complete one, by the order of seeds."""

from collections.abc import Iterator
from dataclasses import replace

from simnet.report.parts import Section
from simnet.report.run_tables import RunTables
from simnet.report.sections.people_and_ties import network
from simnet.report.sections.spreading import cascades
from simnet.report.sections.threads_to_read import threads_to_read
from simnet.studies.reporting.recorded_study import RecordedRun, RecordedStudy

_MOST_ARMS = 4


def example_sections(study: RecordedStudy) -> Iterator[Section]:
    """Yield cascades, threads and the network of the first complete run of each arm."""
    chosen = _first_runs(study)
    for place, one in enumerate(chosen, start=1):
        assert one.run is not None
        tables = RunTables(one.run)
        where = f"of arm {one.arm}, seed {one.seed}"
        note = "One run as an example, the first complete one; it is no evidence by itself."
        spread = cascades(tables, drawn=1, prefix=f"cascade-{place}")
        intro = f"{note} {spread.intro}"
        yield replace(spread, key=f"cascades-{place}", title=f"Cascades {where}", intro=intro)
        read = threads_to_read(tables)
        yield replace(read, key=f"threads-{place}", title=f"Threads {where}")
        if place == 1:
            ties = network(tables)
            yield replace(ties, title=f"Network {where}")


def _first_runs(study: RecordedStudy) -> list[RecordedRun]:
    found: dict[str, RecordedRun] = {}
    for one in study.runs:
        if one.complete:
            found.setdefault(one.arm, one)
    return [found[arm] for arm in study.arms if arm in found][:_MOST_ARMS]
