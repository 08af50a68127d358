"""Writes a report as one HTML file that asks for nothing from anywhere.

A Content-Security-Policy lets the browser run the two scripts of the page and nothing else, and
load nothing: texts of a record that get past the escaping still cannot do anything. Vega's
expressions are interpreted, so that they need no `eval`.
"""

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

import vl_convert
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from simnet.foundation import distribution
from simnet.foundation.text import neutralise
from simnet.report.parts import Page
from simnet.report.pictures.rendering import svg_of

_SNIPPET = "window.vegaEmbed = vegaEmbed;"
_ASSETS = files("simnet.report.page") / "assets"


def html_of(page: Page, figures: str) -> str:
    """Write a report as HTML, with the folder beside it that its figures are in.

    Texts in it are escaped and cleaned of invisible characters.
    """
    library, behaviour = _library(), _asset("report.js")
    made: str = _environment().from_string(_asset("report.html.j2")).render(
        page=page,
        figures=quote(figures),
        drawings={one.name: Markup(svg_of(one)) for one in page.pictures},  # noqa: S704
        charts=_script_json({one.name: dict(one.chart) for one in page.pictures}),
        policy=_policy(library, behaviour),
        style=Markup(_asset("report.css")),  # noqa: S704
        library=Markup(library),  # noqa: S704
        behaviour=Markup(behaviour),  # noqa: S704
        made=f"Written by simnet {distribution.version()}. This page loads nothing from anywhere.",
    )  # fmt: skip
    return made


@cache
def _environment() -> Environment:
    return Environment(autoescape=True, undefined=StrictUndefined, finalize=_clean)


def _clean(value: Any) -> Any:
    if isinstance(value, str) and not isinstance(value, Markup):
        return neutralise(value)
    return value


@cache
def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


@cache
def _library() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script, fit to be within an element."""
    found: str = vl_convert.javascript_bundle(snippet=_SNIPPET)
    return found.replace("</script", r"<\/script").replace("<!--", r"<\!--")


def _policy(*scripts: str) -> str:
    digests = (base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _script_json(value: Any) -> Markup:
    """Write JSON that stays within its element: without `<`, `>`, `&` and separators of lines."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)  # noqa: S704  (nothing in it ends the element)
