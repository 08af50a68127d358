"""Address and settings of an OpenAI-compatible endpoint, and the check that it has a model."""

import os
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

from simnet.errors import InputError, ModelNotFoundError, UsageError, reason
from simnet.foundation.distribution import install_command
from simnet.foundation.text import file_name, one_line
from simnet.inference.endpoints.endpoint_errors import words

MASK = "***"
"""Shown in place of a secret."""

_LIST_TIMEOUT = 15.0
"""Wall seconds in which an endpoint has to list its models."""
_NO_KEY = "none"
"""Sent as the key where there is none; self-hosted servers ignore it."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """An endpoint; a plain value that is sent to the process that sends the requests."""

    base_url: str = field(repr=False)
    """Address with the version, as in http://127.0.0.1:8000/v1. May hold a password, so messages
    and records have `shown_url` instead."""
    api_key_env: str = "OPENAI_API_KEY"
    """The environment variable that has the key, read in the process that sends requests."""
    constrains: bool | None = None
    """Whether it constrains replies to a pattern, as vLLM's server does; None finds out."""
    in_flight: int = 256
    """Most requests at once."""
    deadline: float | None = None
    """Seconds one request may take; None goes by how fast the endpoint is, see
    `simnet.inference.calls.deadline`."""
    tries: int = 10
    """Most times that a prompt is sent, while the endpoint is busy or out of reach."""
    served: tuple[str, ...] = ()
    """Names of the models and adapters it serves; empty if it does not list them."""

    @property
    def key(self) -> str:
        """The key, or a placeholder for servers that need none."""
        return self._given_key or _NO_KEY

    @property
    def _given_key(self) -> str:
        """The key without the line break that files of secrets end with; empty if there is none."""
        return os.environ.get(self.api_key_env, "").strip()

    @property
    def refusal(self) -> str:
        """What is said when the endpoint refuses the key."""
        if self._given_key:
            return f"{self.shown_url} refuses the key in ${self.api_key_env}"
        return f"{self.shown_url} asks for a key, and ${self.api_key_env} is not set"

    @property
    def shown_url(self) -> str:
        """The address with passwords and the values of its query masked."""
        found = urlsplit(self.base_url)
        host = found.netloc.rpartition("@")[2]
        user = found.netloc[: -len(host)].rpartition("@")[0] if host != found.netloc else ""
        name = f"{user.partition(':')[0]}:{MASK}@" if user else ""
        query = "&".join(f"{one.partition('=')[0]}={MASK}" for one in found.query.split("&"))
        return urlunsplit((found.scheme, name + host, found.path, query if found.query else "", ""))

    def masked(self, text: str) -> str:
        """Mask the address, its password, its query and the key in a text."""
        found = urlsplit(self.base_url)
        secrets = [found.netloc.rpartition("@")[0].partition(":")[2]]
        secrets += [one.partition("=")[2] for one in found.query.split("&")]
        secrets += [unquote(secret) for secret in secrets] + [self._given_key]
        text = text.replace(self.base_url, self.shown_url)
        for secret in sorted({one for one in secrets if len(one) > 2}, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return text

    def redirected(self, fault: Any) -> str:
        """Say where an answer redirects to, which is not followed."""
        target = urlsplit(fault.response.headers.get("location", "")).netloc.rpartition("@")[2]
        where = one_line(target) or "another path"
        return (
            f"redirects to {where}, which is not followed; if you trust that address, give it "
            "as the base URL"
        )

    def full_name(self, model: str) -> str:
        """Return the listed name of a model, which may be the path of a file on the server.

        Records have the last part of a path alone, so that part finds it too, if it is unique.
        """
        if model in self.served:
            return model
        found = [name for name in self.served if file_name(name) == model]
        return found[0] if len(found) == 1 else model

    def check(self) -> None:
        """Raise UsageError for a malformed address, InputError for a setting that cannot work."""
        if not self.base_url.startswith(("http://", "https://")):
            raise UsageError(f"--base-url {self.shown_url}: give an address such as http://host/v1")
        for name in ("in_flight", "tries", "deadline"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise InputError(f"{name} of the endpoint is {value}; give more than 0")

    def ready(self, model: str) -> "Endpoint":
        """Ask the endpoint for its models; return this endpoint with `served` and `constrains`.

        Raises what `check` raises, InputError for a key that cannot be sent, and
        ModelNotFoundError if the endpoint cannot be reached, refuses the key or has no such model.
        """
        self.check()
        if not (self.key.isascii() and self.key.isprintable()):
            raise InputError(
                f"the key in ${self.api_key_env} has characters that cannot be sent, such as "
                "accents or line breaks"
            )
        models = self._list(model)
        if models is None:
            return replace(self, constrains=bool(self.constrains))
        names = tuple(sorted(name for name, _ in models))
        listed = replace(self, served=names)
        if names and listed.full_name(model) not in names:
            raise ModelNotFoundError(
                f"{self.shown_url} has no model {model!r}; it has: "
                + ", ".join(map(one_line, names[:20]))
            )
        by_vllm = any(owner == "vllm" for _, owner in models)
        return replace(listed, constrains=by_vllm if self.constrains is None else self.constrains)

    def _list(self, model: str) -> list[tuple[str, str]] | None:
        """List (name, owner) of the models that are served; None if the endpoint has no list."""
        openai = client_library()
        try:
            http_client = openai.DefaultHttpxClient(follow_redirects=False)
        except (ImportError, ValueError) as fault:
            raise InputError(
                "the proxy that the environment names (HTTP_PROXY, HTTPS_PROXY or ALL_PROXY) "
                f"cannot be used: {fault}"
            ) from fault
        try:
            with openai.OpenAI(
                base_url=self.base_url,
                api_key=self.key,
                timeout=_LIST_TIMEOUT,
                max_retries=1,
                http_client=http_client,
            ) as client:
                return [(str(found.id), str(found.owned_by)) for found in client.models.list()]
        except openai.AuthenticationError as fault:
            told = self.masked(words(fault))
            raise ModelNotFoundError(f"{self.refusal}: {told}") from fault
        except openai.APIConnectionError as fault:
            raise ModelNotFoundError(
                f"{self.shown_url} cannot be reached{self._through_proxy()} "
                f"({self.masked(reason(fault))}); is the server of {model!r} up?"
            ) from fault
        except openai.APIStatusError as fault:
            if 300 <= fault.status_code < 400:
                raise ModelNotFoundError(f"{self.shown_url} {self.redirected(fault)}") from fault
            return None
        except (openai.APIError, AttributeError, TypeError, ValueError):
            return None  # no list, or one in another form; the first request shows what works

    def _through_proxy(self) -> str:
        """Say that requests go through a proxy, if they do."""
        found, proxies = urlsplit(self.base_url), getproxies()
        named = proxies.get(found.scheme) or proxies.get("all")
        used = named and not proxy_bypass(found.hostname or "")
        return " through the proxy that the environment names" if used else ""


def client_library() -> Any:
    """Import the client. Raises UsageError, saying how to install it, where it is missing."""
    try:
        import openai  # noqa: PLC0415  (slow, and needed by this backend alone)
    except ImportError:
        raise UsageError(
            "the client for endpoints is not installed; install it, in a clone of simnet: "
            f"{install_command('openai')}"
        ) from None
    return openai
