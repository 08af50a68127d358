"""By which code a study was run and measured: `code.json` in its folder."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from simnet.errors import RecordError, UsageError
from simnet.studies.running.code_digest import code_digest
from simnet.studies.study import Study

CODE = "code.json"
Versions = Mapping[str, list[str]]
"""Digests by the name of what they are of, the latest last."""


class CodeRecord(NamedTuple):
    """The code of a study, as digests."""

    arms: Versions
    measures: Versions

    def with_later(self, now: "CodeRecord", begun: Collection[str]) -> "CodeRecord":
        """Add the code of now where it differs, in place of that of arms that have not `begun`."""
        arms = {arm: digests for arm, digests in self.arms.items() if arm in begun}
        measures = self.measures if begun else {}
        return CodeRecord(_joined(arms, now.arms), _joined(measures, now.measures))

    def latest_measures(self) -> dict[str, str]:
        """Return the digest of the last code of each measure."""
        return {name: digests[-1] for name, digests in self.measures.items()}


def code_of(study: Study, arms: Collection[str]) -> CodeRecord:
    """Read the code of some arms of a study, and of its measures, as it is now."""
    return CodeRecord(
        {one.label: [code_digest(one.scenario)] for one in study.cells if one.label in arms},
        {one.name: [code_digest(one.function)] for one in study.measures},
    )


def read_code(folder: Path) -> CodeRecord:
    """Read the code of a study folder; empty if an older version of simnet made it."""
    path = folder / CODE
    if not path.is_file():
        return CodeRecord({}, {})
    try:
        return CodeRecord(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise RecordError(f"{path} cannot be read: {error}") from error


def check_same_arms(where: str, before: CodeRecord, later: CodeRecord) -> None:
    """Raise UsageError, naming them, for arms whose code is not what it was."""
    changed = [
        repr(arm)
        for arm, digests in before.arms.items()
        if len(later.arms.get(arm, ())) > len(digests)
    ]
    if changed:
        raise UsageError(
            f"{where}: the code of arm {', '.join(changed)} has changed since its runs began, so "
            "later runs would be of another; undo the change, give the study another folder with "
            "--out, or pass --force (force=True) to go on"
        )


def _joined(before: Versions, now: Versions) -> dict[str, list[str]]:
    joined = {name: list(digests) for name, digests in before.items()}
    for name, (digest,) in now.items():
        if joined.setdefault(name, [digest])[-1] != digest:
            joined[name].append(digest)
    return joined
