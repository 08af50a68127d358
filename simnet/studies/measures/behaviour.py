"""Measures of what people do and say: activity, texts, moderation, cost."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from math import ceil
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simnet.agents.reply_words import gist, words
from simnet.analysis.costs import costs
from simnet.clock import HOUR, Seconds
from simnet.recording.reading.run import Run
from simnet.scenario.text_alarms import NOTES, REPEATS
from simnet.studies.measure import Figure, Figures, Measure
from simnet.studies.measures.figure_groups import cohorts, only, whole_and_cohorts
from simnet.studies.measures.run_length import end_of
from simnet.world.events import DONE, FAILED, OUTSIDE

DISTINCT = "Li, Galley, Brockett, Gao & Dolan 2016, A diversity-promoting objective function"
_WORD = re.compile(r"\w+(?:'\w+)?")


def actions(verb: str | None = None, *, every: Seconds | None = None) -> Measure:
    """Count what people did, by cohort and in all (group `""`); `every` counts by spans of time.

    `verb` counts that verb alone, and all but `pass` if it is None. Cohorts that did nothing, and
    spans until the end of the run in which nothing was done, count 0. What was begun before the end
    and done after it is in the last span.
    """

    def found(run: Run) -> Figures:
        events = _done(run.read("events"))
        wanted = pc.equal(events["verb"], verb) if verb else pc.not_equal(events["verb"], "pass")
        chosen = events.filter(wanted)
        spans = 1 if every is None else max(1, ceil(end_of(run) / every))
        counts: Counter[tuple[str, int]] = Counter()
        for cohort, time in zip(
            chosen["cohort"].to_pylist(), chosen["time"].to_pylist(), strict=True
        ):
            place = 0 if every is None else min(int(time // every), spans - 1)
            counts[cohort, place] += 1
            counts["", place] += 1
        groups = ["", *_people_by_cohort(run)]
        if every is None:
            return [Figure(counts[group, 0], group) for group in groups]
        return [
            Figure(counts[group, place], group, place * every)
            for group in groups
            for place in range(spans)
        ]

    name = f"actions {verb}" if verb else "actions"
    if every is None:
        return Measure(name, found, groups=whole_and_cohorts)
    return Measure(f"{name} every {every:g} s", found, groups=whole_and_cohorts, timed=True)


def activity() -> Measure:
    """Measure turns per persona and simulated hour, by cohort, to compare with its rhythm.

    Hours are those until the end of the run. No figure for a run that ended as it began.
    """

    def found(run: Run) -> Figures:
        events = run.read("events")
        turns = events.filter(pc.and_(pc.is_valid(events["turn"]), pc.equal(events["part"], 0)))
        hours = end_of(run) / HOUR
        if not hours:
            return []
        counts = Counter(turns["cohort"].to_pylist())
        return {
            cohort: counts[cohort] / hours / people
            for cohort, people in _people_by_cohort(run).items()
        }

    return Measure("activity", found, "turns per persona and hour", groups=cohorts)


def marked(*marks: str) -> Measure:
    """Measure the share of model replies that have one of some marks, by cohort and in all.

    Without names, marks of trouble: refusal, repeat, near_repeat and repetition. Labels, warnings
    and reasons of reports are no repeats. See `docs/reference/marks.md`.
    """
    wanted = set(marks or ("refusal", "repeat", "near_repeat", "repetition"))

    def found(run: Run) -> Figures:
        calls = set(
            zip(*(run.read("calls")[name].to_pylist() for name in ("who", "turn")), strict=True)
        )
        events = run.read("events")
        notes = {verb for verb, relation in run.relations.items() if relation in NOTES}
        columns = ("who", "turn", "part", "cohort", "verb", "marks")
        totals: Counter[str] = Counter()
        hits: Counter[str] = Counter()
        for who, turn, part, cohort, verb, found_marks in zip(
            *(events[name].to_pylist() for name in columns), strict=True
        ):
            if part != 0 or (who, turn) not in calls:
                continue
            hit = set(found_marks) & (wanted - REPEATS if verb in notes else wanted)
            for group in ("", cohort):
                totals[group] += 1
                hits[group] += bool(hit)
        return {group: hits[group] / total for group, total in totals.items()}

    return Measure(f"marked {' or '.join(sorted(wanted))}", found, groups=whole_and_cohorts)


def lexical_diversity(n: int = 2) -> Measure:
    """Measure distinct-n of the texts of each cohort: different n-grams by all n-grams.

    From 0 to 1; it falls with the amount of text. Where no spaces are written between words,
    letters count in place of words. Source: Li et al. 2016, "A diversity-promoting
    objective function for neural conversation models".
    """

    def found(run: Run) -> Figures:
        events = _done(run.read("events"))
        seen: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        totals: Counter[str] = Counter()
        reactions = {verb for verb, relation in run.relations.items() if relation == "reaction"}
        for cohort, text, verb in zip(
            *(events[name].to_pylist() for name in ("cohort", "text", "verb")), strict=True
        ):
            if verb in reactions:  # the text of a reaction is its name
                continue
            said = _words(text or "")
            for start in range(len(said) - n + 1):
                seen[cohort].add(tuple(said[start : start + n]))
                totals[cohort] += 1
        return {cohort: len(seen[cohort]) / total for cohort, total in totals.items()}

    return Measure(f"distinct-{n}", found, source=DISTINCT, groups=cohorts)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold()) if text.isascii() else words(gist(text))


def moderation(is_breach: Callable[[Mapping[str, Any]], bool] | None = None) -> Measure:
    """Measure moderators: `delay`, the median seconds from a post to its removal or label.

    With `is_breach`, which is given the row of `events` that made a post, `precision` is the share
    of the posts that moderators acted on that are breaches, and `recall` the share of the breaches
    that they acted on.
    """

    def found(run: Run) -> Figures:
        events = _done(run.read("events"))
        relations = run.relations
        made = {row["made"]: row for row in events.to_pylist() if row["made"] is not None}
        acted: dict[int, float] = {}
        for post, time, verb in zip(
            *(events[name].to_pylist() for name in ("post", "time", "verb")), strict=True
        ):
            if relations.get(verb) in {"removal", "label"} and post in made:
                acted.setdefault(post, time - made[post]["time"])
        figures = [Figure(float(np.median(list(acted.values()))), "delay")] if acted else []
        if is_breach is not None:
            breaches = {post for post, row in made.items() if is_breach(row)}
            hits = len(breaches & acted.keys())
            figures += [Figure(hits / len(acted), "precision")] if acted else []
            figures += [Figure(hits / len(breaches), "recall")] if breaches else []
        return figures

    shares = () if is_breach is None else ("precision", "recall")
    return Measure("moderation", found, groups=only("delay", *shares))


def failed_turns() -> Measure:
    """Measure the share of turns without a usable reply, by cohort and in all."""

    def found(run: Run) -> Figures:
        events = run.read("events")
        totals: Counter[str] = Counter()
        failed: Counter[str] = Counter()
        for turn, part, cohort, outcome in zip(
            *(events[name].to_pylist() for name in ("turn", "part", "cohort", "outcome")),
            strict=True,
        ):
            if turn is None or part != 0:
                continue
            for group in ("", cohort):
                totals[group] += 1
                failed[group] += outcome == FAILED
        return {group: failed[group] / total for group, total in totals.items()}

    return Measure("failed turns", found, groups=whole_and_cohorts)


def cost() -> Measure:
    """Count model calls and their tokens: groups `calls`, `tokens in` and `tokens out`.

    No figure of tokens for a run in which a call did not tell its own.
    """

    def found(run: Run) -> Figures:
        rows = costs(run)
        figures = {"calls": sum(row.calls for row in rows)}
        if not any(row.unknown_in for row in rows):
            figures["tokens in"] = sum(row.prompt_tokens for row in rows)
        if not any(row.unknown_out for row in rows):
            figures["tokens out"] = sum(row.output_tokens for row in rows)
        return figures

    return Measure("cost", found, groups=only("calls", "tokens in", "tokens out"))


def _people_by_cohort(run: Run) -> Counter[str]:
    return Counter(run.read("personas")["cohort"].to_pylist())


def _done(events: pa.Table) -> pa.Table:
    """Keep what people did, without what was done from outside."""
    by_people = pc.not_equal(events["who"], OUTSIDE)
    return events.filter(pc.and_(pc.equal(events["outcome"], DONE), by_people))
