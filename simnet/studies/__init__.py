"""Studies: arms x parameters x seeds, run, measured and compared within each seed."""

import simnet.studies.needed  # noqa: F401  (says what is not installed before it is missed)
from simnet.studies.calibrating import Calibrated, Trial, calibrate
from simnet.studies.calibration import Calibration, Fit, Halves
from simnet.studies.expectations import Hypothesis, Reference
from simnet.studies.measure import Figure, Figures, Measure, measure
from simnet.studies.measures.behaviour import (
    actions,
    activity,
    cost,
    failed_turns,
    lexical_diversity,
    marked,
    moderation,
)
from simnet.studies.measures.society import assortativity, communities, echo_chamber, opinions
from simnet.studies.measures.spread import attention_inequality, cascade_of, correction
from simnet.studies.paired import Difference, Interval, Mean, seeds_needed
from simnet.studies.results import ArmMean, Interaction, Results, Verdict
from simnet.studies.run_study import StudyRun, run_study
from simnet.studies.running.execution import Outcome
from simnet.studies.study import Study, Unit
from simnet.studies.study_protocol import StudyPlan
from simnet.studies.study_report import report_study

__all__ = [
    "ArmMean",
    "Calibrated",
    "Calibration",
    "Difference",
    "Figure",
    "Figures",
    "Fit",
    "Halves",
    "Hypothesis",
    "Interaction",
    "Interval",
    "Mean",
    "Measure",
    "Outcome",
    "Reference",
    "Results",
    "Study",
    "StudyPlan",
    "StudyRun",
    "Trial",
    "Unit",
    "Verdict",
    "actions",
    "activity",
    "assortativity",
    "attention_inequality",
    "calibrate",
    "cascade_of",
    "communities",
    "correction",
    "cost",
    "echo_chamber",
    "failed_turns",
    "lexical_diversity",
    "marked",
    "measure",
    "moderation",
    "opinions",
    "report_study",
    "run_study",
    "seeds_needed",
]
