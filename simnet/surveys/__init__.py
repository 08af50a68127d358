"""Questions put to the personas of a run, in their state at a time; the run is not changed."""

from simnet.questions.answer_rows import AnswerRow
from simnet.questions.questionnaire import Survey
from simnet.questions.survey_schedule import SurveySchedule
from simnet.surveys.scales import MINI_IPIP, big_five
from simnet.surveys.survey_job import Surveyed, asurvey, survey

__all__ = [
    "MINI_IPIP",
    "AnswerRow",
    "Survey",
    "SurveySchedule",
    "Surveyed",
    "asurvey",
    "big_five",
    "survey",
]
