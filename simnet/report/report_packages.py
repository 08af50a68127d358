"""Raises UsageError, when it is imported, if packages that reports need are missing."""

from importlib.util import find_spec

from simnet.errors import UsageError
from simnet.foundation.distribution import install_command

_PACKAGES = ("altair", "jinja2", "networkx", "scipy", "vl_convert")

_missing = [name for name in _PACKAGES if find_spec(name) is None]
if _missing:
    raise UsageError(
        f"reports need {', '.join(_missing)}; install them, in a clone of simnet: "
        f"{install_command('report')}"
    )
