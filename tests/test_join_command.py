"""`simnet join` at a terminal and in a pipe, and the session that its page prints."""

import asyncio
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from docs_pages import ROOT, blocks_of
from made_people import answering, joined, next_of
from typer.testing import CliRunner
from waiting import rows_on_disk, until, wait_until

from simnet import Run, run
from simnet.cli.app import app
from simnet.cli.display.seat import _say
from simnet.joining.protocol import JOIN_FILE
from simnet.scenario.files.loading import load_scenario

PAGE = ROOT / "docs" / "how-to" / "join-a-run.md"
PROTOCOL = ROOT / "docs" / "reference" / "join-protocol.md"
BLOCKS = {block.title: block.code for block in blocks_of(PAGE) if block.title}


@pytest.fixture(name="village")
def _village(tmp_path, monkeypatch):
    """Write the scenario of the page into an empty folder and run it in a thread."""
    (tmp_path / "village.py").write_text(BLOCKS["village.py"], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    loaded = load_scenario("village.py")
    done = []

    def play():
        done.append(
            run(loaded.scenario, out=tmp_path / "runs", humans=["ann"], human_deadline=120.0)
        )

    thread = threading.Thread(target=play)
    thread.start()
    wait_until(lambda: list((tmp_path / "runs").glob(f"*/{JOIN_FILE}")))
    yield lambda: (thread.join(), done[0])[1]
    thread.join()


def join(*words, **options):
    return CliRunner().invoke(app, ["join", *words], **options)


def printed(text):
    """Return what is printed, without what differs between two runs."""
    text = re.sub(r"in \d+T\d+-village-\w+;", "in RUN;", text)
    return re.sub(r"; \d+ s to answer", "; N s to answer", text)


def test_the_session_on_the_page_goes_as_printed(village):
    """The typed lines are those after `> `; a pipe has no such prompt."""
    command, *lines = BLOCKS["a session"].splitlines()
    typed = [line.removeprefix("> ") for line in lines if line.startswith("> ")]
    shown = "".join(f"{line}\n" for line in lines if not line.startswith("> "))
    words = command.removeprefix("$ simnet join ").split()
    result = join(*words, input="".join(f"{line}\n" for line in typed))
    assert printed(result.output) == printed(shown)
    assert result.exit_code == 0
    texts = [row["text"] for row in village().read("events").to_pylist() if row["who"] == "ann"]
    assert texts[:2] == ["Hello, I am new here.", "Good morning!"]
    again = join(*words)
    assert again.exit_code == 2
    assert "has ended, so nobody can join it" in again.output


def test_the_end_of_a_pipe_leaves_and_a_run_that_ends_is_told_of(village):
    result = join("latest", "--as", "@ann", input="pass\npass\npass\npass\npass\n")
    assert result.exit_code == 0
    assert result.output.endswith("done\nthe run has ended, or was stopped\n")
    village()


def test_names_that_cannot_join_are_refused(village):
    wrong = join("latest", "--as", "zoe")
    assert (wrong.exit_code, "people may not take @zoe" in wrong.output) == (2, True)
    missing = join("nothing", "--as", "ann")
    assert missing.exit_code == 2
    join("latest", "--as", "ann", input="leave\n")
    village()


def test_what_is_shown_cannot_steer_the_terminal(capsys):
    _say("a\x1b[2Jb\nc\u202e")
    assert capsys.readouterr().out == "a\\x1b[2Jb\\nc\\u202e\n"


def test_the_client_on_the_page_of_the_protocol_passes_all_turns(village):
    (code,) = [one.code for one in blocks_of(PROTOCOL) if one.language == "python"]
    names = {}
    exec(code, names)
    (place,) = Path("runs").glob(f"*/{JOIN_FILE}")
    assert names["pass_all"](place.parent, "ann") >= 3
    done = village()
    calls = [row["completion"] for row in done.read("calls").to_pylist()]
    assert set(calls) == {"pass"}


def simnet(*words):
    return subprocess.Popen(
        [sys.executable, "-c", "from simnet.cli.app import main; main()", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
def test_a_run_killed_in_a_turn_of_a_person_is_resumed_where_it_was(tmp_path, monkeypatch):
    (tmp_path / "village.py").write_text(BLOCKS["village.py"], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    runs = tmp_path / "runs"

    async def first():
        client = await joined(runs)
        await answering(client, ["write: before"])
        asked = await next_of(client, "view")
        await until(lambda: rows_on_disk(runs, "events") == 3)
        process.send_signal(signal.SIGKILL)
        assert await next_of(client, "ended") is None
        await client.close()
        return asked

    async def second():
        client = await joined(runs)
        asked = await next_of(client, "view")
        client.act(asked["turn"], "write: after")
        await next_of(client, "taken")
        await client.close(leaves=True)
        return asked

    process = simnet("run", "village.py", "--human", "ann")
    asked = asyncio.run(first())
    process.communicate()
    gone = join("latest", "--as", "ann")
    assert "does not run now; go on with it by `simnet resume" in gone.output
    (folder,) = runs.iterdir()
    (folder / JOIN_FILE).unlink()  # the killed process left it; a client finds that out by itself
    process = simnet("resume", "latest")
    again = asyncio.run(second())
    out, _ = process.communicate()
    assert process.returncode == 0, out
    assert {**again, "seconds": 0} == {**asked, "seconds": 0}
    done = Run.open(folder)
    events = [row for row in done.read("events").to_pylist() if row["who"] == "ann"]
    assert [row["text"] for row in events][:2] == ["before", "after"]
    calls = [row for row in done.read("calls").to_pylist() if row["model"] == "human"]
    assert [(row["turn"], row["completion"]) for row in calls][:2] == [
        (0, "write: before"),
        (1, "write: after"),
    ]
    checked = CliRunner().invoke(app, ["verify", "latest", "--trust"])
    assert checked.exit_code == 0, checked.output
