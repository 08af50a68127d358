"""Texts of memories: what an agent did, and what it was asked."""

from simnet.text import cut, one_line
from simnet.world.actions import Action
from simnet.world.state.posts import Shown

LONGEST_ENTRY = 160
"""Characters of an entry; a longer text is cut."""


def describe(action: Action, about: Shown | None = None) -> str:
    """Describe an action, and the post it is about if that was in view."""
    text = getattr(action, "text", None)
    whom = getattr(action, "whom", None) or (about.author if about else None)
    parts = [action.verb, f"@{whom}" if whom else "", f'"{one_line(text)}"' if text else ""]
    if about is not None:
        parts.append(f'about "{cut(about.text, LONGEST_ENTRY // 2)}"')
    return " ".join(filter(None, parts))


class Exchange(str):
    """The text of a question that was put to an agent outside of its turns, and its answer."""

    __slots__ = ()


def exchange(question: str, answer: str) -> Exchange:
    """Describe a question that was put to the agent and its answer, like an action."""
    half = LONGEST_ENTRY // 2 - 12
    asked, said = (cut(one_line(text.strip()), half) for text in (question, answer))
    return Exchange(f'answered "{said}" when asked "{asked}"')
