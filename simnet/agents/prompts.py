"""Words for a model. Pure functions; what many prompts share comes first, to stay cached.

The order is: platform and verbs, the cohort's manner, the persona; then, in the user's part,
what the persona did lately and what is new. Text that others wrote is only in the latter.
"""

from typing import TYPE_CHECKING

from simnet.clock import Seconds, format_age
from simnet.world.posts import Message, Shown, View

if TYPE_CHECKING:
    from simnet.agents.agent import Agent
    from simnet.agents.mind import Mind
    from simnet.personas.persona import Persona


def instructions(mind: "Mind", persona: "Persona") -> str:
    """Tell a persona where it is, what it can do and who it is; the same at every turn."""
    told = [mind.setting, mind.replies.rules, mind.manner, introduction(persona)]
    return "\n\n".join(filter(None, told))


def introduction(persona: "Persona") -> str:
    """Tell a model whom it plays."""
    return f"You are @{persona.id}. {persona.portrait()}".strip()


def news(me: "Agent", view: View) -> str:
    """Tell a persona what it did lately and what is in front of it."""
    if me.mind.replies.sole is not None:
        # What was said last is in view: only a memory of more than that adds to it.
        recalled = () if isinstance(me.mind.memory, int) else me.memory.lines(view)
        return "\n".join([*recalled, _conversation(view)])
    lines = list(me.memory.lines(view))
    if view.refused:
        lines += ["Not done:", *view.refused]
    lines += ["Your feed:" if view.posts else "Your feed is empty."]
    number = 0
    for number, (post, why) in enumerate(zip(view.posts, view.why, strict=True), 1):
        lines.append(f"{number} {_post(post, view.now)}{f' ({why})' if why else ''}")
    lines += _rest(view, number)
    return "\n".join(lines)


def reflecting(me: "Agent", longest: int) -> str:
    """Tell a persona to say what it remembers comes to."""
    task = (
        "Below is what you remember. Say in one sentence what it comes to for you, at most "
        f"{longest} characters, nothing else."
    )
    told = [me.mind.setting, me.mind.manner, introduction(me.persona), task]
    return "\n\n".join(filter(None, told))


def _rest(view: View, number: int) -> list[str]:
    """List what is below the feed, numbered on from `number`."""
    lines = [one_line(news) for news in view.news]
    if view.messages:
        lines.append("Messages:")
        for message in view.messages:
            number += 1
            lines.append(f"{number} {_message(message, view.now)}")
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


def _conversation(view: View) -> str:
    """Show posts as things said, for a cohort whose replies are text alone."""
    if not view.posts:
        return "Nobody has said anything yet. You begin."
    return "\n".join(f"@{post.author}: {one_line(post.text)}" for post in view.posts)


def _post(post: Shown, now: Seconds) -> str:
    to = f" to @{post.to}" if post.to else ""
    quoted = f' quoting "{one_line(post.quoted)}"' if post.quoted else ""
    label = f" [{one_line(post.label)}]" if post.label else ""
    counts = [
        f"{count} {name}"
        for count, name in (
            (post.likes, "likes"), (post.dislikes, "dislikes"),
            (post.replies, "replies"), (post.reposts, "reposts"),
        )
        if count
    ]  # fmt: skip
    seen = f" ({', '.join(counts)})" if counts else ""
    text = f"{one_line(post.text)}{quoted}{label}{seen}"
    return f"@{post.author}{to} {format_age(now - post.at)}: {text}"


def _message(message: Message, now: Seconds) -> str:
    where = f" in {one_line(message.group)}" if message.group else ""
    return f"@{message.sender}{where} {format_age(now - message.at)}: {one_line(message.text)}"


def one_line(text: str) -> str:
    """Put a text on one line, so that it cannot pass for other lines of a feed."""
    return text if text.isprintable() else " ".join(text.split())
