"""A survey within a run: a turn of a persona in which it answers and does nothing."""

from collections.abc import Generator

from simnet.agents.hosted_agent import HostedAgent
from simnet.foundation.text import storable
from simnet.inference.model import Completion, Prompt
from simnet.questions.put import NO_ANSWER, Given, Put, put_all, spoken
from simnet.questions.questionnaire import Survey
from simnet.questions.respondent import respondent_of
from simnet.world.decision import Decision
from simnet.world.state.posts import View

_VERSIONS = 16
"""Lengths of what is remembered; of up to 32,000 characters the last has none."""


def answer_survey(
    agent: HostedAgent, view: View, survey: Survey, seed: int, *, remembered: bool
) -> Generator[Prompt, Completion, Decision]:
    """Have a persona answer; yields prompts and takes completions. The decision is empty.

    `view` is what it was shown last, at the time at which it is asked. What came of the questions
    follows from the recorded calls, so nothing of it is returned.
    """
    one = respondent_of(agent, view, view.now)
    given: list[Given] = []
    putting = put_all(survey, one, seed, one.model or "", given)
    request = next(putting, None)
    while request is not None:
        completion = yield _fitted(agent, *request)
        kept = completion._replace(text=storable(completion.text))  # as the record stores it
        try:
            request = putting.send(kept)
        except StopIteration:
            request = None
    if remembered:
        for question, value, *_ in given:
            said = NO_ANSWER if value is None else spoken(value)
            agent.memory.note_exchange(view.now, question.text, said)
    return Decision(view.who, view.turn, ())


def _fitted(agent: HostedAgent, put: Put, seed: int) -> Prompt:
    """Build the longest prompt that fits the model: what is remembered is cut off if need be."""
    if agent.fitting is None:
        return put.prompt(seed)
    _, prompt = agent.fitting.choose(_VERSIONS, lambda version: put.prompt(seed, version))
    return prompt
