"""Asking a model what it all comes to, and remembering that."""

from simnet.agents.memory import LONGEST_ENTRY
from simnet.agents.profile import Agent, Ask
from simnet.agents.prompting import prompts
from simnet.errors import ModelError
from simnet.world.posts import View

_THOUGHT = rf"[^\s][^\n\r]{{0,{LONGEST_ENTRY - 1}}}"


async def reflect(me: Agent, view: View, ask: Ask) -> None:
    """Condense what is remembered into one sentence, which is remembered from then on.

    Without a usable reply there is no thought, and the next is tried as many turns later; the
    call is recorded either way.
    """
    matter = me.memory.matter(view.now)
    thought = None
    if matter:
        try:
            thought = await ask(prompts.reflecting(me, LONGEST_ENTRY), "\n".join(matter), _THOUGHT)
        except ModelError:
            thought = None
    me.memory.conclude(thought, view.now)
