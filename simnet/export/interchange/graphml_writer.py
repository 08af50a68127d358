"""Writes GraphML as a stream, with any text in it."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML cannot hold, not even as references."""
_KIND = {int: "long", float: "double", str: "string"}


def xml_text(text: str) -> str:
    """Replace what XML cannot hold by U+FFFD."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


def write_graphml(
    file: Path,
    nodes: Mapping[str, str],
    names: Sequence[str],
    edges: Mapping[tuple[str, str], tuple[Any, ...]],
) -> None:
    """Write a directed graph: nodes with their `cohort`, edges with values by `names`.

    Ends of edges that are no nodes become nodes without a cohort.
    """
    first = next(iter(edges.values()))
    with file.open("w", encoding="utf-8", newline="\n") as out:
        out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        out.write('<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n')
        out.write('<key id="cohort" for="node" attr.name="cohort" attr.type="string"/>\n')
        for name, value in zip(names, first, strict=True):
            kind = _KIND[type(value)]
            out.write(f'<key id="{name}" for="edge" attr.name="{name}" attr.type="{kind}"/>\n')
        out.write('<graph edgedefault="directed">\n')
        for node, cohort in nodes.items():
            data = f'<data key="cohort">{escape(xml_text(cohort))}</data>'
            out.write(f"<node id={_attribute(node)}>{data}</node>\n")
        strangers = {end: None for pair in edges for end in pair if end not in nodes}
        for node in strangers:
            out.write(f"<node id={_attribute(node)}/>\n")
        for (source, target), values in edges.items():
            data = "".join(
                f'<data key="{name}">{value!r}</data>'
                for name, value in zip(names, values, strict=True)
            )
            ends = f"source={_attribute(source)} target={_attribute(target)}"
            out.write(f"<edge {ends}>{data}</edge>\n")
        out.write("</graph>\n</graphml>\n")


def _attribute(text: str) -> str:
    return quoteattr(xml_text(text), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
