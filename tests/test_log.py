"""The log: its fields, its files, and that nothing is written unless it is set up."""

import asyncio
import json
import logging
import socket
import subprocess
import sys
from collections import Counter
from concurrent.futures import Future
from pathlib import Path

import pytest

from simnet.cli.display.log_lines import LogLines
from simnet.errors import RunError
from simnet.foundation import log
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.kernel.ledger import Ledger
from simnet.runtime.ray import progress_log
from simnet.runtime.ray.engines.llm_server import LlmServer
from simnet.scheduler.progress.messages import Finish, Progress, Usage


@pytest.fixture
def fresh_logger():
    """Take away the handlers that a test sets up in this process."""
    root = logging.getLogger("simnet")
    before = list(root.handlers), root.level, root.propagate
    yield
    for handler in set(root.handlers) - set(before[0]):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(before[1])
    root.propagate = before[2]


def read_lines(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_what_is_logged_before_there_is_a_folder_ends_up_in_it(tmp_path, capsys):
    with log.run_logs() as logs:
        logger = log.get("simnet.test")
        logger.info("early", number=1)
        logs.open(tmp_path)
        logger.warning("late", now=3.5)
        logging.getLogger("simnet.other").error("from %s", "elsewhere")
    lines = read_lines(tmp_path / "logs/main.jsonl")
    assert [line["event"] for line in lines] == ["early", "late", "from elsewhere"]
    assert [line["level"] for line in lines] == ["info", "warning", "error"]
    assert all((line["run"], line["actor"]) == (tmp_path.name, "main") for line in lines)
    assert all(line["timestamp"].endswith("Z") for line in lines)
    assert lines[0]["number"] == 1
    assert lines[1]["now"] == 3.5
    shown = capsys.readouterr().err
    assert "late" in shown
    assert "early" not in shown


def test_only_the_newest_lines_are_kept_while_there_is_no_folder_and_the_loss_is_told(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(log, "CAPACITY", 4)
    logger = log.get("simnet.test")
    with log.run_logs() as logs:
        for number in range(10):
            logger.info("line", number=number)
        logs.open(tmp_path)
        logger.info("line", number=10)
    lines = read_lines(tmp_path / "logs" / "main.jsonl")
    assert lines[0]["event"] == "6 earlier lines were dropped: there was no folder for them"
    assert [line["number"] for line in lines[1:]] == [6, 7, 8, 9, 10]


def test_the_log_of_a_run_is_written_while_the_run_goes_on(tmp_path):
    with log.run_logs() as logs:
        logs.open(tmp_path)
        for number in range(3):
            log.get("simnet.test").info("going on", number=number)
            written = read_lines(tmp_path / "logs/main.jsonl")
            assert [line["number"] for line in written] == list(range(number + 1))


@pytest.mark.parametrize(
    ("level", "seen"), [("warning", []), ("info", ["i"]), ("debug", ["d", "i"])]
)
def test_a_level_decides_what_stderr_and_the_file_get(tmp_path, capsys, level, seen):
    with log.run_logs(level) as logs:
        logs.open(tmp_path)
        log.get("simnet.test").debug("d")
        log.get("simnet.test").info("i")
    shown = capsys.readouterr().err.splitlines()
    assert [line.split("]")[1].split()[0] for line in shown] == seen
    written = [line["event"] for line in read_lines(tmp_path / "logs/main.jsonl")]
    assert written == (["d", "i"] if level == "debug" else ["i"])


@pytest.mark.usefixtures("fresh_logger")
def test_an_actor_writes_to_its_own_file_with_the_first_line(tmp_path):
    log.ActorLogs("recorder", tmp_path).set_up()
    file = tmp_path / "logs/recorder.jsonl"
    assert not file.exists()
    logger = log.get("simnet.recorder")
    logger.debug("detail")
    logger.info("record opened", epoch=2, now=7.0)
    (line,) = read_lines(file)
    assert (line["run"], line["actor"], line["epoch"]) == (tmp_path.name, "recorder", 2)
    assert (line["logger"], line["now"]) == ("simnet.recorder", 7.0)
    assert line["node"] == socket.gethostname()


@pytest.mark.usefixtures("fresh_logger")
def test_a_node_without_the_run_directory_forwards_its_lines_to_the_file_they_belong_to(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    away = tmp_path / "elsewhere" / "run"
    log.ActorLogs("agents-3", away, forward=lambda *line: log.append_lines(run, [line])).set_up()
    log.get("simnet.agents").info("one", now=1.0)
    log.get("simnet.agents").warning("two")
    lines = read_lines(run / "logs/agents-3.jsonl")
    assert [(line["event"], line["actor"]) for line in lines] == [
        ("one", "agents-3"),
        ("two", "agents-3"),
    ]
    assert not away.exists()


@pytest.mark.usefixtures("fresh_logger")
def test_a_forward_that_fails_does_not_end_what_logs(tmp_path, capsys):
    def fail(actor, line):
        raise OSError("no network")

    log.ActorLogs("agents-3", tmp_path / "away", forward=fail).set_up()
    log.get("simnet.agents").info("one")
    assert "no network" in capsys.readouterr().err


@pytest.mark.usefixtures("fresh_logger")
def test_what_a_server_logs_before_it_knows_the_recorder_is_written_once_it_does(tmp_path):
    """That a model cannot be loaded is logged before the run has a recorder."""

    class Unloadable(FakeBackend):
        def build(self):
            raise RunError("no such weights")

    def send(lines):
        log.append_lines(tmp_path, lines)
        written = Future()
        written.set_result(None)
        return written

    async def serve():
        server = LlmServer(
            Unloadable(), logs=log.ActorLogs("model-default", tmp_path / "elsewhere")
        )
        with pytest.raises(RunError, match="no such weights"):
            await server.start()
        await server.log_to(send)

    asyncio.run(serve())
    (line,) = read_lines(tmp_path / "logs/model-default.jsonl")
    assert (line["actor"], line["run"]) == ("model-default", "elsewhere")
    assert line["event"] == "the model was not loaded"
    assert "no such weights" in line["exception"]
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.usefixtures("fresh_logger")
def test_an_actor_on_a_node_without_the_run_directory_writes_to_stderr(tmp_path, capsys):
    log.ActorLogs("agents-3", tmp_path / "elsewhere").set_up()
    log.get("simnet.agents").info("hello")
    line = json.loads(capsys.readouterr().err)
    assert (line["run"], line["actor"], line["event"]) == ("elsewhere", "agents-3", "hello")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.usefixtures("fresh_logger")
def test_a_failure_is_logged_with_its_traceback_and_raised(tmp_path):
    log.ActorLogs("agents-0", tmp_path).set_up()
    error = ValueError("no such post")
    error.add_note("in turn 3 of @ann")

    def fail():
        with log.failures(log.get("simnet.agents"), "a turn failed"):
            raise error

    with pytest.raises(ValueError, match="no such post"):
        fail()
    (line,) = read_lines(tmp_path / "logs/agents-0.jsonl")
    assert (line["level"], line["error"]) == ("error", "ValueError: no such post")
    assert line["notes"] == ["in turn 3 of @ann"]
    assert "Traceback" in line["exception"]


def test_lines_of_actors_are_printed_once_from_where_following_begins(tmp_path, capsys):
    folder = tmp_path / "logs"
    folder.mkdir()
    file = folder / "scheduler.jsonl"

    def write(event, level):
        fields = {"event": event, "level": level, "timestamp": "t", "actor": "scheduler"}
        with file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(fields) + "\n")

    write("before", "info")
    with LogLines("info") as lines:
        lines.follow(tmp_path)
        write("progress", "info")
        write("detail", "debug")
        (folder / "main.jsonl").write_text('{"event": "mine", "level": "info"}\n')
    shown = capsys.readouterr().err
    assert shown.count("progress") == 1
    assert not any(word in shown for word in ("before", "detail", "mine"))


async def updates(*items):
    for item in items:
        yield item


async def collect(stream):
    return [item async for item in stream]


@pytest.mark.usefixtures("fresh_logger")
def test_the_scheduler_logs_start_progress_pauses_and_end_with_the_simulated_time(tmp_path):
    log.ActorLogs("scheduler", tmp_path).set_up()
    ledger = Ledger(5, 3, Counter(reply=1), Counter(), Counter(), 4, 1)
    progress = Progress(60.0, ledger, Usage(), 1.0, posted=(), first_reply=None)
    paused = progress._replace(paused="the disk is full")
    items = [
        progress,
        progress,
        paused,
        paused,
        progress,
        Finish(stopped=False, progress=progress, digest="d1"),
    ]
    assert asyncio.run(collect(progress_log.log_progress(updates(*items)))) == items
    lines = read_lines(tmp_path / "logs/scheduler.jsonl")
    events = ["scheduler started", "progress", "paused", "going on", "completed"]
    assert [line["event"] for line in lines] == events
    assert all(line["now"] == 60.0 for line in lines[1:])
    assert lines[2]["why"] == "the disk is full"
    assert lines[-1]["digest"] == "d1"
    assert [lines[1][name] for name in ("planned", "done", "refused", "open")] == [5, 3, 1, 1]


def test_an_import_sets_up_no_logging_and_a_library_user_sees_no_line():
    code = (
        "import logging, simnet, simnet.foundation.log, simnet.runtime.ray.scheduler_actor\n"
        "assert logging.getLogger().handlers == []\n"
        "logger = simnet.foundation.log.get('simnet.test')\n"
        "logger.info('quiet'); logger.error('quiet')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert done.stdout == done.stderr == b""


@pytest.mark.usefixtures("fresh_logger")
def test_a_full_disk_loses_lines_of_the_log_and_nothing_else(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(log, "_file", lambda folder, actor: Path("/dev/full"))
    with log.run_logs() as logs:
        log.get("simnet.run").info("begun")
        logs.open(tmp_path)
        log.get("simnet.run").info("going on")
    assert capsys.readouterr().err == ""
