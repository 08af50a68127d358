"""Logs of annotations as SynDisco writes them: one for each annotator of each discussion.

What an annotator answered is one text for each comment: the answer alone if the question is called
`annotation`, which is the one that SynDisco asks, else a line `QUESTION=ANSWER` for each question.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from simnet.foundation.text import one_line
from simnet.scenario.syndisco.actor_prompts import annotator_prompt, user_prompt
from simnet.scenario.syndisco.discussion_logs import Comment, DiscussionLog, LogRelease

NAME = "syndisco"
"""The annotation that SynDisco's settings and logs are."""
QUESTION = "annotation"
"""The question whose answers stand alone in a log."""

Answer: TypeAlias = str | float | bool | list[str] | None


class Judged(NamedTuple):
    """What an annotator answered to one question about a comment."""

    annotator: str
    question: str
    answer: Answer
    """None is no answer."""
    model: str


class Told(NamedTuple):
    """What an annotator is told: attributes of its persona, and instructions."""

    attributes: Mapping[str, Any]
    instructions: str


NOTHING_TOLD = Told({}, "")


def written(judged: Sequence[Judged]) -> str:
    """Write the answers of one annotator about one comment as the text of a log."""
    if [one.question for one in judged] == [QUESTION]:
        return _as_text(judged[0].answer)
    return "\n".join(f"{one.question}={one_line(_as_text(one.answer))}" for one in judged)


def _as_text(answer: Answer) -> str:
    if answer is None:
        return ""
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    if isinstance(answer, float) and answer.is_integer():
        return str(int(answer))
    return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)


def logs_of_annotators(
    discussion: DiscussionLog,
    judged: Sequence[Sequence[Judged]],
    told: Mapping[str, Told],
    *,
    history: int,
    release: LogRelease,
    timestamp: str,
) -> Iterator[DiscussionLog]:
    """Yield the log of each annotator of a discussion, in the form of a release.

    `judged` has what was answered about each comment; comments that an annotator did not judge
    are not in its log. `told` is by the name of the annotator.
    """
    names = dict.fromkeys(one.annotator for answers in judged for one in answers)
    for name in names:
        entries = [
            (comment, own)
            for comment, answers in zip(discussion.comments, judged, strict=True)
            if (own := [one for one in answers if one.annotator == name])
        ]
        one = told.get(name, NOTHING_TOLD)
        if release == "2.x":
            prompt = annotator_prompt(name, one.attributes, one.instructions)
            comments = [
                Comment(comment.name, written(own), own[0].model, prompt)
                for comment, own in entries
            ]
            yield DiscussionLog(comments, release, {"timestamp": timestamp})
            continue
        facts = {
            "conv_id": discussion.id,
            "timestamp": timestamp,
            **({"annotator_type": "LLMAnnotator"} if release == "0.x" else {}),
            "annotator_model": entries[0][1][0].model,
            # SynDisco's reader of annotations wants this trait.
            "annotator_prompt": user_prompt(
                name, {**one.attributes, "special_instructions": ""}, one.instructions
            ),
            "ctx_length": history,
        }
        pairs = [Comment(comment.text, written(own)) for comment, own in entries]
        yield DiscussionLog(pairs, release, facts)
