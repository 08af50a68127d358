"""Words for a model. Pure functions; what many prompts share comes first, to stay cached.

The order is: platform and verbs, the cohort's manner, the persona; then, in the user's part,
what the persona did lately and what is new. Text that others wrote is only in the latter,
and marked as the scenario says; see `simnet.agents.formats.spotlighting`.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from simnet.agents.formats.post_text import age
from simnet.agents.profile import Agent, AgentProfile
from simnet.clock import Seconds
from simnet.personas.persona import Persona
from simnet.text import cut, neutralise, one_line
from simnet.world.posts import Message, View, shown_text


class Layout(NamedTuple):
    """The parts of what a persona is told at every turn, in their order."""

    setting: str
    verbs: str
    spotlighting: str
    manner: str
    persona: str

    def __str__(self) -> str:
        return "\n\n".join(filter(None, self))


def layout(profile: AgentProfile, persona: Persona, longest: int | None = None) -> Layout:
    """Lay out what a persona is told; its portrait has `longest` characters at most."""
    return Layout(
        neutralise(profile.setting),
        profile.replies.rules,
        profile.quoting.note,
        neutralise(profile.manner),
        introduction(persona, longest),
    )


def instructions(profile: AgentProfile, persona: Persona, longest: int | None = None) -> str:
    """Tell a persona where it is, what it can do and who it is; the same at every turn."""
    return str(layout(profile, persona, longest))


def introduction(persona: Persona, longest: int | None = None) -> str:
    """Tell a model whom it plays, in `longest` characters at most besides the name."""
    portrait = persona.portrait()
    portrait = neutralise(portrait if longest is None else cut(portrait, longest))
    return f"You are @{persona.id}. {portrait}".strip()


def news(me: Agent, view: View) -> str:
    """Tell a persona what it did lately and what is in front of it."""
    return "\n".join([*recalled(me, view), *sights(me, view)])


def recalled(me: Agent, view: View) -> Sequence[str]:
    """Tell a persona what it remembers, in lines: a heading, then the oldest first."""
    if me.profile.replies.sole is not None and isinstance(me.profile.memory, int):
        return ()  # what was said last is in view: only a memory of more than that adds to it
    return me.memory.lines(view)


def sights(me: Agent, view: View) -> list[str]:
    """Tell a persona, in lines, what is in front of it."""
    quote = me.profile.quoting.quote
    if me.profile.replies.sole is not None:
        return _conversation(view, quote)
    lines = ["Not done:", *map(one_line, view.refused)] if view.refused else []
    lines.append("Your feed:" if view.posts else "Your feed is empty.")
    lines += me.profile.teller.posts(view)
    lines += _rest(view, quote)
    return lines


def reflecting(me: Agent, longest: int) -> str:
    """Tell a persona to say what it remembers comes to."""
    task = (
        "Below is what you remember. Say in one sentence what it comes to for you, at most "
        f"{longest} characters, nothing else."
    )
    told = [me.profile.setting, me.profile.manner, introduction(me.persona), task]
    return "\n\n".join(filter(None, told))


def _rest(view: View, quote: Callable[[str], str]) -> list[str]:
    """List what is below the feed, numbered on from its posts."""
    lines = [shown_text(news) for news in view.news]
    number = len(view.posts)
    if view.messages:
        lines.append("Messages:")
        for message in view.messages:
            number += 1
            lines.append(f"{number} {_message(message, view.now, quote)}")
    if view.suggested:
        lines.append("You may know:")
        for handle in view.suggested:
            number += 1
            lines.append(f"{number} @{handle}")
    if view.groups:
        lines.append("Groups:")
        for group in view.groups:
            number += 1
            lines.append(f"{number} {one_line(group)}")
    return lines


def _conversation(view: View, quote: Callable[[str], str]) -> list[str]:
    """Show posts as things said, for a cohort whose replies are text alone."""
    if not view.posts:
        return ["Nobody has said anything yet. You begin."]
    return [f"@{post.author}: {quote(post.text)}" for post in view.posts]


def _message(message: Message, now: Seconds, quote: Callable[[str], str]) -> str:
    where = f" in {one_line(message.group)}" if message.group else ""
    told = quote(shown_text(message.text))
    return f"@{message.sender}{where}{age(now - message.at)}: {told}"
