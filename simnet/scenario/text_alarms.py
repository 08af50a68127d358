"""Which measures of the texts of a run are watched, their levels, and what an alarm does."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked

Then: TypeAlias = Literal["mark", "resample", "stop"]
THEN = ("mark", "resample", "stop")
RATES = MappingProxyType(
    {
        "refusals": "refusal",
        "repeats": "repeat",
        "near_repeats": "near_repeat",
        "at_limit": "at_limit",
    }
)
"""Measures that are shares of turns, with the mark that they count. Their alarms ring above the
level."""
REPEATS = frozenset({"repeat", "near_repeat"})
"""Marks that are not counted of turns whose only texts are notes."""
NOTES = frozenset({"label", "moderation"})
"""Relations of verbs whose texts are notes: labels, warnings, reasons of reports. Notes are alike
by their nature, so they do not say that a cohort repeats itself."""
COSTLY = ("distinct", "spread", "adherence")
"""Measures that are taken only where they are asked for. Their alarms ring below the level."""
MEASURES = (*RATES, *COSTLY)


def alarm_mark(measure: str) -> str:
    """Return the mark of the turn at which the alarm of a measure begins."""
    return f"alarm_{measure}"


ALARM_MARKS = MappingProxyType({alarm_mark(measure): measure for measure in MEASURES})


@checked
@dataclass(frozen=True)
class Alarm:
    """A level of a measure, and what happens when the measure passes it.

    The turn at which it passes the level has the mark `alarm_` and the name of the measure. That
    is all with `then="mark"`; an alarm of the spread is then shown and marks no turn. With
    `"resample"`, flawed replies of the cohort are asked for again while the alarm lasts: a rate has
    to fall to half the level, another measure to be back at the level. With `"stop"` the run ends
    there. Raises ScenarioError for a level outside 0 to 1 and fewer than one resample.
    """

    level: float
    """From 0 to 1. `Alarm(1)` of a rate and `Alarm(0)` of another measure never ring."""
    then: Then = "mark"
    """What happens: `mark`, `resample` or `stop`."""
    resamples: int = 2
    """How often a flawed reply is asked for again, with `then="resample"`."""

    def __post_init__(self) -> None:
        if not 0 <= self.level <= 1:
            raise ScenarioError(f"Alarm(level={self.level}); give a share from 0 to 1")
        if self.then not in THEN:
            raise ScenarioError(f"Alarm(then={self.then!r}); choose among {', '.join(THEN)}")
        if self.resamples < 1:
            raise ScenarioError(f"Alarm(resamples={self.resamples}); ask again once at least")


@checked
@dataclass(frozen=True)
class Health:
    """What is watched of the texts of a cohort, and from which level on an alarm rings.

    The four rates are counted in every run. The other three measures cost time, so they are taken
    only where their field is set; `Alarm(0)` takes one without ever ringing. Raises ScenarioError
    for a `least` above `window`, `words` below 1, and a share of judged turns outside 0 to 1.
    """

    refusals: Alarm | None = None
    """Share of turns that refuse; the alarm rings above its level."""
    repeats: Alarm | None = None
    """Share of turns that repeat a text."""
    near_repeats: Alarm | None = None
    """Share of turns that repeat most of a text."""
    at_limit: Alarm | None = None
    """Share of turns whose reply was too long."""
    distinct: Alarm | None = None
    """Distinct-n (Li et al. 2016): different sequences of n words, as a share of all, over as many
    texts as `window` says; the alarm rings below its level."""
    spread: Alarm | None = None
    """Mean cosine distance between the vectors of two texts; the alarm rings below its level."""
    adherence: Alarm | None = None
    """Share of judged texts that fit their persona, in the judgement of the cohort's own model;
    the alarm rings below its level."""
    window: int = 200
    """Newest turns of the cohort, or texts, over which a measure is taken."""
    least: int = 20
    """Turns, texts or judgements before an alarm can ring."""
    words: int = 2
    """The n of distinct-n."""
    judged: float = 0.05
    """Share of the turns whose text is judged, with `adherence`; each costs one call."""
    embedder: str | Callable[[list[str]], Any] = "wordllama"
    """What makes the vectors for `spread`: `wordllama`, `sentence-transformers:NAME` or a function
    from texts to vectors."""

    def __post_init__(self) -> None:
        if not 1 <= self.least <= self.window:
            raise ScenarioError(
                f"Health(least={self.least}, window={self.window}); least is 1 at least and at "
                "most as large as window"
            )
        if self.words < 1:
            raise ScenarioError(f"Health(words={self.words}); count sequences of one word or more")
        if not 0 < self.judged <= 1:
            raise ScenarioError(
                f"Health(judged={self.judged}); give a share of turns above 0 and up to 1, or "
                "leave adherence out to judge none"
            )

    @property
    def alarms(self) -> dict[str, Alarm]:
        """The alarms that are set, by measure."""
        found = ((measure, getattr(self, measure)) for measure in MEASURES)
        return {measure: alarm for measure, alarm in found if alarm is not None}

    @property
    def judged_share(self) -> float:
        """Share of turns whose text is judged; 0 where adherence is not measured."""
        return self.judged if self.adherence is not None else 0.0
