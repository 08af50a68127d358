"""Ask with ten seeds whether a label calms a water scare as well as removal does.

The three arms of `scenarios/tap_water.py` with 200 members each; runs of one seed share people,
network and random numbers. What it would run, and how many seeds an effect takes::

    simnet study plan scenarios/tap_water_study.py --effect 0.8

With `simnet study run` and `--backend fake --processes 2` its 30 runs take some minutes on two
cores. Studies need the extra `study`, their reports the extra `report`.
"""

from tap_water import insider, tap_water, utility

from simnet.studies import (
    Hypothesis,
    Study,
    actions,
    attention_inequality,
    cascade_of,
    correction,
    cost,
    failed_turns,
    marked,
)

SIZE = f"cascade size of {insider.id}"

tap_water_study = Study(
    "tap water",
    arms={name: tap_water(name, size=200) for name in ("nothing", "label", "remove")},
    seeds=range(10),
    measures=[
        cascade_of(insider.id, "size"),
        cascade_of(insider.id, "reach"),
        correction(insider.id, utility.id),
        actions(),
        attention_inequality(),
        marked(),
        failed_turns(),
        cost(),
    ],
    hypotheses=[
        Hypothesis("removal shrinks the rumour", SIZE, "remove", "nothing", "lower"),
        Hypothesis("a label shrinks the rumour", SIZE, "label", "nothing", "lower"),
    ],
)
