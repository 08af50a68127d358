"""Log lines of actors on nodes that do not have the run directory, sent to where it is."""

from ray.actor import ActorHandle


class ForwardedLogs:
    """Sends each line to the recorder of the run, which is where the run directory is."""

    def __init__(self, recorder: ActorHandle) -> None:
        self._recorder = recorder

    def __call__(self, actor: str, line: str) -> None:
        """Send a line of an actor, without waiting for it to be written."""
        self._recorder.keep_log.remote(actor, line)
