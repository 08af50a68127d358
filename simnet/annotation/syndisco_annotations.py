"""SynDisco's annotations: settings as tasks, logs as items, logs of annotations as rows."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from simnet.annotation.annotation_rows import AnnotationRow
from simnet.annotation.items import Item, Said
from simnet.annotation.task import INSTRUCTIONS, Annotation, Annotator
from simnet.arguments import checked
from simnet.errors import InputError
from simnet.questions import FreeText, Question
from simnet.questions.answer_files import as_json
from simnet.scenario.syndisco.actor_settings import Actor, read_actor
from simnet.scenario.syndisco.discussion_logs import Comment, DiscussionLog
from simnet.scenario.syndisco.logged_discussions import traits_in
from simnet.scenario.syndisco.marked_fields import Fields, load_fields, written_in

NAME = "syndisco"
_QUESTION = FreeText("annotation", "What is your annotation of the marked text?", longest=400)
_OF_ONE = ("attributes", "instructions", "history_ctx_len")
_OF_MANY = ("annotators", "history_ctx_len", "include_mod_comments", "discussion_logs")
_FILES = ("annotator_persona_path", "instruction_path", "output_dir", "discussions_dir")
_VARIABLES = ("include_mod_comments", "history_ctx_len")
_VALUE = re.compile(r"^\s*([A-Za-z][\w ]{0,40}?)\s*[=:]\s*(-?[0-9]+(?:\.[0-9]+)?)\s*\.?\s*$")
_NUMBER = re.compile(r"^\s*(-?[0-9]+(?:\.[0-9]+)?)\s*\.?\s*$")


class AnnotationSettings(NamedTuple):
    """What the settings of SynDisco say of annotations."""

    task: Annotation
    moderators: bool
    """Whether comments of moderators are annotated and shown."""


@checked
def read_annotation_settings(
    settings: Path | str | Mapping[str, Any], questions: Sequence[Question] = (_QUESTION,)
) -> AnnotationSettings:
    """Read settings of annotations of any release of SynDisco, from a file or an object.

    They are those of one annotator (`attributes`, `instructions`), the arguments of
    `AnnotationExperiment` by name, or the section `annotation` of a YAML file. SynDisco asks
    annotators in their instructions alone; give `questions` for answers of a form. Raises
    InputError, with file, line and field, for what cannot be read.
    """
    if isinstance(settings, Mapping):
        fields, folder = Fields(settings), Path()
    else:
        fields, folder = load_fields(settings), Path(settings).parent
    if "annotation" in fields:
        return _of_files(fields.object("annotation"), folder, questions)
    if "annotators" in fields:
        fields.only(_OF_MANY)
        actors = [
            read_actor(one, number, "annotator")
            for number, one in enumerate(fields.objects("annotators"), 1)
        ]
        if not actors:
            fields.wrong("annotators", "is empty; give one or more")
        return _settings(fields, actors, questions)
    fields.only(_OF_ONE)
    if "instructions" not in fields:
        fields.wrong("instructions", "is missing; tell the annotator what to do")
    named = Fields({"attributes": [], **fields.values}, fields.source)
    return _settings(fields, [read_actor(named, 1, "annotator")], questions)


def _settings(
    fields: Fields, actors: Sequence[Actor], questions: Sequence[Question]
) -> AnnotationSettings:
    names: Counter[str] = Counter()
    annotators = []
    for actor in actors:
        names[actor.persona.id] += 1
        copies = names[actor.persona.id]
        told = " ".join(filter(None, [actor.context, actor.instructions])) or INSTRUCTIONS
        name = actor.persona.id[:60] + (f"-{copies}" if copies > 1 else "")
        annotators.append(Annotator(name, actor.persona, told))
    history = fields.whole("history_ctx_len", 3, least=0)
    task = Annotation(NAME, questions, annotators, history=history)
    return AnnotationSettings(task, fields.flag("include_mod_comments", default=True))


def _of_files(section: Fields, folder: Path, questions: Sequence[Question]) -> AnnotationSettings:
    section.only(("files", "experiment_variables"))
    files, variables = section.object("files"), section.object("experiment_variables")
    files.only(_FILES)
    variables.only(_VARIABLES)
    paths = {name: folder / files.text(name) for name in _FILES[:2]}
    for name, path in paths.items():
        if not path.exists():
            files.wrong(name, f"is {str(path)!r}; there is no such file")
    told = written_in(paths["instruction_path"]).strip()
    try:
        listed = json.loads(written_in(paths["annotator_persona_path"]))
    except ValueError as error:
        raise InputError(f"{paths['annotator_persona_path']}: no JSON: {error}") from None
    people = Fields({"annotators": listed}, str(paths["annotator_persona_path"]))
    actors = [
        read_actor(one, number, "annotator")._replace(instructions=told)
        for number, one in enumerate(people.objects("annotators"), 1)
    ]
    return _settings(variables, actors, questions)


@checked
def items_of_logs(
    logs: Sequence[DiscussionLog], history: int = 3, *, moderators: bool = True
) -> list[Item]:
    """List the comments of logs of SynDisco as items, each with `history` comments before it.

    Keys count the comments of all logs, from 0. Without `moderators` theirs are left out, from
    what is before others too, and their keys with them.
    """
    items: list[Item] = []
    key = 0
    for log in logs:
        before: list[Said] = []
        for comment in log.comments:
            if moderators or comment.name != log.moderator:
                said = Said(comment.name, comment.text)
                items.append(Item(str(key), (said,), tuple(before[len(before) - history :])))
                before.append(said)
            key += 1
    return items


@checked
def annotations_of_logs(logs: Sequence[DiscussionLog]) -> list[AnnotationRow]:
    """Read logs of annotations as rows, for `agreement` or a table.

    Lines such as `Toxicity=3`, or a number alone, are numbers; everything else is a text. Keys
    of items count the comments of all discussions, in the order in which they first occur; logs of
    2.x do not say of which discussion they are, and count as one.
    """
    first: dict[str, int] = {}
    known: Counter[tuple[str, str]] = Counter()
    rows = []
    for log in logs:
        of = str(log.facts.get("conv_id", ""))
        if of not in first:
            first[of] = sum(len(one.comments) for one in _first_of_each(logs, first))
        name = _annotator(log)
        known[of, name] += 1
        copies = known[of, name]
        name += f"-{copies}" if copies > 1 else ""
        for place, comment in enumerate(log.comments):
            item = str(first[of] + place)
            rows += [
                _row(log, item, name, question, value) for question, value in _answers(comment)
            ]
    return rows


def _first_of_each(
    logs: Sequence[DiscussionLog], known: Mapping[str, int]
) -> Iterator[DiscussionLog]:
    """Yield the first log of each discussion that is known already."""
    left = set(known)
    for log in logs:
        of = str(log.facts.get("conv_id", ""))
        if of in left:
            left.remove(of)
            yield log


def _annotator(log: DiscussionLog) -> str:
    prompt = log.facts.get("annotator_prompt")
    prompt = prompt if isinstance(prompt, str) else _prompt(log)
    found = re.search(r"Your name is ([^.]+)\.", prompt)
    if found:
        return found[1]
    named = (traits_in(prompt) or {}).get("username") if prompt else None
    model = next((one.model for one in log.comments if one.model), None)
    return str(named or log.facts.get("annotator_model") or model or "annotator")


def _prompt(log: DiscussionLog) -> str:
    return next((one.prompt for one in log.comments if one.prompt), "")


def _answers(comment: Comment) -> list[tuple[str, float | str]]:
    lines = [line for line in comment.text.splitlines() if line.strip()]
    named = [_VALUE.match(line) for line in lines]
    if named and all(named):
        return [(one[1], float(one[2])) for one in named if one]
    alone = _NUMBER.match(comment.text)
    return [("annotation", float(alone[1]) if alone else comment.text)]


def _row(
    log: DiscussionLog, item: str, annotator: str, question: str, value: float | str
) -> AnnotationRow:
    number = isinstance(value, float)
    return AnnotationRow(
        annotation=NAME,
        item=item,
        annotator=annotator,
        question=question,
        kind="number" if number else "free text",
        answer=as_json(value),
        reason=None,
        model=str(log.facts.get("annotator_model") or log.comments[0].model or "unknown"),
        seed=0,
        prompt="",
    )
