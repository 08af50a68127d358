"""A study: arms, parameters, seeds, measures and hypotheses, declared before anything runs."""

import inspect
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from simnet.clock import Seconds, format_time
from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked
from simnet.foundation.text import counted, did_you_mean
from simnet.scenario.scenario import Scenario
from simnet.studies.expectations import Hypothesis, Reference
from simnet.studies.measure import Measure, wrong_group

Arm: TypeAlias = Scenario | Callable[..., Scenario]
"""A scenario, or a function that makes one from the parameters of the study."""
NO_PARAMETERS: Mapping[str, Sequence[object]] = MappingProxyType({})
SEEDS = range(10)


class Cell(NamedTuple):
    """One condition: an arm with one value for each parameter."""

    arm: str
    parameters: tuple[tuple[str, object], ...]
    scenario: Scenario

    @property
    def label(self) -> str:
        """The arm, with its parameters if the study has some: `label[size=200]`."""
        values = ",".join(f"{name}={value}" for name, value in self.parameters)
        return f"{self.arm}[{values}]" if values else self.arm


class Unit(NamedTuple):
    """One run of a study: a cell with a seed."""

    cell: Cell
    """The arm, with its parameters."""
    seed: int
    """The seed of the scenario."""

    @property
    def key(self) -> str:
        """The cell's label and the seed; unique in a study."""
        return f"{self.cell.label} seed {self.seed}"

    @property
    def scenario(self) -> Scenario:
        """The scenario with the seed."""
        return replace(self.cell.scenario, seed=self.seed)


@checked
@dataclass(frozen=True)
class Study:
    """Arms x parameters x seeds, and what is measured.

    Runs of one seed share their random numbers whatever the arm, so differences between arms are
    compared within each seed. Raises ScenarioError if arms have different people, or do not
    differ, or a hypothesis names what is not there.
    """

    name: str
    """Its name, in results and reports."""
    arms: Mapping[str, Arm]
    """What is compared: scenarios, or functions that make them, by name."""
    measures: Sequence[Measure]
    """What is measured in each run."""
    seeds: Sequence[int] = SEEDS
    """Each arm is run with each."""
    parameters: Mapping[str, Sequence[object]] = field(default_factory=lambda: NO_PARAMETERS)
    """Values by the name of a parameter of the arms, which are functions then; all combinations
    are run."""
    hypotheses: Sequence[Hypothesis] = ()
    """What is expected, written down before."""
    references: Sequence[Reference] = ()
    """Known values that the report shows beside the results."""
    fork_at: Seconds | None = None
    """Simulated time until which all arms share the past of the first arm; None starts each arm
    by itself."""

    def __post_init__(self) -> None:
        _check_names(self)
        _check_arms(self)
        _check_members(self)
        for hypothesis in self.hypotheses:
            _check_hypothesis(self, hypothesis)
        for reference in self.references:
            _check_reference(self, reference)

    @cached_property
    def cells(self) -> list[Cell]:
        """List the conditions: for each combination of parameters, each arm."""
        return _cells(self)

    @property
    def units(self) -> list[Unit]:
        """List the runs: for each seed, each cell."""
        return [Unit(cell, seed) for seed in self.seeds for cell in self.cells]

    def parent_of(self, unit: Unit) -> Unit | None:
        """Return the run of which this one is a fork, if arms share a past."""
        if self.fork_at is None:
            return None
        first = next(iter(self.arms))
        if unit.cell.arm == first:
            return None
        parameters = unit.cell.parameters
        cell = next(c for c in self.cells if (c.arm, c.parameters) == (first, parameters))
        return Unit(cell, unit.seed)


def _cells(study: Study) -> list[Cell]:
    names = list(study.parameters)
    combinations = itertools.product(*study.parameters.values())
    return [
        Cell(name, values, _scenario(study, name, arm, dict(values)))
        for combination in combinations
        for values in [tuple(zip(names, combination, strict=True))]
        for name, arm in study.arms.items()
    ]


def _scenario(study: Study, name: str, arm: Arm, parameters: dict[str, object]) -> Scenario:
    if isinstance(arm, Scenario):
        return arm
    where = f"study {study.name!r}, arm {name!r}"
    accepted = inspect.signature(arm).parameters
    takes_any = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in accepted.values())
    for parameter in parameters:
        if parameter not in accepted and not takes_any:
            hint = did_you_mean(parameter, accepted)
            raise ScenarioError(f"{where}: its function has no parameter {parameter!r}{hint}")
    made: Any = arm(**parameters)
    if not isinstance(made, Scenario):
        raise ScenarioError(f"{where}: its function returned {type(made).__name__}, no Scenario")
    return made


def _check_names(study: Study) -> None:
    where = f"study {study.name!r}"
    if not study.arms:
        raise ScenarioError(f"{where} has no arms")
    if not study.measures:
        raise ScenarioError(f"{where} has no measures; what would be compared?")
    if not study.seeds:
        raise ScenarioError(f"{where} has no seeds; give one or more, such as seeds=range(10)")
    for noun, values in (
        ("seed", list(map(str, study.seeds))),
        ("measure", [measure.name for measure in study.measures]),
        ("hypothesis", [hypothesis.name for hypothesis in study.hypotheses]),
    ):
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise ScenarioError(f"{where} has the {noun} {', '.join(twice)} twice")
    for parameter, choices in study.parameters.items():
        if not choices:
            raise ScenarioError(f"{where}: parameter {parameter!r} has no values")
        if len({str(choice) for choice in choices}) < len(choices):
            raise ScenarioError(f"{where}: parameter {parameter!r} has a value twice")
    fixed = [name for name, arm in study.arms.items() if isinstance(arm, Scenario)]
    if study.parameters and fixed:
        raise ScenarioError(
            f"{where}: arm {fixed[0]!r} is a scenario, which no parameter changes; give a function "
            "of the parameters that returns one"
        )


def _check_arms(study: Study) -> None:
    where = f"study {study.name!r}"
    by_parameters: dict[tuple[Any, ...], list[Cell]] = {}
    for cell in study.cells:
        by_parameters.setdefault(cell.parameters, []).append(cell)
    for cells in by_parameters.values():
        first = cells[0]
        for cell in cells[1:]:
            _check_people(where, first, cell)
        for one, other in itertools.combinations(cells, 2):
            if one.scenario == other.scenario:
                raise ScenarioError(f"{where}: arms {one.label!r} and {other.label!r} are the same")
        if study.fork_at is not None and not 0 < study.fork_at <= first.scenario.lasts:
            raise ScenarioError(
                f"{where}: fork_at={study.fork_at} is not within the first arm, which lasts "
                f"{format_time(first.scenario.lasts)}"
            )


def _check_people(where: str, first: Cell, cell: Cell) -> None:
    people, others = first.scenario.handles(), cell.scenario.handles()
    if people == others:
        return
    differing = set(people) ^ set(others)
    what = (
        f"{counted(len(differing), 'person')} ({', '.join(sorted(differing)[:3])}...)"
        if differing
        else "their order"
    )
    raise ScenarioError(
        f"{where}: arms {first.label!r} and {cell.label!r} have different people ({what}); arms "
        "are compared within a seed, so give them the same cohorts"
    )


def _check_members(study: Study) -> None:
    """Raise ScenarioError for a measure about somebody who is not there."""
    about = [(measure, who) for measure in study.measures for who in measure.members]
    if not about:
        return
    for cell in study.cells:
        handles = cell.scenario.handles()
        known = set(handles)
        for measure, who in about:
            if who not in known:
                raise ScenarioError(
                    f"study {study.name!r}: measure {measure.name!r} is about {who!r}, who is not "
                    f"in arm {cell.label!r}{did_you_mean(who, handles)}"
                )


def _check_hypothesis(study: Study, hypothesis: Hypothesis) -> None:
    where = f"study {study.name!r}, hypothesis {hypothesis.name!r}"
    measure = _found(study, where, hypothesis.measure, hypothesis.group, hypothesis.arms)
    if measure.timed:
        raise ScenarioError(
            f"{where}: measure {measure.name!r} gives figures of times alone, and a hypothesis is "
            "about one figure of each run; add a measure without every="
        )


def _check_reference(study: Study, reference: Reference) -> None:
    where = f"study {study.name!r}, reference from {reference.source!r}"
    arms = [cell.label for cell in study.cells] if reference.arm is None else [reference.arm]
    _found(study, where, reference.measure, reference.group, arms)


def _found(study: Study, where: str, name: str, group: str, arms: Sequence[str]) -> Measure:
    """Return a measure. Raises ScenarioError if arms, the measure or its group are not there."""
    scenarios = {cell.label: cell.scenario for cell in study.cells}
    for arm in arms:
        if arm not in scenarios:
            raise ScenarioError(f"{where}: there is no arm {arm!r}{did_you_mean(arm, scenarios)}")
    measures = {one.name: one for one in study.measures}
    if name not in measures:
        raise ScenarioError(f"{where}: there is no measure {name!r}{did_you_mean(name, measures)}")
    if wrong := wrong_group(measures[name], group, [scenarios[arm] for arm in arms]):
        raise ScenarioError(f"{where}: measure {name!r} {wrong}")
    return measures[name]
