"""Health of the text of a run: what is watched, and what an alarm does."""

from simnet.kernel.text_health import CohortHealth
from simnet.scenario.text_alarms import Alarm, Health

__all__ = ["Alarm", "CohortHealth", "Health"]
