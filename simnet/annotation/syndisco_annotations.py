"""SynDisco's annotations: settings as tasks, logs of discussions as items."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from simnet.annotation.items import Item, Said
from simnet.annotation.task import INSTRUCTIONS, Annotation, Annotator
from simnet.datafiles.whole_text import text_of
from simnet.errors import InputError, UsageError
from simnet.foundation.arguments import checked
from simnet.questions import FreeText, Question
from simnet.scenario.syndisco.actor_settings import Actor, read_actor
from simnet.scenario.syndisco.annotation_logs import NAME, QUESTION
from simnet.scenario.syndisco.discussion_logs import DiscussionLog
from simnet.scenario.syndisco.marked_fields import Fields, load_fields

_QUESTION = FreeText(QUESTION, "What is your annotation of the marked text?", longest=400)
_OF_ONE = ("attributes", "instructions", "history_ctx_len")
_OF_MANY = ("annotators", "history_ctx_len", "include_mod_comments", "discussion_logs")
_FILES = ("annotator_persona_path", "instruction_path", "output_dir", "discussions_dir")
_VARIABLES = ("include_mod_comments", "history_ctx_len")


class AnnotationSettings(NamedTuple):
    """What the settings of SynDisco say of annotations."""

    task: Annotation
    """Annotators, questions and history."""
    moderators: bool
    """Whether comments of moderators are annotated and shown."""


@checked
def read_annotation_settings(
    settings: Path | str | Mapping[str, Any], questions: Sequence[Question] = (_QUESTION,)
) -> AnnotationSettings:
    """Read settings of annotations of any release of SynDisco, from a file or an object.

    They are those of one annotator (`attributes`, `instructions`), the arguments of
    `AnnotationExperiment` by name, or the section `annotation` of a YAML file. Annotators have the
    models that their actors name, unless that is one for all. SynDisco asks annotators in their
    instructions alone; give `questions` for answers of a form. Raises InputError, with file, line
    and field, for what cannot be read.
    """
    if isinstance(settings, Mapping):
        fields, folder = Fields(settings), Path()
    else:
        fields, folder = load_fields(settings), Path(settings).parent
    section = fields.first("annotation", "annotations")
    if section in fields:
        return _of_files(fields.object(section), folder, questions)
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
    several = len({actor.model for actor in actors}) > 1
    for actor in actors:
        names[actor.persona.id] += 1
        copies = names[actor.persona.id]
        told = " ".join(filter(None, [actor.context, actor.instructions])) or INSTRUCTIONS
        name = actor.persona.id[:60] + (f"-{copies}" if copies > 1 else "")
        model = (actor.model or None) if several else None  # one for all is the default
        annotators.append(Annotator(name, actor.persona, told, model))
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
    told = text_of(paths["instruction_path"]).strip()
    try:
        listed = json.loads(text_of(paths["annotator_persona_path"]))
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
    what is before others too, and their keys with them. Raises InputError for a log of
    annotations, UsageError for a negative `history`.
    """
    if history < 0:
        raise UsageError(f"history={history}; 0 is none")
    items: list[Item] = []
    key = 0
    for log in logs:
        if log.of_annotation:
            raise InputError(f"{log.source} is a log of annotations, not of a discussion")
        before: list[Said] = []
        for comment in log.comments:
            if moderators or not log.moderates(comment.name):
                said = Said(comment.name, comment.text)
                items.append(Item(str(key), (said,), tuple(before[-history:] if history else ())))
                before.append(said)
            key += 1
    return items
