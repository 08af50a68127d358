"""What SynDisco tells its actors, as its logs have it."""

import json
from collections.abc import Mapping
from typing import Any

from simnet.foundation.text import one_line
from simnet.scenario.syndisco.logged_discussions import traits_in


def user_prompt(handle: str, attributes: Mapping[str, Any], description: str) -> str:
    """Write what release 1 tells a user: a name, traits and instructions."""
    traits = {"username": handle, **attributes}
    written = ", ".join(f"{_name(name)}: {_value(value)}" for name, value in traits.items())
    return (
        f"Your name is {one_line(handle)}. Your traits: {written} "
        f"Your instructions: {one_line(description)}"
    )


def _name(name: str) -> str:
    """Write the name of a trait as one word, as SynDisco reads them."""
    return "".join(letter if letter.isalnum() else "_" for letter in name)


def _value(value: Any) -> str:
    """Write a trait as SynDisco reads it back: words, a list, or a text in quotation marks."""
    if isinstance(value, list):
        return repr([one_line(str(item)).replace("]", ")") for item in value])
    text = one_line(str(value))
    words = text.replace("_", "").replace(" ", "")
    return text if words.isalnum() else '"' + text.replace('"', "'") + '"'


def actor_prompt(name: str, prompt: str, told: str) -> str:
    """Write what release 2 tells a user, as JSON.

    `prompt` is the user's of release 1, and `told` the instructions.
    """
    traits = {key: one for key, one in (traits_in(prompt) or {}).items() if one != ""}
    persona = {"username": name, **traits}
    actor = {"context": "", "instructions": told, "type": "user", "persona": persona}
    return json.dumps(actor, ensure_ascii=False)


def annotator_prompt(name: str, attributes: Mapping[str, Any], instructions: str) -> str:
    """Write what release 2 tells an annotator, as JSON."""
    persona = {"username": name, **attributes}
    actor = {"context": "", "instructions": instructions, "type": "annotator", "persona": persona}
    return json.dumps(actor, ensure_ascii=False)
