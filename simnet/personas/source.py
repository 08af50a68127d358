"""Where personas come from."""

from dataclasses import dataclass

ORIGIN = ("source", "format", "licence", "revision")
"""The columns of a table of personas that say where each comes from."""


@dataclass(frozen=True, slots=True)
class Source:
    """The origin of a persona, which is recorded in runs and on data cards and told to no model."""

    file: str
    """Name of the file, data set or generator, never a path on somebody's disk."""
    format: str
    """Format it was read in, such as `finepersonas`."""
    licence: str | None = None
    """Licence of the data; None if it is not known."""
    revision: str | None = None
    """Which version of the file: that of the data set where it is known, else `sha256:` and the
    first 16 digits of the file's checksum."""
