"""The names of actors, as `ray list actors` shows them: `RUN/agents-7`."""

import secrets


class ActorNames:
    """Names of actors that are made together, in a namespace of their own.

    A run that rebuilds its actors gives them the same names again before Ray has forgotten the
    earlier ones, so each set of actors has another namespace.
    """

    def __init__(self, owner: str) -> None:
        """Take the id of a run, or what keeps engines."""
        self._owner = owner
        self._namespace = f"{owner}.{secrets.token_hex(4)}"

    def options(self, actor: str) -> dict[str, str]:
        """Return the Ray options that name an actor."""
        return {"name": f"{self._owner}/{actor}", "namespace": self._namespace}
