"""Plays workloads several times, and keeps every sample with what it was measured on."""

import json
import os
import platform
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from simnet.benchmarking.played_society import Workload
from simnet.benchmarking.workloads import WORKLOADS
from simnet.errors import UsageError
from simnet.foundation.distribution import NAME, version_of
from simnet.foundation.gpus import list_gpus
from simnet.foundation.text import did_you_mean

MODEL = "model"
"""The name of the workload that needs a model, so that it is played only by name."""
PACKAGES = (NAME, "numpy", "pyarrow", "pydantic", "ray", "vllm")


@dataclass(frozen=True)
class Samples:
    """The samples of one figure."""

    workload: str
    figure: str
    unit: str
    more_is_better: bool
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle sample."""
        return median(self.values)

    @property
    def quartiles(self) -> tuple[float, float]:
        """The first and the third quartile; of a single sample, that."""
        if len(self.values) < 2:
            return self.values[0], self.values[0]
        low, _, high = quantiles(self.values, method="inclusive")
        return low, high


@dataclass(frozen=True)
class Measurement:
    """All that was measured, and on what."""

    when: str
    machine: dict[str, Any]
    versions: dict[str, str]
    samples: tuple[Samples, ...]
    model: dict[str, Any] = field(default_factory=dict)
    """What the workload `model` measured; empty if it was not played."""

    def differences(self, other: "Measurement") -> list[str]:
        """Say in which facts of machine and model and versions of packages another one differs."""
        pairs = [
            ("machine: ", self.machine, other.machine),
            ("version of ", self.versions, other.versions),
        ]
        if self.model and other.model:
            pairs.append(("model: ", self.model, other.model))
        return [
            f"{kind}{name} was {before.get(name, 'unknown')}, then {after.get(name, 'unknown')}"
            for kind, before, after in pairs
            for name in {**before, **after}
            if before.get(name) != after.get(name)
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the values as JSON knows them, with the median and the quartiles."""
        rows = [
            {**asdict(one), "median": one.median, "quartiles": one.quartiles}
            for one in self.samples
        ]
        return {
            "when": self.when,
            "machine": self.machine,
            "versions": self.versions,
            **({"model": self.model} if self.model else {}),
            "samples": rows,
        }


def measure(
    names: Sequence[str],
    repeats: int,
    warm_ups: int,
    report: Callable[[str], object],
    model: Workload | None = None,
) -> Measurement:
    """Play workloads by name, by default all but `model`; `report` gets a line before each.

    `model` is the workload of that name. Raises UsageError for an unknown name, before any is
    played.
    """
    known = {**WORKLOADS, **({} if model is None else {MODEL: model})}
    for name in names:
        if name not in known:
            hint = did_you_mean(name, list(known))
            raise UsageError(f"there is no workload {name!r}{hint}; there are {', '.join(known)}")
    samples: list[Samples] = []
    for name in names or WORKLOADS:
        for number in range(warm_ups):
            report(f"{name}: warm-up {number + 1} of {warm_ups}")
            known[name]()
        played = []
        for number in range(repeats):
            report(f"{name}: {number + 1} of {repeats}")
            played.append(known[name]())
        for figure, first in played[0].items():
            values = tuple(one[figure].value for one in played)
            samples.append(Samples(name, figure, first.unit, first.more_is_better, values))
    return Measurement(_now(), _machine(), _versions(), tuple(samples))


def read(path: Path) -> Measurement:
    """Read what `simnet bench run --out` wrote. Raises UsageError for anything else."""
    try:
        told = json.loads(path.read_text("utf-8"))
        samples = tuple(
            Samples(
                str(one["workload"]),
                str(one["figure"]),
                str(one["unit"]),
                bool(one["more_is_better"]),
                tuple(map(float, one["values"])),
            )
            for one in told["samples"]
        )
        told_model = told.get("model", {})
        found = Measurement(told["when"], told["machine"], told["versions"], samples, told_model)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(f"{path} was not written by `simnet bench run --out`: {error}") from None
    if not all(one.values for one in found.samples):
        raise UsageError(f"{path} has a figure without samples")
    return found


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _machine() -> dict[str, Any]:
    try:
        gpus = list_gpus("name,memory.total,driver_version")
    except (OSError, subprocess.SubprocessError) as error:
        gpus = [f"unknown: {error}"]
    return {
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **({"gpus": gpus} if gpus else {}),
    }


def _versions() -> dict[str, str]:
    found = {package: version_of(package) for package in PACKAGES}
    return {package: version for package, version in found.items() if version is not None}
