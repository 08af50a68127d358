"""The formats of persona files, a file for each family of data sets or simulators.

To add one: write a file with a `Format` and name it in `SPECIFIC`.
"""

from simnet.personas.sources.families.agentsociety import AGENTSOCIETY
from simnet.personas.sources.families.character_cards import CHARACTER_CARD, ELIZAOS
from simnet.personas.sources.families.concordia import CONCORDIA
from simnet.personas.sources.families.finepersonas import FINEPERSONAS
from simnet.personas.sources.families.generative_agents import GENERATIVE_AGENTS
from simnet.personas.sources.families.mirofish import MIROFISH
from simnet.personas.sources.families.nemotron import NEMOTRON
from simnet.personas.sources.families.oasis import REDDIT, TWITTER
from simnet.personas.sources.families.own import MAPPED, OWN, PERSONA_COLUMN
from simnet.personas.sources.families.personahub import PERSONAHUB
from simnet.personas.sources.families.qualtrics import QUALTRICS
from simnet.personas.sources.families.reviewed import REVIEWED
from simnet.personas.sources.families.silisocs import SILISOCS
from simnet.personas.sources.families.sotopia import SOTOPIA
from simnet.personas.sources.families.soul import SOUL
from simnet.personas.sources.families.syndisco import ACTOR, SETTINGS, SYNDISCO
from simnet.personas.sources.families.tinytroupe import TINYTROUPE
from simnet.personas.sources.families.ysimulator import YSIMULATOR

SPECIFIC = (
    REVIEWED,
    TWITTER,
    MIROFISH,
    REDDIT,
    TINYTROUPE,
    SOTOPIA,
    GENERATIVE_AGENTS,
    AGENTSOCIETY,
    SILISOCS,
    NEMOTRON,
    FINEPERSONAS,
    PERSONAHUB,
    SETTINGS,
    ACTOR,
    YSIMULATOR,
    SYNDISCO,
    CHARACTER_CARD,
    ELIZAOS,
    CONCORDIA,
    QUALTRICS,
    SOUL,
)
"""Formats with columns that nothing else has; the first that fits a row is taken."""
GENERAL = (PERSONA_COLUMN, OWN)
"""Formats that many tables seem to fit, tried for rows that are not of another kind of table."""

__all__ = ["GENERAL", "MAPPED", "SPECIFIC"]
