"""How far judges agree: Krippendorff's alpha of any number, and Cohen's kappa of two.

Alpha is 1 where all agree, 0 where they agree as by chance, and below 0 where they differ more than
by chance. The method is that of Krippendorff, *Content Analysis* (2019), chapter 12, as the package
`krippendorff` computes it; answers that are missing are left out.
"""

import warnings
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Literal, NamedTuple, TypeAlias

from simnet.errors import UsageError
from simnet.foundation.distribution import install_command

Level: TypeAlias = Literal["nominal", "ordinal", "interval"]
"""Level of measurement: which differences count how much."""
Judged: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Values by judge, then by the unit that is judged."""


class Reliability(NamedTuple):
    """The agreement of judges about one thing."""

    alpha: float | None
    """Krippendorff's alpha; None if it cannot be computed."""
    items: int
    """Units that at least two judges judged."""
    annotators: int
    """Judges who judged one of these."""
    why: str | None = None
    """Why there is no alpha."""


def check_installed() -> None:
    """Raise UsageError if the libraries that compute agreement are not there."""
    for module, package in (("krippendorff", "krippendorff"), ("sklearn", "scikit-learn")):
        if find_spec(module) is None:
            raise UsageError(
                f"agreement is computed with {package}; install it, in a clone of simnet: "
                f"{install_command('review')}"
            )


def overlap(values: Judged) -> tuple[int, int]:
    """Count the units that two judges have, and the judges who have one of these."""
    counts: dict[str, int] = {}
    for own in values.values():
        for unit in own:
            counts[unit] = counts.get(unit, 0) + 1
    shared = {unit for unit, count in counts.items() if count > 1}
    return len(shared), sum(1 for own in values.values() if not shared.isdisjoint(own))


def reliability(values: Judged, level: Level, domain: Sequence[Any]) -> Reliability:
    """Compute alpha. `domain` are all values that are possible, in their order."""
    items, annotators = overlap(values)
    if items == 0:
        return Reliability(None, 0, annotators, "no record was answered by two annotators")
    units = sorted({unit for own in values.values() for unit in own})
    counts = [
        [sum(1 for own in values.values() if own.get(unit) == one) for one in domain]
        for unit in units
    ]
    shared = [row for row in counts if sum(row) > 1]
    given = [one for place, one in enumerate(domain) if any(row[place] for row in shared)]
    if len(given) == 1:
        why = f"all answers are {given[0]!r}, and alpha needs answers that differ"
        return Reliability(None, items, annotators, why)
    return Reliability(_alpha(counts, level, domain), items, annotators)


def _alpha(counts: Sequence[Sequence[int]], level: Level, domain: Sequence[Any]) -> float:
    """Compute alpha from how often each value was given to each unit."""
    import krippendorff  # noqa: PLC0415  (an extra)
    import numpy as np  # noqa: PLC0415

    numeric = all(isinstance(one, int | float) for one in domain)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of numpy, raised in the package
        alpha = krippendorff.alpha(
            value_counts=np.array(counts),
            value_domain=list(domain) if numeric else list(range(len(domain))),
            level_of_measurement=level,
        )
    return round(float(alpha), 6)


def cohens_kappa(one: Mapping[str, Any], other: Mapping[str, Any]) -> float | None:
    """Return Cohen's kappa (Cohen 1960) of two judges, by unit.

    None where it is not defined: they share no units, or gave one value alone.
    """
    units = sorted(one.keys() & other.keys())
    if len({str(own[unit]) for own in (one, other) for unit in units}) < 2:
        return None
    from sklearn.metrics import cohen_kappa_score  # noqa: PLC0415  (an extra)

    pairs = ([str(own[unit]) for unit in units] for own in (one, other))
    return round(float(cohen_kappa_score(*pairs)), 6)
