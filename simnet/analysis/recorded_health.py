"""The health of the texts of a recorded run, by cohort."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter

from simnet.clock import Seconds, format_time
from simnet.foundation.text import counted, visible
from simnet.recording.reading.run import Run
from simnet.scenario.text_alarms import ALARM_MARKS, COSTLY, NOTES, RATES, REPEATS
from simnet.scenario.text_rates import figures_line
from simnet.world.events import FAILED, Event

METRIC = "health."
"""How the names of its metrics begin; the cohort and the measure follow."""
_SHOWN = 5
"""Alarms of a cohort that are shown with their times."""


def health_lines(run: Run, events: Iterable[Event]) -> list[str]:
    """Describe the texts of each cohort of a run: a line each, none where nothing is remarkable.

    Rates and alarms are counted in the events; the other measures are the last ones in `metrics`.
    """
    turns: Counter[str] = Counter()
    marks: defaultdict[str, Counter[str]] = defaultdict(Counter)
    alarms: defaultdict[str, list[tuple[str, Seconds]]] = defaultdict(list)
    relations = run.relations
    of_turns = (event for event in events if event.turn is not None)
    for _, rows in groupby(of_turns, key=attrgetter("who", "turn")):
        turn = list(rows)
        first, found = turn[0], [mark for event in turn for mark in event.marks]
        texts = {relations.get(one.verb) for one in turn if one.text} - {"reaction"}
        if texts or found or first.outcome == FAILED:
            turns[first.cohort] += 1
        only_notes = bool(texts) and texts <= NOTES
        marks[first.cohort].update(one for one in found if not (only_notes and one in REPEATS))
        alarms[first.cohort] += [(one, first.time) for one in found if one in ALARM_MARKS]
    others = _measured(run)
    lines = []
    for cohort, count in turns.items():
        rates = {measure: marks[cohort][mark] / count for measure, mark in RATES.items()}
        words = figures_line({**rates, **others.get(cohort, {})})
        facts = [words, *_alarms(alarms[cohort])]
        if any(facts):
            lines.append(f"texts of {visible(cohort)}: {', '.join(filter(None, facts))}")
    return lines


def _alarms(begun: list[tuple[str, Seconds]]) -> list[str]:
    shown = [f"alarm {ALARM_MARKS[mark]} at {format_time(at)}" for mark, at in begun[:_SHOWN]]
    more = len(begun) - len(shown)
    return [*shown, *([f"{counted(more, 'more alarm')}"] if more > 0 else [])]


def _measured(run: Run) -> dict[str, dict[str, float]]:
    """Read the last value of each measure that is no rate, by cohort."""
    found: dict[str, dict[str, float]] = {}
    metrics = run.read("metrics").select(["name", "value"]).to_pylist()
    for row in metrics:
        if row["name"].startswith(METRIC):
            cohort, _, measure = row["name"].removeprefix(METRIC).rpartition(".")
            if measure in COSTLY:
                found.setdefault(cohort, {})[measure] = row["value"]
    return found
