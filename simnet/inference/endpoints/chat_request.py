"""Builds requests for chat completions, without what the endpoint turned out to refuse.

Endpoints differ in the parameters they know. One that an endpoint refuses is left out of all
further requests, and the refused request is sent again without it.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from simnet.foundation.text import neutralise
from simnet.inference.endpoints.endpoint import Endpoint
from simnet.inference.endpoints.endpoint_errors import (
    LIMITS,
    refused_parameter,
    refuses_system_messages,
)
from simnet.inference.model import Prompt
from simnet.inference.replies.label_probabilities import TOP
from simnet.inference.replies.reasoning import NO_REASONING

SYSTEM = "system message"
"""How the list of what is left out calls messages of the role `system`."""
_MAX_SEED = 2**63 - 1
_SPECIAL_TOKENS = re.compile(
    r"<(?=\|)|\|(?=>)|<(?=/?s>)|\[(?=/?INST\])|<(?=(?:start|end)_of_turn>)|<(?=</?SYS>>)"
)


class ChatRequests:
    """Makes the requests to one model of one endpoint."""

    def __init__(self, model: str, endpoint: Endpoint) -> None:
        self._model = model
        self._constrains = bool(endpoint.constrains)
        host = urlsplit(endpoint.base_url).hostname
        self._limits = list(reversed(LIMITS) if host == "api.openai.com" else LIMITS)
        """Names of the limit of a reply's length that were not refused, the first is sent."""
        self._left_out: dict[str, None] = {}

    @property
    def left_out(self) -> tuple[str, ...]:
        """The parameters that the endpoint refused, in the order in which it did."""
        return tuple(self._left_out)

    def fields(self, prompt: Prompt) -> dict[str, Any]:
        """Return the arguments of `chat.completions.create` for a prompt."""
        system, user = map(_without_special_tokens, (prompt.system, prompt.user))
        messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        if SYSTEM in self._left_out:
            messages = [{"role": "user", "content": f"{system}\n\n{user}"}]
        fields: dict[str, Any] = {"seed": prompt.seed & _MAX_SEED}
        fields["temperature"] = prompt.temperature
        fields |= dict.fromkeys(self._limits[:1], prompt.max_tokens)
        if prompt.labels and "logprobs" not in self._left_out:
            fields |= {"logprobs": True, "top_logprobs": TOP}
        extra: dict[str, Any] = {}
        if self._constrains:  # it is vLLM's server, which takes these fields
            extra["chat_template_kwargs"] = dict(NO_REASONING)
            if prompt.pattern is not None:
                extra["structured_outputs"] = {"regex": prompt.pattern}
        fields = {name: value for name, value in fields.items() if name not in self._left_out}
        extra = {name: value for name, value in extra.items() if name not in self._left_out}
        if extra:
            fields["extra_body"] = extra
        return {"model": prompt.adapter or self._model, "messages": messages, **fields}

    def learn(self, fault: Any, sent: dict[str, Any]) -> bool:
        """Leave out what an answer to the request `sent` refuses; return whether there is such.

        `fault` is the client's exception for the answer. The request can then be sent again: each
        time it has one parameter less, so this ends.
        """
        fixed = {"model", "messages", "extra_body"}
        names = [name for name in (*sent, *sent.get("extra_body", ())) if name not in fixed]
        refused = refused_parameter(fault, names)
        if refused is None and len(sent["messages"]) > 1 and refuses_system_messages(fault):
            refused = SYSTEM
        if refused is None:
            return False
        if refused in LIMITS:
            self._limits = [name for name in self._limits if name != refused]
        self._left_out[refused] = None
        return True


def _without_special_tokens(text: str) -> str:
    """Break up what a chat template takes for special tokens: `<|im_end|>` is `< |im_end| >`."""
    return _SPECIAL_TOKENS.sub(lambda found: f"{found[0]} ", neutralise(text))
