"""The join protocol: lines of JSON between a run and those who take the turns of its personas.

`docs/reference/join-protocol.md` describes it for other clients. Whoever connects sends a line
`join` with the token of the run's join file; then the run sends views and the client actions.
"""

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from simnet.errors import SimnetError
from simnet.foundation.disk import read_regular

VERSION = 1
JOIN_FILE = "join.json"
"""The file in the run directory that says where the run listens; only its owner can read it."""
HOST = "127.0.0.1"
LONGEST_LINE = 64 * 1024
"""Bytes of a line that a client sends."""
LONGEST_VIEW = 16 * 1024 * 1024
"""Bytes of a line that a run sends."""


class ProtocolError(SimnetError):
    """A line that is not of the protocol, or a request that is refused; `code` says which."""

    exit_code = 2

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code

    def __reduce__(self) -> tuple[object, ...]:
        return ProtocolError, (self.code, str(self))


class Address(NamedTuple):
    """Where a run listens."""

    port: int
    token: str


def encoded(message: Mapping[str, Any]) -> bytes:
    """Write a message as a line."""
    return json.dumps(message, ensure_ascii=True).encode() + b"\n"


def decoded(line: bytes) -> dict[str, Any]:
    """Read a line as a message. Raises ProtocolError unless it is an object with a `type`."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise ProtocolError("malformed", "a line has to be a JSON object with a text `type`")
    return message


def new_token() -> str:
    """Make a token that cannot be guessed."""
    return secrets.token_hex(32)


def write_join_file(folder: Path, address: Address) -> None:
    """Write where a run listens into its directory; only the owner of the file can read it."""
    facts = {"version": VERSION, "host": HOST, "port": address.port, "token": address.token}
    temporary = folder / f"{JOIN_FILE}.{secrets.token_hex(4)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
        file.write(encoded(facts))
    temporary.replace(folder / JOIN_FILE)


def remove_join_file(folder: Path, address: Address) -> None:
    """Remove the file, unless it is another run's by now."""
    with suppress(OSError, ProtocolError):
        if read_join_file(folder) == address:
            (folder / JOIN_FILE).unlink()


def read_join_file(folder: Path) -> Address | None:
    """Read where a run listens; None if it listens nowhere.

    Raises ProtocolError if the file is damaged or of another version of the protocol.
    """
    path = folder / JOIN_FILE
    try:
        facts = json.loads(read_regular(path))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise ProtocolError("malformed", f"{path}: cannot be read: {error}") from error
    match facts:
        case {"version": int(version)} if version != VERSION:
            raise ProtocolError(
                "version",
                f"{path}: has version {version} of the join protocol, this simnet has {VERSION}; "
                "use the simnet that the run was started with",
            )
        case {"port": int(port), "token": str(token)} if 0 < port < 65_536:
            return Address(port, token)
    raise ProtocolError("malformed", f"{path}: has no port and token")
