"""The scenario of the golden run, which every version of simnet and Python has to replay."""

from simnet import (
    HOUR,
    MINUTE,
    Cohort,
    Cue,
    Diurnal,
    Exponential,
    Feed,
    Persona,
    Scenario,
    Write,
)
from simnet.feeds import both, everything, following
from simnet.networks import erdos_renyi, random_followees, together
from simnet.rankings import engagement, hot

NAMES = ("ana", "ben", "cat", "dan", "eve", "fay")


def golden() -> Scenario:
    """Six neighbours in two cohorts, whose feeds and rhythms use logarithms and random draws."""
    people = [Persona(id=name, description=f"{name.title()}, a neighbour.") for name in NAMES]
    return Scenario(
        name="golden",
        seed=11,
        lasts=4 * HOUR,
        cohorts=[
            Cohort(
                "early",
                people[:3],
                rhythm=Exponential(11 * MINUTE),
                feed=Feed(ranking=hot, reads=both(following, everything)),
            ),
            Cohort(
                "late",
                people[3:],
                rhythm=Diurnal(mean=HOUR, profile="evening"),
                feed=Feed(ranking=engagement(half_life=HOUR), reads=everything),
            ),
        ],
        cues=[Cue(99.123456789, "ana", Write("Buns at noon!"))],
        ties=together(random_followees(2), erdos_renyi(0.2)),
    )
