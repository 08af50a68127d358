"""Logs of annotations as SynDisco writes them, as rows, and rows as such logs."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count

from simnet.annotation.annotation_rows import AnnotationRow
from simnet.annotation.task import Annotator
from simnet.errors import InputError
from simnet.foundation.arguments import checked
from simnet.foundation.text import counted
from simnet.questions.answer_files import as_json
from simnet.scenario.syndisco.annotation_logs import (
    NAME,
    QUESTION,
    Answer,
    Judged,
    Told,
    logs_of_annotators,
)
from simnet.scenario.syndisco.discussion_logs import Comment, DiscussionLog, LogRelease
from simnet.scenario.syndisco.logged_discussions import traits_in

_VALUE = re.compile(r"^\s*([A-Za-z][\w ]{0,40}?)\s*[=:]\s*(-?[0-9]+(?:\.[0-9]+)?)\s*\.?\s*$")
_NAMED = re.compile(r"^\s*(\w[\w.-]{0,63})=(.*)$")
_NUMBER = re.compile(r"^\s*(-?[0-9]+(?:\.[0-9]+)?)\s*\.?\s*$")
_LONGEST_CHOICE = 40
"""Characters; longer texts after the name of a question are free texts."""
TIMESTAMP = "%y-%m-%d-%H-%M"
"""How SynDisco writes times."""


@checked
def annotation_logs(
    discussions: Sequence[DiscussionLog],
    rows: Sequence[AnnotationRow],
    annotators: Sequence[Annotator] = (),
    *,
    history: int = 3,
    release: LogRelease | None = None,
    timestamp: str | None = None,
) -> list[DiscussionLog]:
    """Write annotations of discussions as logs of SynDisco, one for each annotator of each.

    `rows` are of the items that `items_of_logs` makes of the same discussions. `annotators` are
    those of the task: logs have their personas and instructions. `release` is that of each
    discussion unless it is given, and `timestamp` is that of now. Answers to a question called
    `annotation` stand alone; others have a line `QUESTION=ANSWER` each. Raises InputError for rows
    of items that the discussions do not have.
    """
    now = datetime.now(UTC).strftime(TIMESTAMP) if timestamp is None else timestamp
    judged = _by_item(rows)
    told = {
        one.name: Told({} if one.persona is None else one.persona.attributes, one.instructions)
        for one in annotators
    }
    keys = map(str, count())
    logs: list[DiscussionLog] = []
    for discussion in discussions:
        answers = [judged.pop(next(keys), ()) for _ in discussion.comments]
        logs += logs_of_annotators(
            discussion,
            answers,
            told,
            history=history,
            release=release or discussion.release,
            timestamp=now,
        )
    if judged:
        total = sum(len(one.comments) for one in discussions)
        raise InputError(
            f"there are annotations of item {next(iter(judged))}, and the discussions have "
            f"{counted(total, 'comment')}, counted from 0; give the logs that were annotated"
        )
    return logs


def _by_item(rows: Sequence[AnnotationRow]) -> dict[str, list[Judged]]:
    judged: dict[str, list[Judged]] = {}
    for row in rows:
        one = Judged(row.annotator, row.question, row.value, row.model)
        judged.setdefault(row.item, []).append(one)
    return judged


@checked
def annotations_of_logs(
    logs: Sequence[DiscussionLog], discussions: Sequence[DiscussionLog] = ()
) -> list[AnnotationRow]:
    """Read logs of annotations as rows, for `agreement` or a table.

    In lines such as `Toxicity=3` a question has a value: a number, `yes` or `no`, a list in JSON
    or a text. A number alone, `yes` and `no` are such values, too; everything else is a text.

    With the `discussions` that were annotated, keys of items are those of `items_of_logs`. Without
    them, they count the comments of all discussions, in the order in which these first occur; logs
    of 2.x do not say of which discussion they are, and count as one. Raises InputError for a log
    that is of none of the discussions.
    """
    first: dict[str, int] = {}
    known: Counter[tuple[str, str]] = Counter()
    found = _Discussions(discussions)
    rows = []
    for log in logs:
        name, of = _annotator(log), str(log.facts.get("conv_id", ""))
        if discussions:
            of, places = found.places(log, name)
        else:
            if of not in first:
                first[of] = sum(len(one.comments) for one in _first_of_each(logs, first))
            places = list(range(first[of], first[of] + len(log.comments)))
        known[of, name] += 1
        copies = known[of, name]
        name += f"-{copies}" if copies > 1 else ""
        rows += [
            _row(log, str(place), name, question, answer)
            for place, comment in zip(places, log.comments, strict=True)
            for question, answer in _answers(comment)
        ]
    return rows


class _Discussions:
    """Finds the discussion that a log of annotations is of, and the keys of its comments."""

    def __init__(self, discussions: Sequence[DiscussionLog]) -> None:
        self._discussions = discussions
        self._used: set[tuple[int, str]] = set()
        """Discussions that an annotator's log of 2.x was found to be of."""

    def places(self, log: DiscussionLog, annotator: str) -> tuple[str, list[int]]:
        """Return what names the discussion, and the key of each comment in the log."""
        of = log.facts.get("conv_id")
        first = 0
        for number, one in enumerate(self._discussions):
            wanted = of == one.id if of is not None else (number, annotator) not in self._used
            if wanted and (places := _places(log, one)) is not None:
                self._used.add((number, annotator))
                return str(number), [first + place for place in places]
            first += len(one.comments)
        raise InputError(
            f"{log.source or 'a log of annotations'} is of none of the discussions; give those "
            "that were annotated"
        )


def _places(log: DiscussionLog, discussion: DiscussionLog) -> list[int] | None:
    """Find the comments of a log of annotations in a discussion, in order; None if they differ."""
    pairs = log.of_annotation
    said = iter([one.text if pairs else one.name for one in discussion.comments])
    places: list[int] = []
    place = -1
    for comment in log.comments:
        for text in said:
            place += 1
            if text == comment.name:
                places.append(place)
                break
        else:
            return None
    return places


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
    found = re.search(r"Your name is (.+?)\.(?:\s|$)", prompt)
    if found:
        return found[1]
    named = (traits_in(prompt) or {}).get("username") if prompt else None
    model = next((one.model for one in log.comments if one.model), None)
    return str(named or log.facts.get("annotator_model") or model or "annotator")


def _prompt(log: DiscussionLog) -> str:
    return next((one.prompt for one in log.comments if one.prompt), "")


def _answers(comment: Comment) -> list[tuple[str, Answer]]:
    lines = [line for line in comment.text.splitlines() if line.strip()]
    for form in (_VALUE, _NAMED):
        named = [form.match(line) for line in lines]
        if named and all(named):
            return [(one[1], _answer(one[2])) for one in named if one]
    return [(QUESTION, _answer(comment.text))]


def _answer(text: str) -> Answer:
    """Read an answer as logs have it: nothing, a number, yes or no, a list, or a text."""
    if not text.strip():
        return None
    if number := _NUMBER.match(text):
        return float(number[1])
    if text.strip().casefold() in {"yes", "no"}:
        return text.strip().casefold() == "yes"
    if text.lstrip().startswith("["):
        try:
            listed = json.loads(text)
        except (ValueError, RecursionError):
            return text
        if all(isinstance(one, str) for one in listed):
            return listed  # type: ignore[no-any-return]
    return text


def _kind(question: str, answer: Answer) -> str:
    """Say which kind of question has such an answer."""
    match answer:
        case bool():
            return "yes or no"
        case float():
            return "number"
        case list():
            return "multiple choice"
        case str() if question != QUESTION and len(answer) <= _LONGEST_CHOICE:
            return "choice"
        case _:
            return "free text"


def _row(
    log: DiscussionLog, item: str, annotator: str, question: str, answer: Answer
) -> AnnotationRow:
    return AnnotationRow(
        annotation=NAME,
        item=item,
        annotator=annotator,
        question=question,
        kind=_kind(question, answer),
        answer=as_json(answer),
        reason="the log has no answer" if answer is None else None,
        model=str(log.facts.get("annotator_model") or log.comments[0].model or "unknown"),
        seed=0,
        prompt="",
    )
