"""Finds the public value that somebody meant who wrote its name, or one like it, as a text."""

import re
from difflib import get_close_matches
from importlib import import_module
from inspect import Parameter, isfunction, signature
from types import FunctionType, MappingProxyType
from typing import get_args

_NAMESPACES = MappingProxyType(
    {
        "Action": "verbs",
        "Behaviour": "behaviours",
        "NextSpeaker": "discussions",
        "Probability": "rules",
        "Ranking": "rankings",
        "Recommendation": "recommendations",
        "Rhythm": "rhythms",
        "Source": "feeds",
        "SourceOfLook": "feeds",
    }
)
"""The namespace of simnet that has the values of a kind."""
_ALSO = MappingProxyType(
    {
        "chooses": "chosenbymoderator",
        "comment": "reply",
        "latest": "chronological",
        "newest": "chronological",
        "post": "write",
        "queue": "roundrobin",
        "randomweighted": "respondswith",
        "recent": "chronological",
        "retweet": "repost",
        "tweet": "write",
    }
)
"""Words of other libraries and platforms, and the names here, in small letters."""
_SUFFIX = "turnmanager"
_NEAR = 0.75
"""How alike two names are at least, of which one is taken for a misspelling of the other."""
_SHORTEST, _LONGEST = 3, 60
"""Letters of a part of a name that stands for it, and of what can be a name."""


def values_of(kind: type) -> str:
    """List how values of a kind are written, and where they are; empty for an unknown kind."""
    known = _known(kind)
    return f"{', '.join(known.values())} of {_place(kind)}" if known else ""


def meant(kind: type, text: str) -> str:
    """Say how the value is written that a text means; empty if it means none.

    `'round_robin'`, `'RoundRobin()'` and `'round robin'` mean `RoundRobin()`.
    """
    found = written(kind, text)
    return f"write {found}, without quotation marks; it is in {_place(kind)}" if found else ""


def written(kind: type, text: str) -> str:
    """Write the value of a kind that a text means; empty if it means none."""
    call, _, arguments = text.partition("(")
    known = {_letters(name): one for name, one in _known(kind).items()}
    name = _name(call, list(known))
    if name is None:
        return ""
    if arguments.strip(")") and "(" in known[name]:
        return f"{known[name].partition('(')[0]}({arguments}"
    return known[name]


def _name(text: str, known: list[str]) -> str | None:
    word = _letters(text.rpartition(".")[2])
    word = word.removesuffix(_SUFFIX)
    word = _ALSO.get(word, word)
    if word in known:
        return word
    if not _SHORTEST <= len(word) <= _LONGEST:
        return None
    parts = [name for name in known if name.startswith(word)]
    parts += [name for name in known if word in name or word.startswith(name)]
    return next(iter(parts or get_close_matches(word, known, 1, _NEAR)), None)


def _place(kind: type) -> str:
    return f"simnet.{_NAMESPACES[kind.__name__]}"


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


def _known(kind: type) -> dict[str, str]:
    """Return how the public values of a kind are written, by name."""
    if kind.__name__ not in _NAMESPACES:
        return {}
    module = import_module(_place(kind))
    named = {name: getattr(module, name) for name in module.__all__}
    if getattr(kind, "_is_protocol", False):
        known = {name: _as_written(kind, name, value) for name, value in named.items()}
        return {name: one for name, one in known.items() if one}
    return {
        name: name
        for name, value in named.items()
        if isinstance(value, tuple) or (isinstance(value, type) and issubclass(value, kind))
    }


def _as_written(kind: type, name: str, value: object) -> str:
    """Write a value of a protocol, or what makes one; empty for anything else."""
    methods = [one for one in vars(kind) if one == "__call__" or not one.startswith("_")]
    methods = [one for one in methods if isfunction(vars(kind)[one])]
    if isinstance(value, type) and not getattr(value, "_is_protocol", False):
        fits = all(isfunction(vars(value).get(one)) for one in methods)
        return f"{name}({_arguments(value)})" if fits else ""
    if methods != ["__call__"] or not isinstance(value, FunctionType):
        return ""
    made = signature(value).return_annotation
    if kind in (made, *get_args(made)):
        return f"{name}({_arguments(value)})"
    wanted = list(signature(vars(kind)["__call__"]).parameters)[1:]
    return name if list(signature(value).parameters) == wanted else ""


def _arguments(maker: type | FunctionType) -> str:
    wanted = signature(maker).parameters.values()
    return "..." if any(one.default is Parameter.empty for one in wanted) else ""
