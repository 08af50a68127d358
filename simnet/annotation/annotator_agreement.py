"""How far annotators agree: Krippendorff's alpha, and Cohen's kappa of two."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from simnet.annotation.annotation_rows import AnnotationRow
from simnet.distribution import install_command
from simnet.errors import UsageError

LEVELS = {
    "yes or no": "nominal",
    "choice": "nominal",
    "likert": "ordinal",
    "number": "interval",
}
"""Level of measurement by kind of question; other kinds have no agreement of this sort."""


class Agreement(NamedTuple):
    """The agreement of the annotators on one question."""

    question: str
    level: str
    """nominal, ordinal or interval: which differences count how much."""
    items: int
    """Items that at least two annotators judged."""
    annotators: int
    alpha: float | None
    """Krippendorff's alpha (Krippendorff 2004); None where it is not defined, and then `why`."""
    kappas: dict[tuple[str, str], float]
    """Cohen's kappa (Cohen 1960) of each two annotators, for nominal questions."""
    why: str | None = None


def agreement(rows: Sequence[AnnotationRow]) -> list[Agreement]:
    """Measure the agreement on each question, in the order in which questions come.

    Judgements without an answer count as missing. Raises UsageError if the libraries that measure
    it are not installed.
    """
    kinds = {row.question: row.kind for row in rows}
    return [
        _agreement(question, LEVELS[kind], [row for row in rows if row.question == question])
        for question, kind in kinds.items()
        if kind in LEVELS
    ]


def _agreement(question: str, level: str, rows: Sequence[AnnotationRow]) -> Agreement:
    values: dict[str, dict[str, object]] = {}
    for row in rows:
        if row.answer is not None:
            values.setdefault(row.annotator, {})[row.item] = row.value
    names = list(values)
    items = {row.item for row in rows}
    shared = [one for one in items if sum(one in given for given in values.values()) > 1]
    seen = sorted({repr(given[one]) for given in values.values() for one in shared if one in given})
    why = None
    if len(names) < 2 or not shared:
        why = "no item was judged by two annotators"
    elif len(seen) < 2:
        why = "all answers are the same, so there is no disagreement by chance to compare with"
    alpha = None if why else _alpha(values, sorted(shared), level)
    kappas = {}
    if level == "nominal":
        for one, other in combinations(names, 2):
            both = sorted(values[one].keys() & values[other].keys())
            kappa = _kappa(
                [values[one][item] for item in both], [values[other][item] for item in both]
            )
            if kappa is not None:
                kappas[one, other] = kappa
    return Agreement(question, level, len(shared), len(names), alpha, kappas, why)


def _alpha(values: dict[str, dict[str, object]], items: Sequence[str], level: str) -> float:
    try:
        import krippendorff  # noqa: PLC0415  (an extra)
    except ImportError:
        raise UsageError(_missing("krippendorff")) from None
    codes = {
        value: number
        for number, value in enumerate(
            sorted({str(given[one]) for given in values.values() for one in items if one in given})
        )
    }

    def code(value: object) -> float:
        return float(codes[str(value)]) if level == "nominal" else float(value)  # type: ignore[arg-type]

    table = [
        [code(given[one]) if one in given else float("nan") for one in items]
        for given in values.values()
    ]
    return float(krippendorff.alpha(reliability_data=table, level_of_measurement=level))


def _kappa(one: Sequence[object], other: Sequence[object]) -> float | None:
    """Return Cohen's kappa; None where it is not defined: no items, or one answer alone."""
    if not one or len({str(value) for value in (*one, *other)}) < 2:
        return None
    try:
        from sklearn.metrics import cohen_kappa_score  # noqa: PLC0415  (an extra)
    except ImportError:
        raise UsageError(_missing("scikit-learn")) from None
    return float(cohen_kappa_score(list(map(str, one)), list(map(str, other))))


def _missing(package: str) -> str:
    return f"agreement is measured by {package}; install it: {install_command('review')}"
