"""How far annotators agree on each question of an annotation."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from simnet.analysis.reliability import Level, check_installed, cohens_kappa, reliability
from simnet.annotation.annotation_rows import AnnotationRow
from simnet.questions.question import Value

LEVELS: Mapping[str, Level] = {
    "yes or no": "nominal",
    "choice": "nominal",
    "likert": "ordinal",
    "number": "interval",
}
"""Level of measurement by kind of question; other kinds have no agreement of this sort."""


class Agreement(NamedTuple):
    """The agreement of the annotators on one question."""

    question: str
    """Name of the question."""
    level: Level
    """How answers are compared: nominal (equal or not), ordinal (by rank) or interval (by
    distance)."""
    items: int
    """Items that at least two annotators judged."""
    annotators: int
    """Annotators who judged one of these."""
    alpha: float | None
    """Krippendorff's alpha: 1 where all agree, 0 as by chance; None where it is not defined."""
    kappas: dict[tuple[str, str], float]
    """Cohen's kappa of each two annotators, for nominal questions."""
    why: str | None = None
    """Why there is no alpha."""


def agreement(rows: Sequence[AnnotationRow]) -> list[Agreement]:
    """Measure the agreement on each question, in the order in which questions come.

    The kind of a question is what most of its answers have. Judgements without an answer, or with
    one of another kind, as annotations read from logs may have, count as missing. Sources:
    Krippendorff 2004, "Content Analysis"; Cohen 1960, "A coefficient of agreement for nominal
    scales". Raises UsageError if the libraries that measure it are not installed.
    """
    check_installed()
    kinds: dict[str, Counter[str]] = {}
    for row in rows:
        if row.kind in LEVELS and row.value is not None:
            kinds.setdefault(row.question, Counter())[row.kind] += 1
    return [
        _agreement(
            question,
            LEVELS[kind],
            [row for row in rows if row.question == question and row.kind == kind],
        )
        for question, ((kind, _answers),) in (
            (name, of.most_common(1)) for name, of in kinds.items()
        )
    ]


def _agreement(question: str, level: Level, rows: Sequence[AnnotationRow]) -> Agreement:
    values: dict[str, dict[str, Value]] = {}
    for row in rows:
        if (value := row.value) is not None:
            values.setdefault(row.annotator, {})[row.item] = value
    domain = sorted({value for own in values.values() for value in own.values()})
    found = reliability(values, level, domain)
    kappas = {}
    if level == "nominal":
        for pair in combinations(values, 2):
            kappa = cohens_kappa(*(values[name] for name in pair))
            if kappa is not None:
                kappas[pair] = kappa
    return Agreement(question, level, found.items, found.annotators, found.alpha, kappas, found.why)
