"""Twelve neighbours, one announcement, one evening."""

from simnet import HOUR, MINUTE, Cohort, Cue, Exponential, Never, Persona, Scenario, Write, sample

council = Persona(id="council", description="The town council of Elmwood.")

bike_lane = Scenario(
    name="bike-lane",
    cohorts=[
        Cohort("officials", [council], rhythm=Never()),
        Cohort(
            "neighbours",
            sample(12, seed=7),
            rhythm=Exponential(40 * MINUTE),
            follows={"officials": 1.0, "neighbours": 0.5},
        ),
    ],
    cues=[Cue(5 * MINUTE, "council", Write("Parking on Elm Street becomes a bike lane in May."))],
    lasts=4 * HOUR,
)
