"""Sums up the licences of personas, the strictest first, for data cards."""

import re
from collections import Counter
from collections.abc import Mapping

from simnet.export.folders.origins import Origin
from simnet.foundation.text import counted, one_line

_WORDS = re.compile(r"(?=([a-z0-9]+))(?<![a-z0-9])([a-z]+)")
"""A word of a name, with the digits that follow and without: `gpl3` and `gpl`."""
_LONG = tuple(
    (re.compile(words, re.IGNORECASE), f" {short} ")
    for words, short in (
        (r"non[\W_]*commercial", "nc"),
        (r"share[\W_]*alike", "sa"),
        (r"non?[\W_]*deriv(?:ative|ed|s)", "nd"),
        ("attribution", "by"),
    )
)
"""How the long names of licences, such as those of Creative Commons, say what the short ones do."""
_PUBLIC = {"cc0", "pd", "pddl", "unlicense", "publicdomain", "zero"}
_NAMING = {"by", "mit", "apache", "bsd", "isc", "cdla"}
_SHARING = {"sa", "sharing", "gpl", "agpl", "lgpl", "odbl", "mpl", "cecill", "eupl"}
_TERMS = (
    ("no derived works", {"nd"}),
    ("no commercial use", {"nc"}),
    ("share under the same licence", _SHARING),
    ("name the source", _NAMING | {"sa", "nc", "nd"}),
)
"""What a licence asks for, the strictest first, with the words of its name that say so."""
_RANK = {term: 2 ** (len(_TERMS) - place) for place, (term, _) in enumerate(_TERMS)}
_OWN_TERMS = "terms of its own"
"""Of a licence whose name does not say what it asks for, such as `llama3`."""


def licence_terms(name: str) -> tuple[str, ...]:
    """Say what a licence asks for, by the words of its name, short or long.

    `CC-BY-NC-4.0` is the same as `Creative Commons Attribution Non Commercial 4.0`. A name without
    known words has terms of its own; a public domain dedication has none.
    """
    for pattern, short in _LONG:
        name = pattern.sub(short, name)
    found_words = _WORDS.findall(name.lower())
    words = {word for both in found_words for word in both}
    found = tuple(term for term, signs in _TERMS if words & signs)
    if found or words & _PUBLIC or {"public", "domain"} <= words:
        return found
    return (_OWN_TERMS,)


def strictness(name: str) -> float:
    """Rank a licence: more is stricter. One with terms of its own ranks above naming the source."""
    terms = licence_terms(name)
    return sum(3 if term == _OWN_TERMS else _RANK[term] for term in terms)


def licence_counts(sources: Mapping[Origin, int]) -> Counter[str | None]:
    """Count personas by licence; None is that of personas from a source whose licence is unknown.

    Personas that the scenario gives are not counted: their licence is that of the scenario.
    """
    counts: Counter[str | None] = Counter()
    for origin, count in sources.items():
        if origin.source is not None:
            counts[origin.license] += count
    return counts


def licence_lines(sources: Mapping[Origin, int]) -> list[str]:
    """Write the licences of the personas as Markdown, the strictest named in a sentence."""
    counts = licence_counts(sources)
    if not counts:
        return ["All personas were given in the scenario, so no licence of a source applies."]
    named = sorted((name for name in counts if name), key=lambda name: (-strictness(name), name))
    lines = ["| licence | personas | it asks for |", "|-|-|-|"]
    for name in named:
        terms = "; ".join(licence_terms(name)) or "nothing"
        lines.append(f"| {_cell(name)} | {counts[name]} | {terms} |")
    if unknown := counts[None]:
        lines.append(f"| unknown | {unknown} | unknown |")
    lines.append("")
    if named:
        terms = ", ".join(licence_terms(named[0])) or "nothing"
        lines.append(
            f"The strictest of them is **{_cell(named[0])}** "
            f"({counted(counts[named[0]], 'persona')}): {terms}."
        )
    if unknown:
        lines.append(
            f"The licence of {counted(unknown, 'persona')} is unknown and may be stricter: look "
            "it up before sharing this data."
        )
    return lines


def _cell(name: str) -> str:
    return one_line(name).replace("|", "\\|")
