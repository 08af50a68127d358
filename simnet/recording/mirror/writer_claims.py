"""Claims: who may write to the mirror of a run. The highest claim fences off all others.

A store has no lock that ends with its holder, so a writer claims the mirror with an object of its
own. It looks for a higher claim before it writes an index and after, and counts the index as
acknowledged only then. Who takes over claims first and reads the newest index after that. So it
finds every index that was acknowledged.
"""

import json
import os
import platform
import re
import secrets
from datetime import UTC, datetime

from simnet.errors import RecordError
from simnet.foundation.text import visible
from simnet.recording.mirror.object_store import ObjectStore

FOLDER = "claims"
_NAME = re.compile(FOLDER + r"/(\d{6}-[0-9a-f]{8})\.json")


class TakenOverError(RecordError):
    """Another process writes the mirror now, or it is that of another run."""


def claim(store: ObjectStore, run: str, created: datetime) -> str:
    """Claim the mirror of a run and return the writer's name; earlier writers are fenced off.

    Raises TakenOverError if the mirror is that of another run, StoreError if the store fails.
    """
    while True:
        last = _highest(store)
        if last is not None:
            _check_same_run(store, last, run, created)
        number = int(last[:6]) + 1 if last else 1
        writer = f"{number:06}-{secrets.token_hex(4)}"
        facts = {
            "run": run,
            "created": created.isoformat(),
            "process": os.getpid(),
            "host": platform.node(),
            "at": datetime.now(UTC).isoformat(),
        }
        content = json.dumps(facts).encode()
        store.write(_object(writer), [content], len(content))
        if _highest(store) == writer:
            return writer


def check_claim(store: ObjectStore, writer: str) -> None:
    """Raise TakenOverError if there is a higher claim than that of `writer`."""
    last = _highest(store)
    if last is not None and last > writer:
        facts = _read(store, last)
        raise TakenOverError(
            f"process {facts.get('process')} on {visible(str(facts.get('host')))} has taken the "
            f"mirror over at {visible(str(facts.get('at')))}; this process writes no more to it"
        )


def _highest(store: ObjectStore) -> str | None:
    found = [_NAME.fullmatch(one.name) for one in store.objects_in(FOLDER)]
    return max((one[1] for one in found if one), default=None)


def _check_same_run(store: ObjectStore, writer: str, run: str, created: datetime) -> None:
    facts = _read(store, writer)
    if not facts:
        return  # a claim that was cut off; who made it has seen that and written no index
    if (facts.get("run"), facts.get("created")) != (run, created.isoformat()):
        raise TakenOverError(
            f"the mirror is that of another run, {visible(str(facts.get('run')))} of "
            f"{visible(str(facts.get('created')))}; give another prefix or another run id"
        )


def _read(store: ObjectStore, writer: str) -> dict[str, object]:
    try:
        facts = json.loads(store.read(_object(writer)))
    except ValueError:  # cut off while it was written
        return {}
    return facts if isinstance(facts, dict) else {}


def _object(writer: str) -> str:
    return f"{FOLDER}/{writer}.json"
