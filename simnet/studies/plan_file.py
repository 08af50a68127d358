"""What is written down of a study before its first run: its plan and its pre-registration."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from simnet.errors import UsageError
from simnet.scenario.scenario import Scenario
from simnet.studies.expectations import Hypothesis
from simnet.studies.study import Study

TESTS = {
    "higher": "paired t-test and paired permutation test, one-sided (greater)",
    "lower": "paired t-test and paired permutation test, one-sided (less)",
    "different": "paired t-test and paired permutation test, two-sided",
    "equal": "two one-sided paired t-tests (equivalence within the margin)",
}
"""The test of a hypothesis by what it expects."""
CORRECTION = "Holm's, over all hypotheses of the study"


def plan_of(study: Study) -> dict[str, Any]:
    """Return what identifies a study: its conditions, by what can be written down of them."""
    return {
        "study": study.name,
        "fork_at": study.fork_at,
        "parameters": {name: list(map(str, values)) for name, values in study.parameters.items()},
        "cells": {cell.label: _facts(cell.scenario) for cell in study.cells},
    }


def registration_of(study: Study) -> dict[str, Any]:
    """Return the pre-registration: hypotheses, measures, tests and the number of seeds."""
    return {
        "study": study.name,
        "arms": [cell.label for cell in study.cells],
        "seeds": list(study.seeds),
        "measures": [
            {"name": one.name, "unit": one.unit, "source": one.source} for one in study.measures
        ],
        "hypotheses": [_registered(one) for one in study.hypotheses],
        "correction": CORRECTION,
        **_references(study),
    }


def _registered(one: Hypothesis) -> dict[str, Any]:
    return {
        "name": one.name,
        "measure": one.measure,
        "group": one.group,
        "arm": one.arm,
        "baseline": one.baseline,
        "expects": one.expects,
        "margin": one.margin,
        **({} if one.than is None else {"than": list(one.than)}),
        "test": TESTS[one.expects],
    }


def _references(study: Study) -> dict[str, Any]:
    """Return the known values of a study; nothing if there are none."""
    return {"references": [asdict(one) for one in study.references]} if study.references else {}


def digest_of(value: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a value as it is written."""
    return hashlib.sha256(encoded(value)).hexdigest()


def encoded(value: Mapping[str, Any]) -> bytes:
    """Write a value as JSON, the same for equal values."""
    return (json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n").encode()


def check_same_plan(where: str, recorded: Mapping[str, Any], study: Study) -> None:
    """Raise UsageError, naming what differs, if a study folder is of another plan.

    Seeds, measures and hypotheses may be added to a study that has begun; for a hypothesis that
    was changed see `check_same_hypotheses`.
    """
    now = json.loads(encoded(plan_of(study)))
    if recorded == now:
        return
    differing = [
        name for name in ("study", "fork_at", "parameters") if recorded.get(name) != now[name]
    ]
    before, after = recorded.get("cells", {}), now["cells"]
    for label in dict.fromkeys([*before, *after]):
        if label not in after or label not in before:
            there = "only in the folder" if label in before else "new"
            differing.append(f"arm {label!r} ({there})")
        elif before[label] != after[label]:
            facts = [name for name in after[label] if before[label].get(name) != after[label][name]]
            differing.append(f"arm {label!r} ({', '.join(facts)})")
    raise UsageError(
        f"{where} is of another plan: {', '.join(differing)} differ; give the study another folder "
        "with --out, or undo the change"
    )


def check_same_hypotheses(
    where: str, registered: Sequence[Mapping[str, Any]], study: Study
) -> None:
    """Raise UsageError, naming what differs, if a hypothesis is not what was registered."""
    now = {one.name: _registered(one) for one in study.hypotheses}
    for before in registered:
        after = now.get(before["name"], before)
        named = dict.fromkeys([*before, *after])
        fields = [one for one in named if one != "test" and before.get(one) != after.get(one)]
        if fields:
            words = ", ".join(f"{one}={after.get(one)!r} was {before.get(one)!r}" for one in fields)
            raise UsageError(
                f"{where}: hypothesis {before['name']!r} is not what was registered: {words}; undo "
                "the change, or give it another name: it is then shown as exploratory"
            )


def _facts(scenario: Scenario) -> dict[str, Any]:
    """Return facts of a scenario that are the same whenever it is made; code is not among them."""
    people = "\n".join(scenario.handles()).encode()
    return {
        "scenario": scenario.name,
        "lasts": scenario.lasts,
        "people": len(scenario.handles()),
        "handles": hashlib.sha256(people).hexdigest(),
        "cohorts": {
            cohort.name: {"people": len(cohort.personas), "manner": cohort.manner}
            for cohort in scenario.cohorts
        },
        "cues": [[cue.at, cue.who, cue.does.verb, str(cue.does)] for cue in scenario.cues],
        "setting": scenario.setting,
    }
