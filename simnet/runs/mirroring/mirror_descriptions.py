"""Says in a line how the mirror of a run stands, while the run goes on and once it has ended."""

from datetime import UTC, datetime
from pathlib import Path
from shlex import quote

from simnet.recording.files.manifest import MirrorFacts
from simnet.recording.mirror.mirror_address import MirrorAddress
from simnet.recording.mirror.upload_worker import Standing


def describe_standing(standing: Standing) -> str:
    """Say how far the mirror of a run that goes on is behind."""
    if standing.given_up:
        return "mirror: written no more"  # the reason has been told, and stays
    if standing.at is None:
        return f"mirror: nothing is there yet{_because(standing)}"
    age = (datetime.now(UTC) - datetime.fromisoformat(standing.at)).total_seconds()
    return f"mirror: all up to {max(0.0, age):.0f} s ago{_because(standing)}"


def _because(standing: Standing) -> str:
    return f" ({standing.problem})" if standing.problem else ""


def describe_mirror(facts: MirrorFacts, folder: Path) -> str:
    """Say in one line whether the mirror of a run that ended is whole, or how it gets so."""
    place = MirrorAddress.read(facts.address).child(folder.name)
    if facts.whole:
        return f"{place} has all of the record"
    there = (
        f"all up to {facts.at:%Y-%m-%d %H:%M:%S} UTC is in" if facts.at else "nothing went up to"
    )
    push = f"simnet mirror push {quote(str(folder))}"
    if facts.given_up:
        return (
            f"given up: {there} {place}: {facts.problem}; bring this record to another address "
            f"with: {push} ANOTHER_URL"
        )
    return (
        f"incomplete: {there} {place}: {facts.problem}; complete it "
        f"with: {push} {quote(facts.address)}"
    )
