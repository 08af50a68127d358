"""What the errors of an OpenAI-compatible endpoint mean: all knowledge of their wording is here.

Endpoints agree on status codes and on little else. Errors come as `{"error": {"message", "code",
"type", "param"}}`, as pydantic's `{"detail": [{"loc", "msg"}]}`, as a string, or as HTML.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from simnet.foundation.text import cut, one_line

_LONGEST = 300
"""Characters of an endpoint's words that are kept."""
_UNSHOWN = re.compile(
    r"<(script|style|head)\b(?![^>]*/>).*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)",
    re.IGNORECASE | re.DOTALL,
)
"""Parts of a web page that no browser shows."""
_SPENT_CODES = frozenset(
    {
        *("insufficient_quota", "billing_hard_limit_reached", "billing_not_active"),
        *("quota_exhausted", "insufficient_balance", "insufficient_funds", "AccountOverdueError"),
        *("Arrearage", "exceeded_current_quota_error"),
    }
)
_SPENT = re.compile(
    r"insufficient[_ ](?:\w+ )?(?:quota|funds|balance|credits?)|billing|credit balance"
    r"|(?:out of|not enough|no (?:more |remaining )?) ?credits?\b|payment required|overdue"
    r"|in arrears"
    r"|balance (?:is )?(?:too low|not enough|insufficient|exhausted|empty|negative)"
    r"|exceeded (?:your|the) (?:current |monthly )?(?:quota|usage|included credits|spend)"
    r"|spend(?:ing)? limit|(?:quota|credits?|balance) (?:is |are |has been |have been )?"
    r"(?:used up|exhausted|depleted)"
    r"|\u4f59\u989d\u4e0d\u8db3|\u6b20\u8d39|\u989d\u5ea6(?:\u5df2?\u7528\u5c3d|\u4e0d\u8db3)",
    re.IGNORECASE,
)
"""Words of an empty account. The Chinese ones: balance too low, in arrears, allowance used up."""
_PASSES = re.compile(
    r"per[_ ](?:second|minute|hour|day)|rate.?limit|(?:try again|retry) (?:in|after)|retry.?delay",
    re.IGNORECASE,
)
_OF_A_DAY = re.compile(r"per[-_ ]?day|\ba day\b|\beach day\b|\bdaily\b", re.IGNORECASE)
_TOO_LONG = re.compile(
    r"context.{0,20}(?:length|window|size)|too (?:long|large|many)|at most|exceed", re.IGNORECASE
)
_REFUSES = re.compile(
    r"(?:not|n't|un)[ -]?(?:\w+ ){0,2}(?:support|permit|allow|known|recogni|expected|implement"
    r"|accept|available|valid|set|specified|used|provided)|invalid|extra|only the default|disallow"
    r"|deprecat|remove|omit|unmarshal|deseriali|out of range|no longer",
    re.IGNORECASE,
)
_BOUND = (
    r"[`'\"]?\W{0,3}(?:\w+ ){0,2}(?:(?:must|should|can|may|has to|needs to)\b|exceeds|between"
    r"|is (?:too|greater|less|larger|smaller|out)\b|greater|less|outside)"
)
"""What follows the name of a parameter whose value is refused: `seed must be less than 10`."""
_NO_SYSTEM = re.compile(
    r"system.{0,12}(?:role|message|prompt|instruction).{0,20}(?:not|n't|un)[ -]?(?:be )?"
    r"(?:support|allow|enable|accept|permit)"
    r"|(?:support|allow|accept|permit|unexpected|unknown|invalid).{0,30}"
    r"\bsystem.{0,12}(?:role|message|prompt|instruction)"
    r"|developer instruction is not|(?:unexpected|unknown|invalid|unsupported) role\W+system"
    r"|only user,? (?:and|or) (?:assistant|model) roles|roles? must (?:be|alternate)"
    r"|must be (?:in|one of)?.{0,10}user\W+(?:and|or|,)?\W*(?:assistant|model)"
    r"|first message must (?:be|have).{0,20}user",
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
    found = message_of(fault.body)
    if found is None:
        text = _UNSHOWN.sub(" ", getattr(fault.response, "text", "") or "")
        shown = " ".join(re.sub(r"<[^>]*>", " ", text).split())
        found = shown or fault.response.reason_phrase
    return cut(one_line(f"Error code: {fault.status_code} - {found}"), _LONGEST)


def message_of(body: Any) -> str | None:
    """Return the words of an error in the body of an answer; None if it has none."""
    match body:
        case {"error": dict() as inner} | [{"error": _} as inner, *_]:
            return message_of(inner)
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


def of_a_day(fault: Any) -> bool:
    """Tell whether an answer speaks of a quota of a day: `free-models-per-day`, `PerDay`."""
    return bool(_OF_A_DAY.search(f"{words(fault)} {fault.body}"))


def limit_headers(fault: Any) -> dict[str, str]:
    """Return the headers about limits of an answer, which some gateways put into its body."""
    found = {name.lower(): str(value) for name, value in fault.response.headers.items()}
    match _inner(fault.body):
        case {"metadata": {"headers": dict() as told}}:
            found |= {str(name).lower(): str(value) for name, value in told.items()}
    return found


def refused_parameter(fault: Any, sent: Collection[str]) -> str | None:
    """Return the one of the parameters `sent` that an answer refuses; None if there is none.

    A length that does not fit the model is about the prompt, and refuses no parameter.
    """
    if fault.status_code not in _REFUSING:
        return None
    text = message_of(fault.body) or ""
    named = [name for name in sent if name in _places(fault.body)]
    refuses = _REFUSES.search(text) is not None
    found = [(at, name) for name in sent if (at := _position(name, text, refuses)) is not None]
    named += [name for _, name in sorted(found)]
    too_long = "context_length_exceeded" in _codes(fault.body) or _TOO_LONG.search(text)
    return next((name for name in named if name not in LIMITS or not too_long), None)


def refuses_system_messages(fault: Any) -> bool:
    """Tell whether an answer says that the model's chat has no system messages."""
    return fault.status_code < 501 and bool(_NO_SYSTEM.search(words(fault)))


def _position(name: str, text: str, refuses: bool) -> int | None:
    """Return where a text names a parameter as a word, by any of its names.

    Unless the text `refuses` something, the place has to go on with a bound of the value.
    """
    for called in (name, *_ALSO_CALLED.get(name, ())):
        word = rf"(?<![\w-]){re.escape(called)}(?![\w-])"
        if found := re.search(word + ("" if refuses else _BOUND), text, re.IGNORECASE):
            return found.start()
    return None


def _inner(body: Any) -> Any:
    if isinstance(body, list) and body:
        body = body[0]
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
