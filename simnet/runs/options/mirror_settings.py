"""Where the copy of the record of a run is kept, and how often it is renewed."""

from dataclasses import dataclass

from simnet.errors import UsageError
from simnet.foundation.durations import option_seconds
from simnet.recording.files.manifest import Manifest
from simnet.recording.mirror.mirror_address import MirrorAddress

OFF = "off"
"""In the place of an address: the run is not mirrored, whatever its record says."""
EVERY = 10.0
"""Wall seconds between two uploads, unless the user says otherwise."""


@dataclass(frozen=True)
class MirrorSettings:
    """Where the copy of a run is kept, and how often it is renewed."""

    address: MirrorAddress
    """Of the folder of mirrored runs."""
    every: float = EVERY
    """Wall seconds between two uploads."""


def read_mirror(
    mirror: str | None, every: str | float | None, recorded: Manifest | None = None
) -> MirrorSettings | None:
    """Read what the user gave; without an address, that in the record of a run that goes on.

    Raises UsageError for no address, and if that in the record lacks its secrets.
    """
    seconds = EVERY if every is None else option_seconds("--mirror-every", every, above_zero=True)
    if mirror == OFF:
        return None
    if mirror is None:
        if recorded is None or recorded.mirror is None:
            return None
        mirror = recorded.mirror.address
        if MirrorAddress.read(mirror).has_secrets:
            raise UsageError(
                f"the run is mirrored to {mirror}, with secrets that its record does not have; "
                f"give the address again with --mirror, or --mirror {OFF}"
            )
    return MirrorSettings(MirrorAddress.read(mirror), seconds)
