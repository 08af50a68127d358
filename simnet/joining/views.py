"""What a client is sent about a turn."""

from typing import Any

from simnet.agents.formats.numbered_view import names
from simnet.agents.formats.reply_grammar import purpose
from simnet.agents.formats.reply_grammar import syntax as syntax_of
from simnet.agents.person_turn import CONTROLS, PersonQuestion
from simnet.clock import format_time
from simnet.world.actions import fields_of
from simnet.world.state.posts import View


def view_message(question: PersonQuestion, seconds: float) -> dict[str, Any]:
    """Make the message that shows a turn; `seconds` are left for the reply."""
    view, reply_format = question.view, question.reply_format
    return {
        "type": "view",
        "turn": view.turn,
        "time": view.now,
        "when": format_time(view.now),
        "seconds": round(seconds, 3),
        "about": question.about,
        "memories": list(question.memories),
        "lines": list(question.lines),
        "posts": _posts(view),
        "targets": _targets(view),
        "text_alone": reply_format.sole_verb is not None,
        "text_limit": reply_format.text_limit,
        "acts": reply_format.acts,
        "rules": reply_format.rules,
        "verbs": [
            {
                "verb": name,
                "syntax": syntax_of(verb),
                "purpose": purpose(verb).removeprefix(" - "),
                "fields": [
                    {"name": one.name, "kind": one.kind, "choices": list(one.choices)}
                    for one in fields_of(verb)
                ],
            }
            for name, verb in reply_format.verbs.items()
        ],
        "controls": list(CONTROLS),
    }


def _posts(view: View) -> list[dict[str, Any]]:
    """List the posts in view with their numbers and the fields of `Shown`."""
    return [
        {"number": number, **post._asdict(), "why": why}
        for number, (post, why) in enumerate(zip(view.posts, view.why, strict=True), 1)
    ]


def _targets(view: View) -> list[dict[str, Any]]:
    """List what else has a number, which go on from those of the posts."""
    named = [
        *({"kind": "message", "name": one.sender, "text": one.text} for one in view.messages),
        *({"kind": "member", "name": one} for one in view.suggested),
        *({"kind": "group", "name": one} for one in names(view, "group")),
        *({"kind": "community", "name": one} for one in names(view, "community")),
    ]
    return [{"number": len(view.posts) + at, **one} for at, one in enumerate(named, 1)]
