"""A turn that a person is asked to take: what the person sees, and how what they type is read.

A handle that people may take is asked at each turn before its own behaviour. The person's reply is
recorded as call 0 of the turn, with `HUMAN` as its model, so that a replay reads it like the reply
of a model. Without a reply the persona's own behaviour decides, with the prompts and seeds that it
has in a run without people.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from simnet.agents.formats.lenient_reader import own_names, read
from simnet.agents.formats.reply_grammar import ReplyFormat
from simnet.agents.profile import Agent, Chosen
from simnet.agents.prompting import prompts
from simnet.errors import ModelError
from simnet.inference.model import HUMAN, Completion, Model, Prompt
from simnet.world.actions import Action
from simnet.world.state.posts import View

MARK = "human"
"""The mark of events that a person caused."""
ABSENT = "absent"
"""`Completion.finish` where nobody has the handle: the turn is as if nobody had been asked, and the
call is not recorded."""
LEFT = "abort"
"""`Completion.finish` where the person lets the persona answer."""
PASS, SKIP, LEAVE, HELP = "pass", "skip", "leave", "help"
CONTROLS = (PASS, SKIP, LEAVE, HELP)
"""Words that are no verbs: do nothing, let the persona answer, leave, list the verbs."""
_OTHERS = "others"
"""The attribute of a moderator of a room that lists its participants."""


class Seats(NamedTuple):
    """The handles that people may take, and the model through which they are asked."""

    handles: frozenset[str]
    desk: Model


class PersonQuestion(NamedTuple):
    """What a person is asked in one turn. It is sent between processes."""

    view: View
    names: Sequence[str]
    """What a reply may begin with, as it is a name of the persona."""
    reply_format: ReplyFormat
    about: str
    """The platform, the manner of the cohort, and who the persona is."""
    memories: Sequence[str]
    lines: Sequence[str]
    """What is in view, a line each; numbers are those that replies name."""

    def read(self, text: str) -> list[Action]:
        """Read what a person typed as actions; `pass` is none.

        Raises ModelError, with the reason, for what is no action, has several meanings, or is
        longer or more than the cohort may.
        """
        if control_word(text, self.reply_format) == PASS:
            return []
        reading = read(self.reply_format, text, self.view, self.names)
        if reading.cut:
            longest = self.reply_format.text_limit
            raise ModelError(f"the text is too long; give at most {longest} characters")
        if reading.surplus:
            raise ModelError(f"there are too many actions; give at most {self.reply_format.acts}")
        return reading.actions


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPrompt(Prompt):
    """A prompt that a person answers. Its texts are those that the persona's model would get."""

    question: PersonQuestion

    def __reduce__(self) -> tuple[object, ...]:
        return _unpacked, (self.system, self.user, self.pattern, self.question)


def _unpacked(
    system: str, user: str, pattern: str | None, question: PersonQuestion
) -> PersonPrompt:
    return PersonPrompt(
        system=system,
        user=user,
        pattern=pattern,
        temperature=0.0,
        max_tokens=0,
        routing_key=question.view.who,
        question=question,
    )


class AskPerson(Protocol):
    """Sends a prompt to whoever has the handle."""

    async def of_person(self, prompt: PersonPrompt) -> Completion:
        """Return what the person replied."""
        ...


def person_prompt(me: Agent, view: View) -> PersonPrompt | None:
    """Make the prompt of a turn; None if the view leaves nothing to do but to pass."""
    view = _with_room(me, view)
    reply_format = me.profile.reply_format
    pattern = reply_format.pattern(view)
    if pattern is None:
        return None
    layout = prompts.layout(me.profile, me.persona)
    about = "\n\n".join(filter(None, (layout.setting, layout.manner, layout.persona)))
    memories = prompts.memory_lines(me, view)
    lines = prompts.view_lines(me, view)
    question = PersonQuestion(view, own_names(me.persona), reply_format, about, memories, lines)
    return _unpacked(me.instructions, "\n".join([*memories, *lines]), pattern, question)


async def person_first(
    me: Agent, view: View, ask: AskPerson, own: Callable[[], Awaitable[Chosen]]
) -> Chosen:
    """Let a person act on the view; without a reply `own`, the persona's behaviour, decides.

    Raises ModelError if a recorded reply cannot be read.
    """
    prompt = person_prompt(me, view)
    if prompt is None:
        return await own()
    completion = await ask.of_person(prompt)
    if not completion.usable:
        return await own()
    me.mark(MARK)
    return prompt.question.read(completion.text)


def control_word(text: str, reply_format: ReplyFormat) -> str | None:
    """Return the control word that a text is, None for anything else.

    With a slash before it, a word is always that; without, unless the cohort has such a verb.
    """
    word = text.strip().casefold()
    if word.startswith("/"):
        word = word[1:]
    elif word != PASS and word in reply_format.verbs:
        return None
    return word if word in CONTROLS else None


def _with_room(me: Agent, view: View) -> View:
    """Add the participants of a moderator's room, who can be named before they have spoken."""
    others = me.persona.attributes.get(_OTHERS)
    if not isinstance(others, list) or me.profile.reply_format.sole_verb is not None:
        return view
    shown = {post.author for post in view.posts} | set(view.suggested)
    new = tuple(one for one in others if isinstance(one, str) and one not in shown)
    return view._replace(suggested=(*view.suggested, *new))


__all__ = [
    "ABSENT",
    "CONTROLS",
    "HELP",
    "HUMAN",
    "LEAVE",
    "LEFT",
    "MARK",
    "PASS",
    "SKIP",
    "PersonPrompt",
    "PersonQuestion",
    "Seats",
    "control_word",
    "person_first",
    "person_prompt",
]
