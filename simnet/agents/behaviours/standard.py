"""The standard behaviours: examples of how short your own can be."""

from simnet import draws
from simnet.agents import reply_flags
from simnet.agents.formats.reply_grammar import excerpt
from simnet.agents.profile import Agent, Ask, Behaviour, Chosen, asks_a_model, asks_no_model
from simnet.agents.prompting import prompts
from simnet.errors import ModelError
from simnet.foundation.arguments import checked
from simnet.world.actions import Action
from simnet.world.state.posts import View
from simnet.world.verbs import Dismiss, Label, Remove


async def converse(me: Agent, view: View, ask: Ask) -> Chosen:
    """Show the view to the model, which chooses the actions."""
    return await ask.for_action()


@asks_no_model
async def silent(me: Agent, view: View, ask: Ask) -> Chosen:
    """Do nothing; only cues make this persona act."""
    return []


@checked
def lurk(speaks: float, otherwise: Behaviour = converse) -> Behaviour:
    """Act as `otherwise` with probability `speaks`, else only read."""

    async def lurking(me: Agent, view: View, ask: Ask) -> Chosen:
        if draws.unit(view.seed, "lurk") < speaks:
            return await otherwise(me, view, ask)
        return []

    return lurking if asks_a_model(otherwise) else asks_no_model(lurking)


@checked
def enforce(rule: str, note: str | None = None) -> Behaviour:
    """Judge each reported post by `rule`: remove it, or label it with `note`, or dismiss it.

    A post about which the model says neither yes nor no stays reported, and the turn has the mark
    `garbled`.
    """
    task = f"The rule: {rule}\nAnswer yes if the post breaks the rule, no otherwise."

    async def enforcing(me: Agent, view: View, ask: Ask) -> Chosen:
        actions: list[Action] = []
        unclear: str | None = None
        system = prompts.task_instructions(me.profile, me.persona, task)
        for post in view.posts:
            reply = await ask(
                system,
                f"@{post.author}: {me.profile.quoting.quote(post.text)}",
                pattern="(yes|no)",
            )
            breaks = _breaks_rule(reply)
            if breaks is None:
                unclear = reply
                for flag in reply_flags.unreadable(reply):
                    me.mark(flag)
            else:
                actions.append(_action(post.id, note) if breaks else Dismiss(post.id))
        if unclear is not None and not actions:
            raise ModelError(f"the reply is neither yes nor no: {excerpt(unclear)}")
        return actions

    return enforcing


def _action(post: int, note: str | None) -> Action:
    return Remove(post) if note is None else Label(post, note)


def _breaks_rule(reply: str) -> bool | None:
    return {"yes": True, "no": False}.get(reply.strip().casefold())
