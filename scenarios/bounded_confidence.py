"""A thousand people who only listen to those who think almost as they do (Deffuant 2000).

No model is asked: opinions change by a rule, in one process. With `epsilon` 0.5 everyone ends
near one opinion, with 0.2 two or three camps remain::

    simnet run scenarios/bounded_confidence.py --set epsilon=0.5
    simnet run scenarios/bounded_confidence.py --set epsilon=0.2

and the camps of the run made last::

    import json

    from simnet import Run
    from simnet.opinions import clusters

    rows = Run.open("latest").read("state").to_pylist()
    print(clusters({row["key"]: json.loads(row["value"]) for row in rows}.values(), gap=0.05))
"""

from simnet import Scenario
from simnet.opinions import Deffuant, opinion_dynamics


def bounded_confidence(
    people: int = 1000, epsilon: float = 0.2, mu: float = 0.5, steps: int = 50, seed: int = 0
) -> Scenario:
    """Let `people` meet in pairs, once each on average in a step."""
    rule = Deffuant(epsilon, mu, meetings=people)
    return opinion_dynamics(rule, people, steps=steps, seed=seed, name="bounded confidence")
