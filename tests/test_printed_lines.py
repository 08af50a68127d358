"""What code of the user prints in an actor, as lines of a log."""

from types import SimpleNamespace

import pytest

from simnet.foundation.user_code import mark_boundary
from simnet.runtime import printed_lines
from simnet.runtime.printed_lines import PrintedLines


@pytest.fixture
def logged(monkeypatch):
    lines = []

    def info(event, *, text, by=None, **more):
        lines.append((by, text))

    monkeypatch.setattr(printed_lines, "_LOG", SimpleNamespace(info=info))
    return lines


def muttering(out, text, flush):
    print(text, end="", file=out, flush=flush)


@mark_boundary(lambda run: f"behaviour muttering of @{run['who']}, turn {run['turn']}")
def turn_of(out, who, turn, text, flush=False):
    muttering(out, text, flush)


def whose(who, turn):
    return f"behaviour muttering of @{who}, turn {turn}"


def test_lines_of_turns_that_alternate_stay_whole(logged):
    out = PrintedLines()
    for text in ("one ", "line", "\n"):
        turn_of(out, "ann", 0, f"ann: {text}" if text == "one " else text)
        turn_of(out, "ben", 3, f"ben: {text}" if text == "one " else text)
    assert logged == [(whose("ann", 0), "ann: one line"), (whose("ben", 3), "ben: one line")]


def test_a_line_that_never_ends_is_logged_when_its_persona_prints_in_another_turn(logged):
    out = PrintedLines()
    for turn in range(100):
        turn_of(out, "ann", turn, f"turn {turn}")
    assert logged == [(whose("ann", turn), f"turn {turn}") for turn in range(99)]
    out.flush()
    assert logged[-1] == (whose("ann", 99), "turn 99")
    out.flush()
    assert len(logged) == 100


def test_a_flush_in_a_turn_logs_the_line_of_that_turn_alone(logged):
    out = PrintedLines()
    turn_of(out, "ann", 0, "half")
    turn_of(out, "ben", 0, "now", flush=True)
    assert logged == [(whose("ben", 0), "now")]
    turn_of(out, "ann", 0, " and half\n")
    assert logged[1:] == [(whose("ann", 0), "half and half")]
