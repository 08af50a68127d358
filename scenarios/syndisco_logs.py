"""Logs of discussions that SynDisco wrote become a run, to show, annotate, review and export.

`logs` is a log or a folder of logs, of any release of SynDisco. Nobody wakes and no model is asked:
the comments are said again, each log in a room of its own::

    simnet run scenarios/syndisco_logs.py --set logs=log.json
    simnet annotate latest --question "Is it toxic?" --backend fake
    simnet export syndisco latest --out again --release 2.x
"""

from pathlib import Path

from simnet import Scenario
from simnet.discussions import Comment, DiscussionLog, logged_discussions, read_logs

EXAMPLE = DiscussionLog(
    [
        Comment("Emma35", "Night shifts should be paid double."),
        Comment("Giannis", "So should the week before a release."),
    ]
)
"""What is said if no logs are named."""


def syndisco_logs(logs: str = "") -> Scenario:
    """Say again what the logs say."""
    given = read_logs(Path(logs)) if logs else [EXAMPLE]
    return logged_discussions(given, name="syndisco-logs")
