"""What the errors of an OpenAI-compatible endpoint mean: all knowledge of their wording is here.

Endpoints agree on status codes and on little else. Errors come as `{"error": {"message", "code",
"type", "param"}}`, as pydantic's `{"detail": [{"loc", "msg"}]}`, as a string, or as HTML.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from simnet.text import cut, one_line

_LONGEST = 300
"""Characters of an endpoint's words that are kept."""
_SPENT_CODES = frozenset(
    {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "quota_exhausted"}
)
_SPENT = re.compile(
    r"insufficient[_ ](?:quota|funds|balance|credits?)|billing|credit balance|out of credits"
    r"|payment required|exceeded your (?:current|monthly) (?:quota|usage)|quota (?:is )?(?:used up"
    r"|exhausted)",
    re.IGNORECASE,
)
_PASSES = re.compile(
    r"per[_ ](?:second|minute|hour|day)|rate.?limit|(?:try again|retry) (?:in|after)|retry.?delay",
    re.IGNORECASE,
)
_TOO_LONG = re.compile(
    r"context.{0,20}(?:length|window|size)|too (?:long|large|many)|at most|exceed", re.IGNORECASE
)
_REFUSES = re.compile(
    r"(?:not|n't|un)[ -]?(?:be )?(?:support|permit|allow|known|recogni|expected|implement|accept"
    r"|available|valid)|invalid|extra|only the default|disallow|deprecat",
    re.IGNORECASE,
)
_NO_SYSTEM = re.compile(
    r"system.{0,12}(?:role|message|prompt).{0,20}(?:not|n't|un)[ -]?(?:be )?(?:support|allow)"
    r"|(?:support|allow).{0,30}system.{0,12}(?:role|message|prompt)"
    r"|conversation roles must alternate",
    re.IGNORECASE,
)
_REFUSING = frozenset({400, 404, 422, 501})
"""Status codes of answers that may say that a parameter is unknown."""
_ALSO_CALLED: Mapping[str, Sequence[str]] = {
    "structured_outputs": ("structured outputs", "structured output", "guided_regex")
}
LIMITS = ("max_tokens", "max_completion_tokens")
"""Both names of the parameter that limits the length of a reply."""


def words(fault: Any) -> str:
    """Return what an endpoint answered in one line: `Error code: 429 - slow down`."""
    found = _message(fault.body)
    if found is None:
        text = getattr(fault.response, "text", "") or ""
        found = re.sub(r"<[^>]*>", " ", text).strip() or fault.response.reason_phrase
    return cut(one_line(f"Error code: {fault.status_code} - {found}"), _LONGEST)


def _message(body: Any) -> str | None:
    match body:
        case {"error": dict() as error}:
            return _message(error)
        case {"message": str(message)} | {"error": str(message)} | {"detail": str(message)}:
            return message
        case {"detail": [*found]}:
            return "; ".join(map(_detail, found)) or None
        case dict() | list() if body:
            return str(body)
        case str() if "<" not in body:
            return body or None
        case _:
            return None


def _detail(one: Any) -> str:
    match one:
        case {"loc": [*_, place], "msg": message}:
            return f"{place}: {message}"
        case {"msg": message}:
            return str(message)
        case _:
            return str(one)


def used_up(fault: Any) -> bool:
    """Tell whether an answer says that the account is empty, which waiting does not mend.

    A quota by the minute or the day, which many endpoints call a quota too, is not meant.
    """
    if fault.status_code == 402 or _SPENT_CODES & _codes(fault.body):
        return True
    if not 400 <= fault.status_code < 500:
        return False
    text = f"{words(fault)} {fault.body}"
    passes = "retry-after" in fault.response.headers or _PASSES.search(text)
    return bool(_SPENT.search(text)) and not passes


def refused_parameter(fault: Any, sent: Collection[str]) -> str | None:
    """Return the one of the parameters `sent` that an answer refuses; None if there is none.

    A length that does not fit the model is about the prompt, and refuses no parameter.
    """
    if fault.status_code not in _REFUSING:
        return None
    text = _message(fault.body) or ""
    named = [name for name in sent if name in _places(fault.body)]
    if _REFUSES.search(text):
        found = [(at, name) for name in sent if (at := _position(name, text)) is not None]
        named += [name for _, name in sorted(found)]
    too_long = "context_length_exceeded" in _codes(fault.body) or _TOO_LONG.search(text)
    return next((name for name in named if name not in LIMITS or not too_long), None)


def refuses_system_messages(fault: Any) -> bool:
    """Tell whether an answer says that the model's chat has no system messages."""
    return fault.status_code < 501 and bool(_NO_SYSTEM.search(words(fault)))


def _position(name: str, text: str) -> int | None:
    """Return where a text names a parameter as a word, by any of its names."""
    for called in (name, *_ALSO_CALLED.get(name, ())):
        if found := re.search(rf"(?<![\w-]){re.escape(called)}(?![\w-])", text, re.IGNORECASE):
            return found.start()
    return None


def _inner(body: Any) -> Any:
    return body["error"] if isinstance(body, dict) and isinstance(body.get("error"), dict) else body


def _codes(body: Any) -> set[str]:
    inner = _inner(body)
    if not isinstance(inner, dict):
        return set()
    return {str(inner.get(name)) for name in ("code", "type")}


def _places(body: Any) -> set[str]:
    """List the parameters that structured errors point at."""
    inner = _inner(body)
    if not isinstance(inner, dict):
        return set()
    found = {str(inner.get("param"))}
    details = inner.get("detail")
    for one in details if isinstance(details, list) else ():
        if isinstance(one, dict) and isinstance(one.get("loc"), list):
            found |= set(map(str, one["loc"]))
    return found
