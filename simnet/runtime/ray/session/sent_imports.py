"""Which modules a process imports when it gets an object from this one, and runs its functions."""

import dis
import inspect
from collections.abc import Iterator, Sequence
from types import CodeType, ModuleType
from typing import Any

from ray.cloudpickle import CloudPickler, register_pickle_by_value

_GUARDS = {"ImportError", "ModuleNotFoundError"}
"""Names in code that bears it if a module is missing."""


def imports_of(sent: object, by_value: Sequence[ModuleType] = ()) -> set[str]:
    """Return the names of the modules that an object needs where it is sent.

    It is pickled as Ray does it, to nowhere, and not changed. `by_value` are modules whose code is
    sent along, from now on. What these import for code that is not sent is not among the names;
    what functions import that are sent is, unless they handle ImportError themselves.
    """
    for module in by_value:
        register_pickle_by_value(module)
    collector = _Collector({module.__name__ for module in by_value})
    try:
        collector.dump(sent)
    except Exception:  # noqa: BLE001  (code of the user; making the actors raises it with its place)
        return collector.modules
    return collector.modules


class _Nowhere:
    def write(self, data: object) -> None:
        """Keep nothing."""


class _Collector(CloudPickler):  # type: ignore[misc]  # Ray has no types for it
    """Notes what is pickled by its name, and what code imports that is pickled whole."""

    def __init__(self, by_value: set[str]) -> None:
        super().__init__(_Nowhere())
        self._by_value = by_value
        self.modules: set[str] = set()

    def reducer_override(self, obj: Any) -> Any:
        """Return how an object is pickled, as Ray does; called for all but plain data."""
        reduced = super().reducer_override(obj)
        if isinstance(obj, ModuleType):
            self._note(obj.__name__)
        elif isinstance(obj, CodeType):
            self.modules.update(_imported(obj))
        elif reduced is NotImplemented and (isinstance(obj, type) or inspect.isroutine(obj)):
            self._note(getattr(obj, "__module__", None))
        return reduced

    def _note(self, module: object) -> None:
        if isinstance(module, str) and not self._is_sent(module):
            self.modules.add(module)

    def _is_sent(self, module: str) -> bool:
        parts = module.split(".")
        return any(".".join(parts[:count]) in self._by_value for count in range(1, len(parts) + 1))


def _imported(code: CodeType) -> Iterator[str]:
    """Yield the modules that a function imports by their full names when it runs."""
    if _GUARDS.intersection(code.co_names):
        return
    instructions = list(dis.get_instructions(code))
    for place, one in enumerate(instructions):
        if one.opname == "IMPORT_NAME" and instructions[place - 2].argval == 0:  # not relative
            yield one.argval
