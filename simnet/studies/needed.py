"""Raises UsageError, when it is imported, if packages that studies need are missing."""

from importlib.util import find_spec

from simnet.errors import UsageError
from simnet.foundation.distribution import install_command

_PACKAGES = ("cloudpickle", "networkx", "scipy", "statsmodels")


_missing = [name for name in _PACKAGES if find_spec(name) is None]
if _missing:
    raise UsageError(
        f"studies need {', '.join(_missing)}; install them, in a clone of simnet: "
        f"{install_command('study')}"
    )
