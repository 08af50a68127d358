"""Runs that are brought back from their mirrors, and records that are brought up to them."""

import os
from dataclasses import replace
from pathlib import Path
from time import sleep

from simnet.errors import RecordError
from simnet.recording.files.lock import run_lock
from simnet.recording.files.manifest import MirrorFacts
from simnet.recording.mirror.downloading import bring_back, check_no_copy
from simnet.recording.mirror.mirror_address import MirrorAddress, is_address
from simnet.recording.mirror.mirror_index import Index, newest_index
from simnet.recording.mirror.object_store import ObjectStore, StoreError
from simnet.recording.mirror.same_record import check_goes_on
from simnet.recording.mirror.upload_worker import bring_up
from simnet.recording.mirror.writer_claims import claim
from simnet.recording.reading.folders import expanded
from simnet.recording.reading.run import Run
from simnet.recording.writing.run_directory import RunDirectory
from simnet.runs.options.mirror_settings import MirrorSettings
from simnet.runs.options.options import RunOptions

_TRIES = 5


def take_back(address: MirrorAddress, root: Path) -> Run:
    """Bring a run back from its mirror to go on with it in `root`; other writers are fenced off.

    A folder of the run that is there is used if it has all that the mirror has. Raises UsageError
    if there is no such mirror, RecordError if the mirror cannot be read, is damaged, or has more
    than the folder.
    """
    check_no_copy(root)
    store = ObjectStore.at(address)
    found = newest_index(store)
    if found is not None:
        claim(store, found.content.run, found.content.created)  # what it has now is all it ever has
    if os.path.lexists(root / address.name) and (found := newest_index(store)) is not None:
        check_goes_on(root / address.name, found.content)
        return Run.open(root / address.name)
    return Run.open(bring_back(address, root))


def to_go_on(
    run: Run | str | Path, root: str | Path, options: RunOptions
) -> tuple[Run, RunOptions]:
    """Open a run to resume it. One that is given as the address of its mirror is taken back.

    Its mirror is then the one that it goes on with, unless the options say otherwise.
    """
    if not is_address(run):
        return (run if isinstance(run, Run) else Run.open(run, root)), options
    address = MirrorAddress.read(str(run))
    opened = take_back(address, expanded(root))
    return opened, replace(options, mirror=options.mirror or address.parent.url)


def open_here(run: Run | str | Path, root: str | Path) -> Run:
    """Open a run beside which another one is made; a mirror is brought back to `root` first."""
    if isinstance(run, Run):
        return run
    if is_address(run):
        run = bring_back(MirrorAddress.read(str(run)), expanded(root))
    return Run.open(run, root)


def find_mirrored(settings: MirrorSettings, root: Path, run_id: str) -> Run | None:
    """Bring a run of this id back if its mirror has it; None if there is no such mirror.

    Raises RecordError if the mirror cannot be read: then nobody can tell.
    """
    address = settings.address.child(run_id)
    if newest_index(ObjectStore.at(address)) is None:
        return None
    return take_back(address, root)


def push(run: Run, address: MirrorAddress) -> MirrorFacts:
    """Bring all of a run's record up to a folder of mirrored runs, and note it in the manifest.

    Raises RecordError if the store fails again and again, another process runs the run, or the
    mirror is not that of this record; the manifest then says what it said before.
    """
    check_no_copy(run.path)
    with run_lock(run.path):
        directory = RunDirectory.reopen(run)
        before = directory.manifest.mirror
        directory.update(mirror=MirrorFacts(address=str(address)))
        try:
            index = _brought_up(run.path, address)
        except BaseException:
            directory.update(mirror=before)
            raise
        facts = MirrorFacts(address=str(address), whole=True, at=index.at, bytes=index.bytes)
        directory.update(mirror=facts)
        return facts


def _brought_up(folder: Path, address: MirrorAddress) -> Index:
    for left in reversed(range(_TRIES)):
        try:
            return bring_up(folder, address)
        except StoreError:
            if not left:
                raise
            sleep(_TRIES - left)
    raise RecordError(f"{address} took nothing in {_TRIES} tries")
