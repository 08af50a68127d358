"""What Ray says goes to the log, and a sentence to the terminal where the user can do something."""

import json
import logging

import pytest

pytest.importorskip("ray")

from ray._private import worker
from ray.exceptions import ObjectReconstructionFailedError, OutOfMemoryError, OwnerDiedError

from simnet.errors import ActorDiedError
from simnet.foundation import log
from simnet.runtime.ray.engines.supervisor import _incident
from simnet.runtime.ray.proxies import unwrapped
from simnet.runtime.ray.session.ray_output import ADVICE, Redirection


def lines_of(run):
    text = (run / "logs" / "main.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def redirection():
    one = Redirection()
    one.begin()
    yield one
    one.end()


def said(*lines):
    worker.print_to_stdstream(
        {"lines": lines, "pid": "raylet", "is_err": False}, ignore_prefix=False
    )


@pytest.mark.usefixtures("redirection")
def test_it_goes_to_the_log_whole_and_not_to_the_terminal(tmp_path, capfd):
    with log.run_logs() as logs:
        logs.open(tmp_path)
        said("A worker died or was killed.", "Lease ID: 0000")
        logging.getLogger("ray.worker").error("listen_error_messages: gone")
    assert capfd.readouterr() == ("", "")
    first, second = lines_of(tmp_path)
    assert first["text"] == "A worker died or was killed.\nLease ID: 0000"
    assert (first["process"], first["logger"]) == ("raylet", "simnet.ray")
    assert second["text"] == "listen_error_messages: gone"


@pytest.mark.usefixtures("redirection")
@pytest.mark.parametrize("words", ADVICE)
def test_one_sentence_says_what_to_do(words, tmp_path, capfd):
    with log.run_logs() as logs:
        logs.open(tmp_path)
        for _ in range(3):
            said(f"2 worker(s) (ID: 00): {words.capitalize()}.")
    told = capfd.readouterr()
    assert told.out == ""
    (line,) = told.err.splitlines()
    assert ADVICE[words] in line
    assert len(lines_of(tmp_path)) == 4


def test_afterwards_ray_prints_again(capfd):
    before = worker.print_to_stdstream, logging.getLogger("ray").handlers[:]
    one = Redirection()
    one.begin()
    one.begin()
    one.end()
    one.end()
    assert (worker.print_to_stdstream, logging.getLogger("ray").handlers) == before


OUT_OF_MEMORY = (
    "2 worker(s) were killed due to the node running low on memory. Memory on the node (IP: "
    "127.0.0.1, ID: a7a6) was 7.12GB used / 23.54GB limit (0.302596): OOM kill reason: Memory "
    "usage 7534583808B exceeded threshold of 252765008B. Refer to the documentation"
)


def test_a_lack_of_memory_is_told_of_in_a_sentence():
    error = OutOfMemoryError(OUT_OF_MEMORY)
    with pytest.raises(ActorDiedError) as raised, unwrapped():
        raise error
    assert str(raised.value) == (
        "an actor died: Ray ended it because its machine is short of memory (7.12GB of 23.54GB "
        "used); put more personas into an actor (--personas-per-actor), or end other programs"
    )
    assert _incident(error).cause == "out of memory"
    assert "(7.12GB of 23.54GB used)" in _incident(error).message


@pytest.mark.parametrize(
    "error",
    [ObjectReconstructionFailedError("00ff"), OwnerDiedError("00ff", None, "")],
    ids=lambda error: type(error).__name__,
)
def test_a_reply_that_was_lost_with_its_node_counts_as_the_death_of_its_actor(error):
    with pytest.raises(ActorDiedError) as raised, unwrapped():
        raise error
    assert str(raised.value) == "an actor died: what it replied was on a node that is lost"
