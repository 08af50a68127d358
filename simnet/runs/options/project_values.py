"""Finds the value in a `simnet.toml` that can be of no run, or not together with those before."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from simnet.errors import SimnetError
from simnet.inference.backend import Backend
from simnet.inference.backends.choice import choose
from simnet.inference.backends.openai_backend import OpenAIBackend
from simnet.inference.endpoints.endpoint import Endpoint
from simnet.runs.options.options import ModelOptions, RunOptions
from simnet.runs.options.project import Project, with_project
from simnet.runtime.models import DEFAULT

_SOME_URL = "http://endpoint/v1"
"""In the place of an address that the command line may give."""


class Fault(NamedTuple):
    """A value that cannot be."""

    key: str
    name: str | None
    """That of an entry, where the value is in a mapping."""
    reason: str


def find_fault(said: Mapping[str, Any]) -> Fault | None:
    """Return the first value that cannot be, among arguments of `simnet.run`; None if all can be.

    Whether models, adapters and kept engines are there is found out when they are needed.
    """
    if _reason(said) is None:
        return None
    part: dict[str, Any] = {}
    for key, name, value in _pieces(said):
        part[key] = value if name is None else {**part.get(key, {}), name: value}
        if (reason := _reason(part)) is not None:
            return Fault(key, name, reason)
    return None


def _pieces(said: Mapping[str, Any]) -> Iterator[tuple[str, str | None, Any]]:
    for key in sorted(said, key=lambda key: key != "backend"):  # by which others are judged
        if isinstance(said[key], Mapping) and said[key]:
            yield from ((key, name, value) for name, value in said[key].items())
        else:
            yield key, None, said[key]


def _reason(said: Mapping[str, Any]) -> str | None:
    base = RunOptions()  # raises for what the environment says
    try:
        options = with_project(base, Project(None, said, {}), lambda _: False)
        for name in (None, *options.models.models):
            if name not in options.models.kept:
                model_of(name, options.models)
    except SimnetError as error:
        return str(error)
    return None


def model_of(name: str | None, models: ModelOptions) -> Backend:
    """Return a model of the user's, called by its name in the scenario, without its adapters.

    Nothing has to be installed here for it. Raises what `choose` raises.
    """
    own = models.of_model(name)
    endpoint = own.endpoint()
    if endpoint is None and own.backend == OpenAIBackend.name:
        endpoint = Endpoint(base_url=_SOME_URL)
    replicas = 1 if own.replicas is None else own.replicas
    return choose(
        own.backend,
        name or DEFAULT,
        None,
        endpoint,
        replicas,
        own.settings_by_name,
        elsewhere=True,
    )
