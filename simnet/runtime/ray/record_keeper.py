"""The actor of the record: a thin shell around a Recorder."""

from collections.abc import Sequence
from pathlib import Path

from simnet.foundation import log
from simnet.recording.writing.recorder import Recorder
from simnet.runtime.ray.held_lines import Line

_LOG = log.get("simnet.recorder")


class RecordKeeper:
    """Holds the recorder."""

    def __init__(self, folder: Path, logs: log.ActorLogs | None = None) -> None:
        if logs is not None:
            logs.set_up()
        self._folder = folder

    def start(self, epoch: int | None = None) -> int:
        """Open the record and return the epoch that it took; may be repeated after an error.

        Raises SupersededError if another process has taken `epoch`.
        """
        self._recorder = Recorder(self._folder, epoch=epoch)
        _LOG.info("record opened", epoch=self._recorder.epoch)
        return self._recorder.epoch

    def write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        """Append batches in order and return when they are on disk."""
        with log.failures(_LOG, "rows were not written"):
            for table, batch in batches:
                self._recorder.append(table, batch)
            self._recorder.commit()

    def keep_logs(self, lines: Sequence[Line]) -> None:
        """Append lines of actors on other nodes to their logs."""
        log.append_lines(self._folder, lines)

    def seal(self) -> None:
        """Turn the segments into sealed tables."""
        with log.failures(_LOG, "the record was not sealed"):
            sealed = self._recorder.seal()
        _LOG.info("record sealed", rows=sealed.rows)
