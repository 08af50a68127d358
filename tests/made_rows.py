"""Rows for tests of the record, made from numbers."""

from simnet.inference.model import Call
from simnet.world.events import Event


def event(turn, who="ana", time=None, **fields):
    """Make an event; the fields that are not given are those of a first post."""
    row = Event(
        time=float(turn) if time is None else time,
        woke=float(turn) - 0.5,
        who=who,
        cohort="neighbours",
        turn=turn,
        cue=None,
        part=0,
        verb="write",
        outcome="done",
        reason=None,
        post=None,
        made=turn,
        root=turn,
        whom=None,
        group_name=None,
        text=f"post {turn} by {who}",
        extra=None,
        marks=(),
        shown=(1, 2, 3),
    )
    return row._replace(**fields)


def call(turn, who="ana", number=0):
    """Make a model call of a turn."""
    return Call(
        time=float(turn),
        who=who,
        turn=turn,
        call=number,
        model="fake",
        adapter=None,
        seed=turn,
        prompt_hash=f"{turn:032x}",
        system=f"You are {who}, on day {turn // 3}.",
        user=f"turn {turn}",
        pattern=None,
        completion="hello",
        finish="stop",
        prompt_tokens=10,
        cached_tokens=5,
        output_tokens=2,
        seconds=0.25,
    )
