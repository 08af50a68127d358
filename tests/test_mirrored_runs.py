"""Runs with a mirror: what the user sees, and what is left when the driver's disk is lost."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
from test_again import COMPARED, Dying, tables, village
from test_again_cli import TOWN
from typer.testing import CliRunner
from waiting import wait_until

import simnet
from simnet import FakeModel, Run
from simnet.cli.app import app
from simnet.errors import RunError, UsageError
from simnet.recording.mirror import downloading
from simnet.recording.mirror.mirror_address import MirrorAddress
from simnet.recording.mirror.mirror_index import newest_index
from simnet.recording.mirror.object_store import ObjectStore
from simnet.runs.mirroring import mirror_process
from simnet.runs.mirroring.mirror_process import _Uploads
from simnet.runs.options.mirror_settings import MirrorSettings

LOSSES = int(os.environ.get("LOSSES", "3"))
"""How often the disk of a driver is lost."""


@pytest.fixture(autouse=True)
def in_a_cache_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(downloading, "user_cache_path", lambda name: tmp_path / "cache" / name)


@pytest.fixture
def url(tmp_path):
    return f"file://{tmp_path}/store"


def line(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


class Noting:
    """A Reporter that keeps the phases, and what is said of the mirror with the progress."""

    def __init__(self):
        self.shown = []

    def begun(self, folder):
        pass

    def phase(self, text):
        self.shown.append(text)

    def progress(self, progress):
        self.shown.append(progress.mirror)


def equal(first, second):
    ours, theirs = tables(first), tables(second)
    return all(ours[name].equals(theirs[name]) for name in COMPARED)


@pytest.mark.slow
def test_a_run_is_read_resumed_and_forked_from_its_mirror_when_its_folder_is_lost(tmp_path, url):
    whole = simnet.run(village(), model=FakeModel(), out=tmp_path / "whole")
    root = tmp_path / "runs"
    with pytest.raises(RunError, match="the model is gone"):
        simnet.run(village(), model=Dying(20, root), out=root, run_id="a", mirror=url)
    stopped = Run.open("a", root)
    assert (stopped.manifest.state, stopped.manifest.mirror.whole) == ("failed", True)
    kept = stopped.read("calls")
    assert kept.num_rows > 0
    shutil.rmtree(root)

    found = Run.open(f"{url}/a")
    assert found.read("calls").equals(kept)
    with pytest.raises(UsageError, match="simnet mirror pull"):
        found.resume(village(), model=FakeModel())
    resumed = simnet.resume(f"{url}/a", village(), model=FakeModel(), root=root)
    assert resumed.path == root / "a"
    assert resumed.manifest.mirror.whole is True
    assert equal(resumed, whole)
    assert equal(Run.open(f"{url}/a"), whole)
    calls = {(row["who"], row["turn"], row["call"]) for row in kept.to_pylist()}
    assert calls <= {(r["who"], r["turn"], r["call"]) for r in resumed.read("calls").to_pylist()}
    assert resumed.read("calls").num_rows == whole.read("calls").num_rows

    shutil.rmtree(root)
    fork = simnet.fork(
        f"{url}/a", 1800.0, village(), before=village(), model=FakeModel(), root=root
    )
    shutil.rmtree(root)
    again = Run.open(f"{url}/{fork.id}")  # its ancestor is mirrored beside it
    assert equal(again, whole)
    for command in ("show", "verify", "tables", "cost"):
        done = line(command, f"{url}/{fork.id}")
        assert done.exit_code == 0, done.output
    assert line("export", "threads", f"{url}/a", "--out", tmp_path / "out").exit_code == 0
    listed = json.loads(line("ls", url, "--json").output)["runs"]
    assert {run["id"]: run["state"] for run in listed} == dict.fromkeys(["a", fork.id], "completed")
    done = line("survey", f"{url}/a", "--by", "mini_ipip", "--trust")
    assert done.exit_code == 2
    assert "simnet mirror pull" in done.output


def test_a_mirror_that_takes_nothing_ends_no_run_and_is_told_of(tmp_path, monkeypatch):
    monkeypatch.setattr(mirror_process, "STALLED_SECONDS", 0.0)
    (tmp_path / "file").write_text("no folder")
    noting = Noting()
    shown = noting.shown
    url = f"file://{tmp_path}/file/store"
    slow = FakeModel(delay=lambda prompt: 0.02)
    scenario = village()
    run = simnet.run(scenario, model=slow, out=tmp_path / "runs", mirror=url, progress=noting)
    facts = run.manifest.mirror
    assert (run.state, facts.whole, facts.given_up, facts.at) == ("completed", False, False, None)
    last = f"complete it with: simnet mirror push {run.path} {url}"
    assert shown[-1].startswith(f"incomplete: nothing went up to {url}/{run.id}: ")
    assert shown[-1].endswith(last)
    assert any(text and text.startswith("mirror: nothing is there yet") for text in shown)

    (tmp_path / "file").unlink()
    done = line("mirror", "push", run.path, url)
    assert done.output == f"{url}/{run.id} has all of the record\n"
    assert Run.open(run.path).manifest.mirror.whole is True
    shutil.rmtree(run.path)
    pulled = line("mirror", "pull", f"{url}/{run.id}", "--runs", tmp_path / "back")
    assert pulled.output == f"{tmp_path / 'back' / run.id}\n"
    assert Run.open(run.id, tmp_path / "back").read("events").num_rows > 0


@pytest.mark.slow
def test_a_folder_that_is_an_older_copy_is_said_to_be_mirrored_no_more(tmp_path, url):
    def pause(prompt):
        return 0.02

    first = FakeModel(delay=pause)
    cut = simnet.run(village(), model=first, out=tmp_path / "runs", mirror=url, max_calls=5)
    simnet.resume(f"{url}/{cut.id}", village(), model=FakeModel(), root=tmp_path / "other")
    noting = Noting()
    shown = noting.shown
    old = simnet.resume(cut, village(), model=FakeModel(delay=pause), progress=noting)
    facts = old.manifest.mirror
    assert (old.state, facts.whole, facts.given_up) == ("completed", False, True)
    (ended,) = [text for text in shown if text.startswith("the run is not mirrored any more")]
    assert "the folder is an older copy; resume the run from the mirror" in ended
    assert shown.index(ended) < shown.index("mirror: written no more")
    assert not [text for text in shown if "bringing the rest" in text]
    assert shown[-1].startswith(f"given up: nothing went up to {url}/{cut.id}: the mirror holds")
    assert shown[-1].endswith(f"simnet mirror push {cut.path} ANOTHER_URL")

    refused = line("mirror", "push", cut.path, url)
    assert refused.exit_code == 4
    assert "the folder is an older copy" in refused.output
    assert Run.open(cut.path).manifest.mirror == old.manifest.mirror
    done = line("mirror", "push", cut.path, f"{url}/another")
    assert done.output == f"{url}/another/{cut.id} has all of the record\n"
    assert equal(Run.open(f"{url}/another/{cut.id}"), old)


@pytest.mark.slow
def test_the_process_of_a_mirror_that_is_killed_is_started_again(tmp_path, url, monkeypatch):
    monkeypatch.setattr(mirror_process, "_START_AGAIN_SECONDS", 0.0)
    run = simnet.run(village(), model=FakeModel(), out=tmp_path / "runs")
    uploads = _Uploads(run.path, MirrorSettings(MirrorAddress.read(url), 0.1))
    os.kill(uploads._process.pid, signal.SIGKILL)
    uploads._process.wait()
    uploads.finish()
    wait_until(lambda: uploads.look_after() or uploads.standing.ended)
    assert uploads.standing.whole
    uploads.end()
    assert equal(Run.open(f"{url}/{run.id}"), run)


@pytest.mark.slow
def test_a_process_that_does_not_start_ends_no_run(tmp_path, url, monkeypatch):
    monkeypatch.setattr(mirror_process, "_START_AGAIN_SECONDS", 0.0)
    run = simnet.run(village(), model=FakeModel(), out=tmp_path / "runs")

    def none_left(*arguments, **options):
        raise OSError("Cannot allocate memory")

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", none_left)
        uploads = _Uploads(run.path, MirrorSettings(MirrorAddress.read(url), 0.1))
        uploads.look_after()
    assert uploads.standing.problem == "its process does not start: Cannot allocate memory"
    uploads.finish()
    wait_until(lambda: uploads.look_after() or uploads.standing.ended)
    assert uploads.standing.whole
    uploads.end()


@pytest.mark.slow
def test_the_process_of_a_mirror_ends_with_its_driver(tmp_path, url):
    run = simnet.run(village(), model=FakeModel(), out=tmp_path / "runs")
    uploads = _Uploads(run.path, MirrorSettings(MirrorAddress.read(url), 60.0))
    wait_until(lambda: uploads.standing.at)
    uploads._process.stdin.close()  # as the end of the driver does
    assert uploads._process.wait() == 0
    uploads.end()


def test_a_mirror_is_asked_for_in_the_right_words(tmp_path):
    file = tmp_path / "town.py"
    file.write_text(TOWN)
    target = f"{file}:town"
    for arguments, why in (
        (["--mirror", "somewhere"], "no address of an object store"),
        (["--mirror", "ftp://x/y"], "no address of an object store"),
        (["--mirror", f"file://{tmp_path}/s", "--mirror-every", "0s"], "give a time above 0"),
        (["--runs", "s3://bucket/runs"], "--mirror s3://"),
    ):
        done = line("run", target, "--backend", "fake", *arguments)
        assert done.exit_code == 2
        assert why in done.output
    assert {one.name for one in tmp_path.iterdir()} <= {"town.py", "__pycache__", "cache"}


# -- the disk of the driver is lost ------------------------------------------------------------


def command(folder, *arguments):
    environment = {**os.environ, "XDG_CACHE_HOME": f"{folder}/cache"}
    return subprocess.Popen(
        [sys.executable, "-m", "simnet", *map(str, arguments), "--backend", "fake", "--no-ray"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment | {"XDG_STATE_HOME": f"{folder}/state"},
        cwd=folder,
        start_new_session=True,
    )


def town_run(folder, file, *arguments):
    target, sets = f"{file}:town", ("--set", "people=40", "--set", "lasts=43200")
    shared = ("--runs", folder / "runs", "--run-id", "a", "--quiet", *arguments)
    return command(folder, "run", target, *sets, *shared)


@pytest.mark.slow
def test_a_run_whose_disk_is_lost_at_any_moment_goes_on_from_its_mirror(tmp_path):
    """Its tables are in the end those of an undisturbed run, with all that had been mirrored."""
    file = tmp_path / "town.py"
    file.write_text(TOWN)
    (tmp_path / "whole").mkdir()
    began = time.monotonic()
    assert town_run(tmp_path / "whole", file).wait() == 0
    lasts = time.monotonic() - began
    whole = Run.open("a", tmp_path / "whole" / "runs")
    chosen = random.Random(int(os.environ.get("SEED", "1")))
    told = []
    for number in range(LOSSES):
        folder = tmp_path / f"lost{number}"
        folder.mkdir()
        url = f"file://{folder}/store"
        store = ObjectStore.at(MirrorAddress.read(url)).below("a")
        driver = town_run(folder, file, "--mirror", url, "--mirror-every", "0.2s")
        wait_until(lambda store=store: newest_index(store))
        time.sleep(chosen.random() * lasts / 2)
        os.killpg(driver.pid, signal.SIGKILL)
        driver.wait()
        shutil.rmtree(folder / "runs")
        kept = tables(Run.open(f"{url}/a"))
        told.append(kept["calls"].num_rows)
        resume = command(folder, "resume", f"{url}/a", "--runs", folder / "runs", "--quiet")
        if newest_index(store).content.state == "completed":
            assert resume.wait() == 2  # there is nothing to resume
            assert equal(Run.open(f"{url}/a"), whole)
            continue
        assert resume.wait() == 0
        resumed = Run.open("a", folder / "runs")
        assert equal(resumed, whole)
        assert equal(Run.open(f"{url}/a"), whole)
        final = tables(resumed)
        for name, rows in kept.items():
            recorded = set(map(str, final[name].to_pylist()))
            assert set(map(str, rows.to_pylist())) <= recorded, name
    assert any(told), told


@pytest.mark.slow
def test_the_same_command_goes_on_from_the_mirror_on_another_host(tmp_path):
    file = tmp_path / "town.py"
    file.write_text(TOWN)
    url = f"file://{tmp_path}/store"
    store = ObjectStore.at(MirrorAddress.read(url)).below("a")
    arguments = ("--mirror", url, "--mirror-every", "0.2s", "--resume-if-exists")
    for host in ("first", "second"):
        (tmp_path / host).mkdir()
    driver = town_run(tmp_path / "first", file, *arguments)
    wait_until(lambda: newest_index(store))
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    created = newest_index(store).content.created
    assert town_run(tmp_path / "second", file, *arguments).wait() == 0
    run = Run.open("a", tmp_path / "second" / "runs")
    assert (run.state, run.manifest.created) == ("completed", created)
    assert run.manifest.mirror.whole is True
