"""Logs of annotations as SynDisco writes them, read as rows."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from simnet.annotation.annotation_rows import AnnotationRow
from simnet.annotation.syndisco_annotations import NAME
from simnet.arguments import checked
from simnet.questions.answer_files import as_json
from simnet.scenario.syndisco.discussion_logs import Comment, DiscussionLog
from simnet.scenario.syndisco.logged_discussions import traits_in

_VALUE = re.compile(r"^\s*([A-Za-z][\w ]{0,40}?)\s*[=:]\s*(-?[0-9]+(?:\.[0-9]+)?)\s*\.?\s*$")
_NUMBER = re.compile(r"^\s*(-?[0-9]+(?:\.[0-9]+)?)\s*\.?\s*$")


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
