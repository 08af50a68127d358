"""Reads the answers of an OpenAI-compatible endpoint that come with the status 200.

Not all of them are replies: some endpoints and their proxies send an error, a web page, a list or
nothing at all with that status.
"""

import json
from typing import Any

from simnet.foundation.text import cut, one_line
from simnet.inference.endpoints.endpoint import client_library
from simnet.inference.endpoints.endpoint_errors import message_of
from simnet.inference.model import Completion
from simnet.inference.replies.reasoning import message_parts

_MOST_TOKENS = 10**9
"""Counts above this are not believed."""
_TOOLS = frozenset({"tool_calls", "function_call"})
"""Finish reasons of replies that call a function in place of a text."""
_UNUSABLE = frozenset({"content_filter", "error", *_TOOLS})
"""Finish reasons with which the text, if any, is not the reply."""
_CUT_SHORT = frozenset({"length", "max_tokens", "max_length", "model_length"})
"""Finish reasons of replies that reached the limit of their length."""
_LONGEST = 300
"""Characters of an answer that a message shows."""
_REFUSED = 400
"""Status of an error within a reply that names no other."""


class NoReplyError(ValueError):
    """An answer with the status 200 that is no reply; the message says what it is."""


def raise_error_within(reply: Any, url: str) -> None:
    """Raise an error that came with the status 200 as the client's APIStatusError.

    Proxies such as OpenRouter send errors of the providers behind them like that. A number in its
    `code` or `status` is the status that it stands for.
    """
    first = reply[0] if isinstance(reply, list) and reply else reply
    error = _field(first, "error")
    if not error or isinstance(reply, str) or getattr(reply, "choices", None):
        return
    import httpx  # noqa: PLC0415  (comes with the client, which is optional)

    told = [_field(error, name) for name in ("code", "status")]
    status = next((int(one) for one in told if str(one).isdecimal() and 400 <= int(one) < 600), 0)
    body = {"error": error}
    response = httpx.Response(status or _REFUSED, json=body, request=httpx.Request("POST", url))
    raise client_library().APIStatusError(str(error), response=response, body=body)


def completion_of(reply: Any, seconds: float) -> Completion:
    """Read a reply. Raises NoReplyError or any other exception for one that is malformed."""
    choice, usage = _choice(reply), getattr(reply, "usage", None)
    details = getattr(usage, "prompt_tokens_details", None)
    counts = (
        _count(getattr(usage, "prompt_tokens", None)),
        _count(getattr(details, "cached_tokens", None)),
        _count(getattr(usage, "completion_tokens", None)),
    )
    text, reasoning = _parts(choice)
    finish = _finish(choice.finish_reason, text)
    if finish is None and choice.finish_reason in _TOOLS and (called := _called(choice.message)):
        text, finish = called, "stop"
    if finish is None:
        why = message_of({"error": _field(choice, "error")}) if _field(choice, "error") else None
        ended = f"the endpoint ended it: {choice.finish_reason}" + (f", {why}" if why else "")
        return Completion(cut(one_line(ended), _LONGEST), "error", *counts, seconds)
    return Completion(text, finish, *counts, seconds, reasoning)


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)


def _choice(reply: Any) -> Any:
    if isinstance(reply, str):
        what = "a web page" if reply.lstrip().startswith("<") else "text"
        raise NoReplyError(f"the endpoint answered with {what}: {one_line(reply)!r:.80}")
    if isinstance(reply, list):
        raise NoReplyError(f"the endpoint answered with a list: {reply!r:.80}")
    choices = getattr(reply, "choices", None)
    if not isinstance(choices, list) or not choices:
        body = {name: _field(reply, name) for name in ("detail", "message")}
        why = message_of({name: one for name, one in body.items() if one})
        raise NoReplyError("the endpoint sent no choices" + (f": {one_line(why)}" if why else ""))
    return choices[0]


def _parts(choice: Any) -> tuple[str, str | None]:
    """Return the text and the reasoning of a choice, also of one of a completion of text."""
    if choice.message is None:
        text = getattr(choice, "text", None)
        if not isinstance(text, str):
            raise NoReplyError("the endpoint sent a choice without a message")
        return text, None
    return message_parts(choice.message)


def _called(message: Any) -> str | None:
    """Return the first call of a function in a message as JSON, which free replies may be too."""
    calls = [getattr(one, "function", None) for one in getattr(message, "tool_calls", None) or ()]
    call = next(filter(None, [*calls, getattr(message, "function_call", None)]), None)
    name, arguments = getattr(call, "name", None), getattr(call, "arguments", None)
    if not isinstance(name, str):
        return None
    try:
        values = json.loads(arguments) if isinstance(arguments, str) and arguments else arguments
    except ValueError:
        return None
    return json.dumps({"name": name, "arguments": values or {}}, ensure_ascii=False)


def _finish(reason: Any, text: str) -> str | None:
    """Return the finish of a reply in our words; None if there is no reply.

    Endpoints have finish reasons of their own, such as `eos_token`: the text is used.
    """
    known = str(reason or "stop").lower()
    if known in {"stop", "abort", "repetition"}:
        return known
    if known in _CUT_SHORT:
        return "length"
    return "stop" if text and known not in _UNUSABLE else None


def _count(value: Any) -> int | None:
    """Read a number of tokens; None where an endpoint tells none that can be believed."""
    known = isinstance(value, int | float) and 0 <= value <= _MOST_TOKENS
    return int(value) if known else None
