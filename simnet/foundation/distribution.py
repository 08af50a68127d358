"""The name under which simnet is installed, what else is, and how its optional parts are installed.

The distribution is called `simnet-engine`, because `simnet` on PyPI is another project; the
package that is imported is `simnet`.
"""

from importlib import metadata

NAME = "simnet-engine"
FORMER_NAME = "simnet"
"""The name of distributions of simnet up to 0.2.0, and of the other project on PyPI."""


def version_of(package: str) -> str | None:
    """Return the version of a distribution; None where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def version() -> str:
    """Return the version of simnet that is installed.

    Raises `importlib.metadata.PackageNotFoundError` where simnet is imported without being
    installed.
    """
    return metadata.version(NAME)


def install_command(extra: str) -> str:
    """Return the command that installs an extra of simnet, to be run in a clone of it."""
    return f'pip install ".[{extra}]"'
