"""Questions put to the personas of a run, in their state at a time; the run is not changed."""

from simnet.surveys.answers import AnswerRow
from simnet.surveys.questionnaire import Survey
from simnet.surveys.scales import MINI_IPIP, big_five
from simnet.surveys.survey_job import Surveyed, asurvey, survey

__all__ = ["MINI_IPIP", "AnswerRow", "Survey", "Surveyed", "asurvey", "big_five", "survey"]
