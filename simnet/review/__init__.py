"""Curation: records, questions about them, decisions of annotators, and what is kept.

A review is a folder with records (rows of a file, personas of a catalogue, replies of a run) and
questions. Annotators submit answers or discard records; every decision is appended to a file of
theirs and is on the disk before the call returns. An export has the records that are kept::

    from pathlib import Path

    Path("texts.json").write_text('[{"text": "Hello."}, {"text": "hm"}]')
    questions = [Question("quality", "rating", scale=(1, 5))]
    review = Review.new("reviews/texts", from_file("texts.json"), questions)
    while record := review.next("ada"):
        review.submit("ada", record.id, {"quality": min(5, len(record.text("text")))})
    review.export("good.jsonl", where=["quality>=4"])
"""

from simnet.analysis.reliability import Level
from simnet.review.agreement import Agreement
from simnet.review.curation.consolidation import Keep, RatingRule, Rules
from simnet.review.curation.curated import Curated, Form
from simnet.review.deciding.decision_store import NewDecision
from simnet.review.deciding.decisions import Decision, Status
from simnet.review.handoff.handoff import Origin, Tool, hand_off, take_back
from simnet.review.opened_review import Progress
from simnet.review.questions import Answer, Kind, Question, parse_question
from simnet.review.records.record_search import Similar
from simnet.review.records.record_sources import Drawn, from_catalogue, from_file, from_run
from simnet.review.records.record_table import Record
from simnet.review.review import Review

__all__ = [
    "Agreement",
    "Answer",
    "Curated",
    "Decision",
    "Drawn",
    "Form",
    "Keep",
    "Kind",
    "Level",
    "NewDecision",
    "Origin",
    "Progress",
    "Question",
    "RatingRule",
    "Record",
    "Review",
    "Rules",
    "Similar",
    "Status",
    "Tool",
    "from_catalogue",
    "from_file",
    "from_run",
    "hand_off",
    "parse_question",
    "take_back",
]
