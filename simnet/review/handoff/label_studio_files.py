"""Reviews as Label Studio imports them, and the annotations that it exports.

    config.xml   the labelling configuration of the project
    tasks.json   the tasks with annotations: its JSON format, in which it exports too

A discarded record is an annotation that was cancelled.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from simnet.errors import InputError
from simnet.review.deciding.decisions import Decision
from simnet.review.handoff.foreign_decisions import ForeignDecision, question_called, short_names
from simnet.review.handoff.json_files import records_in
from simnet.review.questions import Question
from simnet.review.records.record_table import ID, Record, as_text
from simnet.review.review import Review

CONFIG = "config.xml"
TASKS = "tasks.json"
_DOMAIN = "@annotators.invalid"
"""End of the address of an annotator whose name is none; nobody can have it (RFC 2606)."""


def label_studio_files(
    review: Review, decided: Mapping[str, Mapping[str, Decision]], users: Mapping[str, str]
) -> dict[str, str]:
    """Return the files of a review by their names; `users` are addresses of annotators."""
    names = _Names(review)
    tasks = [
        _task(
            record,
            {
                users.get(name, name if "@" in name else f"{name}{_DOMAIN}"): own[record.id]
                for name, own in decided.items()
                if record.id in own
            },
            names,
        )
        for record in review.records
    ]
    return {CONFIG: _config(names), TASKS: json.dumps(tasks, ensure_ascii=False, indent=1)}


class _Names:
    """The names that columns and questions have in Label Studio."""

    def __init__(self, review: Review) -> None:
        self.review = review
        self.columns = short_names([ID, *review.columns])
        own = short_names([*self.columns, *(one.name for one in review.questions)])
        self.questions = {one.name: f"q_{own[one.name]}" for one in review.questions}

    def target(self, question: Question) -> str:
        """Name the object that a control belongs to."""
        if question.kind == "ranking":
            return f"{self.questions[question.name]}_items"
        return self.columns[question.field or self.review.columns[0]]


def _config(names: _Names) -> str:
    view = ET.Element("View")
    judged = names.review.shown(names.review.records[0]).fields
    for column in judged:
        ET.SubElement(view, "Header", value=column)
        short = names.columns[column]
        ET.SubElement(view, "Text", name=short, value=f"${short}")
    for question in names.review.questions:
        ET.SubElement(view, "Header", value=question.name)
        name, target = names.questions[question.name], names.target(question)
        own = {"name": name, "toName": target, "required": str(question.required).lower()}
        match question.kind:
            case "rating" if question.ratings[0] == 1:
                ET.SubElement(view, "Rating", own | {"maxRating": str(question.ratings[-1])})
            case "rating":
                _choices(view, own, [str(rating) for rating in question.ratings], "single")
            case "label":
                _choices(view, own, question.labels, "single")
            case "multi-label":
                _choices(view, own, question.labels, "multiple")
            case "ranking":
                ET.SubElement(view, "List", name=target, value=f"${target}", title=question.name)
                ET.SubElement(view, "Ranker", name=name, toName=target)
            case "correction":
                shown = {"value": f"${target}", "maxSubmissions": "1", "editable": "true"}
                ET.SubElement(view, "TextArea", own | shown)
            case "comment":
                ET.SubElement(view, "TextArea", own | {"maxSubmissions": "1"})
    ET.indent(view)
    return ET.tostring(view, encoding="unicode") + "\n"


def _choices(view: ET.Element, own: Mapping[str, str], labels: Any, choice: str) -> None:
    control = ET.SubElement(view, "Choices", {**own, "choice": choice})
    for label in labels:
        ET.SubElement(control, "Choice", value=label)


def _task(record: Record, decisions: Mapping[str, Decision], names: _Names) -> dict[str, Any]:
    data: dict[str, Any] = {names.columns[ID]: record.id}
    for column in names.review.columns:
        data[names.columns[column]] = as_text(record.fields.get(column))
    for question in names.review.questions:
        if question.kind == "ranking":
            items = [{"id": label, "title": label} for label in question.labels]
            data[names.target(question)] = items
    annotations = [
        {
            "completed_by": {"email": user},
            "was_cancelled": decision.status == "discarded",
            "created_at": decision.time.isoformat(),
            "result": [
                _result(question, decision.answers[question.name], names, record.id)
                for question in names.review.questions
                if question.name in decision.answers
            ],
        }
        for user, decision in decisions.items()
    ]
    return {"data": data, "annotations": annotations, "predictions": []}


def _result(question: Question, answer: Any, names: _Names, record: str) -> dict[str, Any]:
    kind, value = _value(question, answer)
    name = names.questions[question.name]
    return {
        "id": f"{record}-{name}",
        "from_name": name,
        "to_name": names.target(question),
        "type": kind,
        "value": value,
    }


def _value(question: Question, answer: Any) -> tuple[str, dict[str, Any]]:
    match question.kind:
        case "rating" if question.ratings[0] == 1:
            return "rating", {"rating": answer}
        case "rating" | "label":
            return "choices", {"choices": [str(answer)]}
        case "multi-label":
            return "choices", {"choices": answer}
        case "ranking":
            # the page writes `ranker`, and the SDK checks `rank`
            return "ranker", {"ranker": {"rank": answer}, "rank": answer}
    return "textarea", {"text": [answer]}


# -- reading --------------------------------------------------------------------------------------


def read_label_studio(
    review: Review, path: Path, users: Mapping[str, str], *, suggestions: bool
) -> Iterator[ForeignDecision]:
    """Read the annotations in a folder of an export, or in a file in Label Studio's JSON format.

    A user is called by `users`, by the address, or by `label-studio-` and the number. With
    `suggestions`, predictions are decisions of the version of the model that made them.
    """
    file = path / TASKS if path.is_dir() else path
    names = _Names(review)
    questions = {names.questions[one.name]: one for one in review.questions}
    for place, task in records_in(file):
        where = f"{file}: {place}"
        data, annotations = task.get("data"), task.get("annotations")
        key = data.get(names.columns[ID]) if isinstance(data, dict) else None
        if not isinstance(key, str) or not isinstance(annotations, list):
            raise InputError(
                f"{where} has no data with {ID} and annotations; export from Label Studio as JSON, "
                "not as JSON-MIN or CSV"
            )
        for one in annotations:
            answers = _answers(one.get("result"), questions, where)
            who = _annotator(one.get("completed_by"), users)
            time = _time(one.get("updated_at") or one.get("created_at"))
            yield ForeignDecision(
                who, key, "discard" if one.get("was_cancelled") else "submit", answers, time
            )
        for one in (task.get("predictions") or ()) if suggestions else ():
            answers = _answers(one.get("result"), questions, where)
            agent = str(one.get("model_version") or "label-studio predictions")
            yield ForeignDecision(agent, key, "submit", answers)


def _answers(result: Any, questions: Mapping[str, Question], where: str) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for region in result or ():
        if not isinstance(region, dict) or not isinstance(region.get("value"), dict):
            raise InputError(f"{where}: a result has no value")
        question = question_called(questions, str(region.get("from_name")), where)
        answers[question.name] = _answer(question, region["value"])
    return answers


def _answer(question: Question, value: Mapping[str, Any]) -> Any:
    choices = value.get("choices") or []
    match question.kind:
        case "rating" if "rating" in value:
            return value["rating"]
        case "rating":
            return int(choices[0]) if choices and str(choices[0]).isdecimal() else None
        case "label":
            return choices[0] if choices else None
        case "multi-label":
            return choices
        case "ranking":
            ranked = value.get("ranker") or {"rank": value.get("rank")}
            return next(iter(ranked.values()), None) if isinstance(ranked, dict) else ranked
    text = value.get("text")
    return "\n".join(map(str, text)) if isinstance(text, list) else text


def _annotator(user: Any, users: Mapping[str, str]) -> str:
    if isinstance(user, dict):
        email = str(user.get("email") or "")
        named = users.get(email) or users.get(str(user.get("id")))
        return named or email.removesuffix(_DOMAIN) or f"label-studio-{user.get('id')}"
    return users.get(str(user), f"label-studio-{user}")


def _time(text: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
