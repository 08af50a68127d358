"""The behaviour of a moderator who chooses who speaks next."""

import re
from collections.abc import Sequence

from simnet.agents.formats.reply_grammar import excerpt
from simnet.agents.profile import Agent, Ask, Chosen
from simnet.errors import ModelError
from simnet.questions.reading import negates
from simnet.world.state.posts import View
from simnet.world.state.rooms import suffix_of
from simnet.world.verbs.discussing import GiveFloor


async def gives_floor(me: Agent, view: View, ask: Ask) -> Chosen:
    """Ask the model which participant of the room speaks next.

    A reply that names none of them, or several, fails the turn, and the rule of the room decides.
    """
    others = me.persona.attributes["others"]
    assert isinstance(others, list)
    said = [f"@{post.author}: {me.profile.quoting.quote(post.text)}" for post in view.posts]
    lines = said or ["Nobody has said anything yet."]
    question = f"Who should speak next? Answer with one name of: {', '.join(others)}."
    pattern = f"({'|'.join(one.replace('.', chr(92) + '.') for one in others)})"
    reply = await ask(me.instructions, "\n".join([*lines, question]), pattern=pattern)
    return GiveFloor(_named(reply, others, suffix_of(me.persona.id)))


def _named(reply: str, handles: Sequence[str], suffix: str) -> str:
    """Return the one handle that a reply names, the suffix of the room left out or not.

    Raises ModelError if that is none, or more than one.
    """
    name = reply.strip().removeprefix("@")
    if name in handles:
        return name
    optional = rf"(?:{re.escape(suffix)})?(?![\w-]|\.\w)"
    named = [
        one
        for one in handles
        if re.search(
            rf"(?<![\w.-]){re.escape(one.removesuffix(suffix))}{optional}", reply, re.IGNORECASE
        )
    ]
    if len(named) != 1 or negates(reply):
        raise ModelError(f"the reply does not name one participant: {excerpt(reply)}")
    return named[0]
