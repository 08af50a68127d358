"""Reviews that tests make: a few records about tools, with a question of each kind."""

import json

from made_rows import call, event

from simnet.recording.reading.run import Run
from simnet.recording.row_types import PersonaRow
from simnet.recording.schema import encode
from simnet.recording.writing.recorder import Recorder
from simnet.recording.writing.run_directory import RunDirectory
from simnet.review import Question, Review, from_file

_ROWS = (
    ("A dental surgeon who compares implants", "Check the scan.", 3, "tool development"),
    ("A sales representative for medical devices", "Call the clinic.", 7, "tool use"),
    ("A retired sailor who writes letters", "Mend the pier.", 1, "letters"),
    ("A nurse who coordinates supplies", "Order gloves.", 5, "tool use: ordering"),
)
RECORDS = [
    dict(zip(("input persona", "text", "likes", "topic"), row, strict=True)) for row in _ROWS
]
RATING = Question("rating", "rating", scale=(1, 5))
EVERY_KIND = (
    RATING,
    Question("tone", "label", labels=("kind", "rude"), required=False),
    Question("topics", "multi-label", labels=("health", "sea"), required=False),
    Question("better", "correction", field="text"),
    Question("note", "comment"),
    Question("order", "ranking", labels=("a", "b", "c"), required=False),
)


def records_file(folder, records=RECORDS):
    path = folder / "records.jsonl"
    lines = [json.dumps(record, ensure_ascii=False) for record in records]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def made_review(folder, questions=(RATING,), records=RECORDS, **options):
    source = from_file(records_file(folder, records))
    return Review.new(folder / "review", source, questions, **options)


def ids(review):
    return [record.id for record in review.records]


def run_with_replies(folder, texts=("You do you.", "Late is a lifestyle!", "Hm."), **facts):
    """Record a run in which one persona replies to one post."""
    replies = [
        event(turn, "ana", cohort="fans", verb="reply", post=0, made=turn, root=0, text=text)
        for turn, text in enumerate(texts, 1)
    ]
    calls = [
        call(row.turn, "ana")._replace(system="Reply.", user="@eve: I am late", completion=row.text)
        for row in replies
    ]
    post = event(0, "eve", cohort="authors", made=0, text="I am late.")
    person = PersonaRow("ana", "fans", "Ana bakes.", "{}", "Ana bakes.", None, 0)
    directory = RunDirectory.create(folder / "runs", "late", seed=3, **facts)
    with Recorder(directory.path) as recorder:
        recorder.append("events", encode("events", [post, *replies]))
        recorder.append("calls", encode("calls", calls))
        recorder.append("personas", encode("personas", [person]))
        recorder.seal()
    return Run.open(directory.path)
