"""Ways of acting. Each is a few lines, so that yours is too."""

from typing import Literal

from simnet import draws
from simnet.agents.profile import Agent, Ask, Behaviour, Chosen
from simnet.agents.prompting import prompts
from simnet.world.actions import Action
from simnet.world.posts import View
from simnet.world.verbs import Dismiss, Label, Remove


async def converse(me: Agent, view: View, ask: Ask) -> Chosen:
    """Read what is new and let the model choose."""
    return await ask.for_action()


async def silent(me: Agent, view: View, ask: Ask) -> Chosen:
    """Do nothing but what cues say."""
    return []


def lurk(speaks: float, otherwise: Behaviour = converse) -> Behaviour:
    """Mostly read; with chance `speaks`, act as `otherwise`."""

    async def lurking(me: Agent, view: View, ask: Ask) -> Chosen:
        if draws.unit(view.seed, "lurk") < speaks:
            return await otherwise(me, view, ask)
        return []

    return lurking


def enforce(rule: str, note: str | None = None) -> Behaviour:
    """Judge each post on the desk by `rule`: take it down or label it with `note`, or let it be."""

    async def enforcing(me: Agent, view: View, ask: Ask) -> Chosen:
        actions: list[Action] = []
        for post in view.posts:
            verdict = await ask(
                _charge(me, rule),
                f"@{post.author}: {me.profile.quoting.quote(post.text)}",
                pattern="(yes|no)",
            )
            actions.append(_sentence(verdict, post.id, note))
        return actions

    return enforcing


def _charge(me: Agent, rule: str) -> str:
    profile = me.profile
    task = f"The rule: {rule}\nAnswer yes if the post breaks the rule, no otherwise."
    told = [
        profile.setting,
        profile.quoting.note,
        profile.manner,
        prompts.introduction(me.persona),
        task,
    ]
    return "\n\n".join(filter(None, told))


def _sentence(verdict: str, post: int, note: str | None) -> Action:
    match _verdict(verdict):
        case "no":
            return Dismiss(post)
        case _ if note is not None:
            return Label(post, note)
        case _:
            return Remove(post)


def _verdict(reply: str) -> Literal["yes", "no"]:
    return "yes" if reply.strip().casefold().startswith("yes") else "no"
