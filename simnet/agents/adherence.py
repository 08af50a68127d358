"""A judge: asks the cohort's own model whether a text fits the persona that wrote it.

The judge is asked at the end of a turn, after all its other calls, so it changes none of them and
nothing of what the turn does. Its call is recorded and replayed like all others.
"""

from collections.abc import Sequence
from typing import Protocol

from simnet import draws
from simnet.agents.formats.spotlighting import STYLES
from simnet.agents.profile import Agent
from simnet.errors import ModelError
from simnet.foundation.text import cut, neutralise, one_line
from simnet.world.state.posts import LONGEST_SHOWN, View

JUDGE = (
    "You judge whether a text fits a person. Answer yes if this person could have written it, and "
    "no if it contradicts who they are, if it is no text of a person, or if it makes no sense."
)
"""The system prompt of the judge, by which its calls are told from others."""
VERDICT = "(yes|no)"
UNUSABLE = "none"
"""The verdict where the model gave none."""
_STYLE = STYLES["delimit"]
"""How the text is marked, also where the scenario marks nothing for its personas.

The note is in the user prompt, as the system prompt is the same in records of all versions.
"""


class Judge(Protocol):
    """Asks the model of one turn."""

    @property
    def calls(self) -> int:
        """How often the turn asked the model."""
        ...

    async def as_judge(self, system: str, user: str, pattern: str) -> str:
        """Ask at temperature 0 and without an adapter. Raises ModelError."""
        ...


def is_judged(me: Agent, view: View) -> bool:
    """Whether the text of a turn is in the sample that is judged."""
    share = me.profile.judged
    return share > 0 and draws.unit(view.seed, "judged") < share


async def verdict_on(me: Agent, texts: Sequence[str], ask: Judge) -> str | None:
    """Return `yes`, `no`, or `none` without a usable reply.

    None if there is nothing to judge: no text, or one that no model wrote.
    """
    if not texts or not ask.calls:
        return None
    lines = [
        f"Person: @{me.persona.id}. {neutralise(me.persona.portrait())}",
        f"Text: {_STYLE.quote(cut(one_line(' '.join(texts)), LONGEST_SHOWN))}",
        _STYLE.note,
        "Does the text fit the person?",
    ]
    try:
        return await ask.as_judge(JUDGE, "\n".join(lines), VERDICT)
    except ModelError:
        return UNUSABLE
