"""Reflection: asks a model to sum up what an agent remembers."""

from simnet.agents.memory_texts import LONGEST_ENTRY
from simnet.agents.profile import Agent, Ask
from simnet.agents.prompting import prompts
from simnet.errors import ModelError
from simnet.world.state.posts import View

_THOUGHT = rf"[^\s][^\n\r]{{0,{LONGEST_ENTRY - 1}}}"


async def reflect(me: Agent, view: View, ask: Ask) -> None:
    """Condense memories into one sentence, and add it to the memory.

    Without a usable reply nothing is added, and the next reflection follows after the same
    number of turns. The call is recorded either way.
    """
    memories = me.memory.reflection_input(view.now)
    thought = None
    if memories:
        system = prompts.reflection_instructions(me, LONGEST_ENTRY)
        try:
            thought = await ask(system, "\n".join(memories), _THOUGHT)
        except ModelError:
            thought = None
    me.memory.add_reflection(thought, view.now)
