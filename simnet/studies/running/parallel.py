"""Plays units of a study one after the other here, or several at once in processes of their own."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any, TypeAlias

import cloudpickle

from simnet.errors import RunError, SimnetError
from simnet.runs.options.options import RunOptions
from simnet.studies.running.study_folder import StudyFolder
from simnet.studies.running.unit_run import StoppedError, play
from simnet.studies.study import Unit

Ended: TypeAlias = Callable[[Unit, SimnetError | None], None]
"""Takes a unit that was run and measured, or that failed and with what."""
Play: TypeAlias = Callable[[StudyFolder, Sequence[Unit], RunOptions, Ended], None]
"""Plays units. Raises StoppedError after a signal."""


def one_by_one(
    folder: StudyFolder, units: Sequence[Unit], options: RunOptions, ended: Ended
) -> None:
    """Play units in this process. Raises StoppedError after a signal."""
    for unit in units:
        try:
            play(folder, unit, options)
        except StoppedError:
            raise
        except SimnetError as error:
            ended(unit, error)
        else:
            ended(unit, None)


def in_processes(count: int) -> Play:
    """Return a function that plays units in so many processes.

    The study and the options are sent by value, so they may be made in a notebook. After SIGINT
    or SIGTERM each process stops its run in good order, and StoppedError is raised.
    """
    return partial(_in_processes, count)


def _in_processes(
    count: int, folder: StudyFolder, units: Sequence[Unit], options: RunOptions, ended: Ended
) -> None:
    work = cloudpickle.dumps((str(folder.path), folder.study, options))
    places = {unit.key: place for place, unit in enumerate(folder.study.units)}
    pool = ProcessPoolExecutor(
        min(count, len(units)), get_context("spawn"), initializer=_prepare, initargs=(work,)
    )
    with pool:
        futures = {pool.submit(_play, places[unit.key]): unit for unit in units}
        try:
            for unit, error in _as_they_end(futures):
                ended(unit, error)
        except BaseException:
            for future in futures:
                future.cancel()
            raise


def _as_they_end(
    futures: dict[Future[bytes | None], Unit],
) -> Iterator[tuple[Unit, SimnetError | None]]:
    waiting = set(futures)
    while waiting:
        ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        for future in ended:
            unit = futures[future]
            try:
                failure = future.result()
            except BrokenProcessPool:
                error: Any = RunError(
                    f"{unit.key}: a process of the study died; resume the study to go on with it"
                )
            else:
                error = None if failure is None else cloudpickle.loads(failure)
            if isinstance(error, StoppedError):
                raise error
            yield unit, error


# -- in a process of the pool -----------------------------------------------------------------

_work: tuple[StudyFolder, RunOptions] | None = None
"""What the process plays units of."""


def _prepare(work: bytes) -> None:
    global _work  # noqa: PLW0603  (an initializer has no other way)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_follow_parent, daemon=True).start()
    path, study, options = cloudpickle.loads(work)
    _work = StudyFolder(Path(path), study), options


def _follow_parent() -> None:
    """Stop this process once that of the study has ended, a run under way in good order.

    A pool does so only if it is shut down, which a killed process does not do.
    """
    parent = parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


def _play(place: int) -> bytes | None:
    """Play the unit at a place of the study; return its error, which plain pickle may not take.

    Ends this process if that of the study has ended: nobody is there to take the result, and the
    signal that should have ended this one comes to nothing if a run is just over as it arrives.
    """
    assert _work is not None
    folder, options = _work
    failure = None
    try:
        play(folder, folder.study.units[place], options)
    except SimnetError as error:
        failure = bytes(cloudpickle.dumps(error.with_traceback(None)))
    parent = parent_process()
    if parent is None or not parent.is_alive():
        os._exit(128 + signal.SIGTERM)
    return failure
