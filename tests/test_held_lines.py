"""Log lines of a process that learns later where they are written."""

import json
from concurrent.futures import Future

from simnet.errors import RunError
from simnet.runtime.ray.held_lines import MOST_SENT, HeldLines


class Destination:
    """Keeps lines; each attempt ends when the test says so, or at once."""

    def __init__(self, *, at_once=True):
        self.lines, self.attempts, self.at_once = [], [], at_once
        self.broken = False

    def __call__(self, lines):
        future = Future()
        self.attempts.append((lines, future))
        if self.at_once:
            self.end()
        return future

    def end(self):
        lines, future = self.attempts[-1]
        if self.broken:
            future.set_exception(RunError("the actor died"))
        else:
            self.lines += lines
            future.set_result(None)

    @property
    def texts(self):
        return [json.loads(line)["event"] for _, line in self.lines]


def hold(held, *events):
    for event in events:
        held("model-default", json.dumps({"timestamp": "t", "node": "far", "event": str(event)}))


def test_lines_are_held_until_it_is_known_where_they_go_and_sent_in_order():
    held, destination = HeldLines(), Destination()
    hold(held, "one", "two")
    assert held.send_to(destination).done()
    hold(held, "three")
    assert destination.texts == ["one", "two", "three"]
    assert {actor for actor, _ in destination.lines} == {"model-default"}
    assert len(destination.attempts) == 2


def test_lines_that_come_while_others_are_under_way_are_sent_together_afterwards():
    held, destination = HeldLines(), Destination(at_once=False)
    done = held.send_to(destination)
    hold(held, "one", "two", "three")
    assert done.done(), "nothing was held when the destination was named"
    assert [len(lines) for lines, _ in destination.attempts] == [1]
    destination.end()
    assert [len(lines) for lines, _ in destination.attempts] == [1, 2]
    destination.end()
    assert destination.texts == ["one", "two", "three"]


def test_lines_that_could_not_be_written_go_before_those_that_came_meanwhile():
    held, destination = HeldLines(), Destination(at_once=False)
    hold(held, "one", "two")
    held.send_to(destination)
    hold(held, "three")
    destination.broken = True
    destination.end()
    destination.broken, destination.at_once = False, True
    held.send_to(destination)
    assert destination.texts == ["one", "two", "three"]


def test_of_too_many_lines_the_oldest_are_dropped_and_a_note_says_how_many():
    held, destination = HeldLines(3), Destination()
    hold(held, *range(8))
    held.send_to(destination)
    note, *kept = [json.loads(line) for _, line in destination.lines]
    assert [line["event"] for line in kept] == ["5", "6", "7"]
    assert (note["event"], note["count"], note["level"]) == (
        "earlier lines were dropped",
        5,
        "warning",
    )
    assert (note["timestamp"], note["node"]) == ("t", "far")
    hold(held, "more")
    assert destination.texts[-1] == "more"
    assert len(destination.lines) == 5, "the note is written once"


def test_lines_that_were_not_written_go_to_the_next_destination_with_those_since_then():
    held, recorder, next_recorder = HeldLines(), Destination(), Destination()
    held.send_to(recorder)
    hold(held, "one")
    recorder.broken = True
    hold(held, "two")
    hold(held, "three")
    assert [len(lines) for lines, _ in recorder.attempts] == [1, 1, 2], "each line tries again"
    assert held.send_to(next_recorder).done()
    assert recorder.texts == ["one"]
    assert next_recorder.texts == ["two", "three"]


def test_a_destination_that_is_named_during_an_attempt_gets_what_that_did_not_write():
    held, recorder, next_recorder = HeldLines(), Destination(at_once=False), Destination()
    held.send_to(recorder)
    hold(held, "one")
    done = held.send_to(next_recorder)
    assert not done.done()
    recorder.broken = True
    recorder.end()
    assert done.done()
    assert next_recorder.texts == ["one"]


def test_a_destination_that_mends_itself_gets_all_lines_and_the_count_of_those_dropped():
    held, destination = HeldLines(2), Destination()
    destination.broken = True
    held.send_to(destination)
    hold(held, *range(5))
    destination.broken = False
    hold(held, 5)
    assert destination.texts == ["earlier lines were dropped", "4", "5"]
    assert json.loads(destination.lines[0][1])["count"] == 4


def test_a_destination_that_cannot_even_be_called_raises_nothing_and_is_waited_for_no_more():
    def gone(lines):
        raise RuntimeError("the connection has ended")

    held = HeldLines()
    hold(held, "one")
    assert held.send_to(gone).result(timeout=0) is None


def test_many_lines_are_sent_in_parts():
    held, destination = HeldLines(), Destination()
    hold(held, *range(MOST_SENT + 1))
    held.send_to(destination)
    assert [len(lines) for lines, _ in destination.attempts] == [MOST_SENT, 1]
    assert destination.texts == [str(number) for number in range(MOST_SENT + 1)]
