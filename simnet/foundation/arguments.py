"""Checks the arguments of public constructors and functions against their annotations.

What Python would say of a wrong value, somewhere inside, becomes one ScenarioError that names the
argument and says what to write. Annotations that are not known here are not checked.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import PurePath
from typing import Any, TypeVar

from simnet.errors import ScenarioError
from simnet.foundation.text import did_you_mean
from simnet.foundation.user_code import shown
from simnet.foundation.value_checks.annotation_wants import Want, sequence_want, wanted

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


def checked(target: T) -> T:
    """Check the arguments of a function, or of a class that is made with them.

    Raises ScenarioError, in one line, for a wrong value, a name that does not exist or an argument
    that is missing.
    """
    if isinstance(target, type):
        made: Any = target
        original = made.__init__
        made.__init__ = wraps(original)(partial_method(_Checks(target, method=True), original))
        return target
    function: Any = target
    checks = _Checks(function, method=False)

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        checks.check(args, kwargs)
        return function(*args, **kwargs)

    return call  # type: ignore[return-value]


def partial_method(checks: "_Checks", original: Callable[..., None]) -> Callable[..., None]:
    """Return an `__init__` that checks its arguments first."""

    def init(self: object, *args: Any, **kwargs: Any) -> None:
        if type(self) is checks.target:  # a subclass may take others
            checks.check(args, kwargs)
        original(self, *args, **kwargs)

    return init


class _Checks:
    """The arguments of one function or class."""

    def __init__(self, target: Any, *, method: bool) -> None:
        self.target = target
        self._method = method
        self._name = target.__name__
        if inspect.iscoroutinefunction(target):
            self._name = self._name.removeprefix("a")  # `run` calls `arun`
        self._signature: inspect.Signature | None = None
        self._wants: dict[str, Want] = {}

    def check(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Raise ScenarioError unless the arguments fit."""
        signature = self._signature or self._read()
        try:
            arguments = signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise ScenarioError(self._misfit(signature, kwargs, error)) from None
        for name, value in arguments.items():
            want = self._wants.get(name)
            if want is not None and not want.holds(value):
                raise ScenarioError(self._wrong(name, value, want, arguments))

    def _read(self) -> inspect.Signature:
        signature = inspect.signature(self.target)
        if self._method:
            signature = inspect.signature(self.target.__init__.__wrapped__)
            signature = signature.replace(parameters=list(signature.parameters.values())[1:])
        for name, parameter in signature.parameters.items():
            want = wanted(parameter.annotation)
            if want is None or parameter.kind is inspect.Parameter.VAR_KEYWORD:
                continue
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                want = sequence_want(want, parameter.annotation)
            self._wants[name] = want
        self._signature = signature
        return signature

    def _misfit(
        self, signature: inspect.Signature, kwargs: Mapping[str, Any], error: TypeError
    ) -> str:
        name = self._name
        known = signature.parameters
        for given in kwargs:
            if given not in known:
                hint = did_you_mean(given, known) or f"; it has {', '.join(known)}"
                return f"{name} has no {given!r}{hint}"
        return f"{name}: {error}; it takes {', '.join(known)}"

    def _wrong(self, name: str, value: object, want: Want, given: Mapping[str, Any]) -> str:
        title = given.get("name")
        if isinstance(title, str) and name != "name":
            where = f"{self._name.lower()} {title!r}: {name}={shown(value)}"
        else:
            where = f"{self._name}({name}={shown(value)})"
        if name == "ties" and isinstance(value, str | PurePath):
            return f"{where}; read a file with networks.edges({str(value)!r})"
        if name == "model" and hasattr(value, "generate"):
            return f"{where}; give models to run(..., model=...), and here the name of one of them"
        return f"{where}; {want.advice(value) or f'give {want.what}'}"
