"""Builds prompts, by pure functions. What many prompts share comes first, for prefix caches.

The system prompt holds platform and verbs, the cohort's manner and the persona; the user
prompt holds what the persona remembers and what is new. Text that others wrote is only in the
user prompt, marked as the scenario says; see `simnet.agents.formats.spotlighting`.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from simnet.agents.formats.post_text import age
from simnet.agents.last_actions import LastActions
from simnet.agents.profile import Agent, AgentProfile
from simnet.clock import Seconds
from simnet.foundation.text import cut, neutralise, one_line
from simnet.personas.persona import Persona
from simnet.world.search_finding import Finding
from simnet.world.state.posts import MessageSeen, View, shown_text


class Layout(NamedTuple):
    """The sections of the system prompt, in order."""

    setting: str
    verbs: str
    spotlighting: str
    manner: str
    persona: str

    def __str__(self) -> str:
        return "\n\n".join(filter(None, self))


def layout(profile: AgentProfile, persona: Persona, longest: int | None = None) -> Layout:
    """Build the sections of the system prompt; the portrait has `longest` characters at most."""
    return Layout(
        neutralise(profile.setting),
        profile.reply_format.rules,
        profile.quoting.note,
        neutralise(profile.manner),
        introduction(persona, longest),
    )


def instructions(profile: AgentProfile, persona: Persona, longest: int | None = None) -> str:
    """Build the system prompt: platform, verbs, persona; the same at every turn."""
    return str(layout(profile, persona, longest))


def introduction(persona: Persona, longest: int | None = None) -> str:
    """Introduce the persona to the model: its handle, and `longest` characters of its portrait."""
    portrait = persona.portrait()
    portrait = neutralise(portrait if longest is None else cut(portrait, longest))
    return f"You are @{persona.id}. {portrait}".strip()


def task_instructions(profile: AgentProfile, persona: Persona, task: str = "") -> str:
    """Build a system prompt without verbs, for another question than how to act.

    It ends with the task; without one, the user prompt holds the question.
    """
    sections = [profile.setting, profile.quoting.note, profile.manner, introduction(persona), task]
    return "\n\n".join(filter(None, sections))


def user_prompt(me: Agent, view: View) -> str:
    """Build the user prompt: memories, then the view."""
    return "\n".join([*memory_lines(me, view), *view_lines(me, view)])


def memory_lines(me: Agent, view: View) -> Sequence[str]:
    """List what the persona remembers: a heading, then memories, oldest first."""
    if me.profile.reply_format.sole_verb is not None and isinstance(me.memory, LastActions):
        return me.memory.beside_actions()  # the conversation in view holds its last actions already
    return me.memory.lines(view)


def view_lines(me: Agent, view: View) -> list[str]:
    """List what the persona sees: feed, news, messages, suggestions, groups and communities."""
    quote = me.profile.quoting.quote
    if me.profile.reply_format.sole_verb is not None:
        return _conversation(view, quote)
    lines = ["Not done:", *map(one_line, view.refused)] if view.refused else []
    lines.append("Your feed:" if view.posts else "Your feed is empty.")
    lines += me.profile.post_format.posts(view)
    lines += _below_feed(view, quote)
    return lines


def reflection_instructions(me: Agent, longest: int) -> str:
    """Build the system prompt that asks the persona to sum up its memories."""
    task = (
        "Below is what you remember. Say in one sentence what it comes to for you, at most "
        f"{longest} characters, nothing else."
    )
    return task_instructions(me.profile, me.persona, task)


def _below_feed(view: View, quote: Callable[[str], str]) -> list[str]:
    """List what is below the feed; numbers continue those of the posts."""
    lines = [_news(text, quote) for text in view.news]
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
    for heading, names in (("Groups:", view.groups), ("Communities:", view.communities)):
        if names:
            lines.append(heading)
        for name in names:
            number += 1
            lines.append(f"{number} {quote(one_line(name))}")
    return lines


def _conversation(view: View, quote: Callable[[str], str]) -> list[str]:
    """Format posts as a conversation, for a cohort whose replies are text alone."""
    news = [shown_text(text) for text in view.changed.news] if view.changed else []
    if not view.posts:
        return [*news, "Nobody has said anything yet. You begin."]
    return [*(f"@{post.author}: {quote(post.text)}" for post in view.posts), *news]


def _news(text: str, quote: Callable[[str], str]) -> str:
    """Format news; what interventions told is the scenario's own words, and is not marked."""
    if isinstance(text, Finding):
        return f"{text.before}{quote(shown_text(text.words))}{text.after}"
    return shown_text(text)


def _message(message: MessageSeen, now: Seconds, quote: Callable[[str], str]) -> str:
    where = f" in {quote(one_line(message.group))}" if message.group else ""
    text = quote(shown_text(message.text))
    return f"@{message.sender}{where}{age(now - message.at)}: {text}"
