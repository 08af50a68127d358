"""Reviews as Argilla's SDK 2 writes data sets to a folder, and the decisions made in it.

    .argilla/settings.json    fields and questions: `rg.Settings.from_json`
    .argilla/dataset.json     the data set: with the others, `rg.Dataset.from_disk`
    .argilla/annotators.json  the names of users by their ids, which Argilla does not read
    records.json              records with suggestions and responses: `Record.from_dict`

The format is that of argilla 2.8, `argilla/datasets/_io/_disk.py`.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from simnet.errors import InputError
from simnet.review.deciding.decisions import Decision
from simnet.review.handoff.foreign_decisions import ForeignDecision, question_called, short_names
from simnet.review.handoff.json_files import read_json, records_in
from simnet.review.questions import Question
from simnet.review.records.record_table import Record, as_text
from simnet.review.review import Review

FOLDER = ".argilla"
ANNOTATORS = f"{FOLDER}/annotators.json"
RECORDS = "records.json"
_ORIGINAL = "original text"
"""Agent of the suggestion that shows the text to be corrected."""
_TYPES = {
    "rating": "rating", "label": "label_selection", "multi-label": "multi_label_selection",
    "ranking": "ranking", "correction": "text", "comment": "text",
}  # fmt: skip


def argilla_files(
    review: Review, decided: Mapping[str, Mapping[str, Decision]], users: Mapping[str, str]
) -> dict[str, str]:
    """Return the files of a review by their names; `users` are ids of annotators in Argilla."""
    ids = {name: _user_id(name, users) for name in decided}
    judged = [name for name in review.columns if name in review.shown(review.records[0]).fields]
    fields = short_names(judged)
    questions = short_names(one.name for one in review.questions)
    records = [
        _record(
            record,
            {ids[name]: own[record.id] for name, own in decided.items() if record.id in own},
            review,
            fields,
            questions,
        )
        for record in review.records
    ]
    dataset = {"id": None, "name": short_names([review.name])[review.name], "status": "draft"}
    contents = {
        f"{FOLDER}/settings.json": _settings(review, fields, questions),
        f"{FOLDER}/dataset.json": dataset,
        ANNOTATORS: {key: name for name, key in ids.items()},
        RECORDS: records,
    }
    return {
        name: json.dumps(content, ensure_ascii=False, indent=1)
        for name, content in contents.items()
    }


def read_argilla(
    review: Review, path: Path, names: Mapping[str, str], *, suggestions: bool
) -> Iterator[ForeignDecision]:
    """Read the decisions in a folder, or in its file of records.

    A user is called by `names`, by the file of annotators, or by `argilla-` and the id's
    beginning. Drafts are left out. The SDK writes responses without their status: those with an
    answer to each required question count as submitted, others as discarded. With `suggestions`,
    those of an agent are decisions of that agent.
    """
    file = path / RECORDS if path.is_dir() else path
    known = file.parent / ANNOTATORS
    called = {**(read_json(known) if known.is_file() else {}), **names}
    questions = {
        short: one
        for one in review.questions
        for short in (one.name, short_names(q.name for q in review.questions)[one.name])
    }
    required = [one.name for one in review.questions if one.required]
    for place, record in records_in(file):
        where = f"{file}: {place}"
        if not isinstance(record.get("id"), str):
            raise InputError(f"{where} has no id; export the data set with to_disk")
        users: dict[str, dict[str, Any]] = {}
        statuses: dict[str, str] = {}
        for name, responses in (record.get("responses") or {}).items():
            question = question_called(questions, name, where)
            for response in responses or ():
                user = str(response.get("user_id"))
                users.setdefault(user, {})[question.name] = response.get("value")
                if response.get("status"):
                    statuses[user] = response["status"]
        for user, answers in users.items():
            given = {name: _value(value) for name, value in answers.items()}
            whole = all(given.get(name) is not None for name in required)
            status = statuses.get(user, "submitted" if whole else "discarded")
            if status in {"submitted", "discarded"}:
                annotator = str(called.get(user, f"argilla-{user[:8]}"))
                yield ForeignDecision(
                    annotator,
                    record["id"],
                    "discard" if status == "discarded" else "submit",
                    given,
                )
        if suggestions:
            yield from _suggested(record, questions, where)


def _suggested(
    record: Mapping[str, Any], questions: Mapping[str, Question], where: str
) -> Iterator[ForeignDecision]:
    agents: dict[str, dict[str, Any]] = {}
    for name, suggestion in (record.get("suggestions") or {}).items():
        question = question_called(questions, name, where)
        agent = suggestion.get("agent") or "argilla suggestions"
        if agent != _ORIGINAL:
            agents.setdefault(agent, {})[question.name] = _value(suggestion.get("value"))
    for agent, answers in agents.items():
        yield ForeignDecision(agent, record["id"], "submit", answers)


def _value(value: Any) -> Any:
    """Return a ranking, which may be written as objects with a rank, as a list of labels."""
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        ranked = sorted(value, key=lambda one: one.get("rank") or 0)
        return [one.get("value") for one in ranked]
    return value


def _user_id(name: str, users: Mapping[str, str]) -> str:
    if name not in users:
        return str(uuid5(NAMESPACE_URL, f"simnet:annotator:{name}"))
    try:
        return str(UUID(users[name]))
    except ValueError:
        raise InputError(
            f"{users[name]!r} is no id of a user of Argilla: ids are UUIDs, which rg.User has"
        ) from None


def _settings(
    review: Review, fields: Mapping[str, str], questions: Mapping[str, str]
) -> dict[str, Any]:
    full = {
        name
        for name in review.columns
        if all(as_text(record.fields.get(name)) for record in review.records)
    }
    any_required = any(one.required for one in review.questions)
    return {
        "guidelines": f"Review {review.name}, handed over by simnet.",
        "questions": [
            {
                "name": questions[one.name],
                "title": one.name,
                "description": f"Correct `{one.field}`." if one.field else None,
                "required": bool(one.required or (not any_required and place == 0)),
                "settings": {"type": _TYPES[one.kind], **_options(one)},
            }
            for place, one in enumerate(review.questions)
        ],
        "fields": [
            {
                "name": short,
                "title": name,
                "required": name in full,
                "settings": {"type": "text", "use_markdown": False},
            }
            for name, short in fields.items()
        ],
        "vectors": [],
        "metadata": [],
        "allow_extra_metadata": True,
        "distribution": {"strategy": "overlap", "min_submitted": 1},
        "mapping": None,
    }


def _options(question: Question) -> dict[str, Any]:
    if question.kind == "rating":
        return {"options": [{"value": rating} for rating in question.ratings]}
    if question.labels:
        return {"options": [{"value": one, "text": one} for one in question.labels]}
    return {"use_markdown": False}


def _record(
    record: Record,
    decisions: Mapping[str, Decision],
    review: Review,
    fields: Mapping[str, str],
    questions: Mapping[str, str],
) -> dict[str, Any]:
    responses: dict[str, list[dict[str, Any]]] = {}
    for user, decision in decisions.items():
        given: dict[str, Any] = dict(decision.answers)
        if decision.status == "discarded" and not given:
            given[review.questions[0].name] = None
        for name, value in given.items():
            response = {"value": value, "user_id": user, "status": decision.status}
            responses.setdefault(questions[name], []).append(response)
    texts = {short: as_text(record.fields.get(name)) for name, short in fields.items()}
    originals = {
        questions[one.name]: {
            "value": as_text(record.fields.get(one.field)),
            "score": None,
            "agent": _ORIGINAL,
        }
        for one in review.questions
        if one.field is not None and as_text(record.fields.get(one.field))
    }
    return {
        "id": record.id,
        "fields": {name: text for name, text in texts.items() if text},
        "metadata": {
            name: as_text(value) for name, value in record.fields.items() if name not in fields
        },
        "suggestions": originals,
        "responses": responses,
        "vectors": {},
        "status": "pending",
    }
