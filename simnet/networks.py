"""Who follows whom at the start: builders for `Scenario.ties`, each a function of the seed.

A builder takes the handles of everybody and a seed and gives the positions of followers and
followees. `people` restricts it to some personas, such as one cohort's; None is everybody.
Undirected models give ties both ways. The same seed gives the same ties with one version of
numpy and rustworkx; those drawn are recorded in the `network` table of the run.
"""

from simnet.scenario.networks.alike import nearest, within
from simnet.scenario.networks.arrays import TieBuilder, Ties
from simnet.scenario.networks.communities import lfr, stochastic_block
from simnet.scenario.networks.drawn import homophily, random_followees, star_by_topic, together
from simnet.scenario.networks.files import edges
from simnet.scenario.networks.graph_models import barabasi_albert, erdos_renyi, watts_strogatz

__all__ = [
    "TieBuilder",
    "Ties",
    "barabasi_albert",
    "edges",
    "erdos_renyi",
    "homophily",
    "lfr",
    "nearest",
    "random_followees",
    "star_by_topic",
    "stochastic_block",
    "together",
    "watts_strogatz",
    "within",
]
