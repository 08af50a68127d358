"""Mirrors in S3, on a server of this machine with faults; `make object-store-test` installs it."""

import os
import shutil
import socket
import subprocess
import threading
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from made_rows import call, event
from test_again import tables, village

import simnet
from simnet import FakeModel, Run
from simnet.recording.mirror import downloading
from simnet.recording.mirror.downloading import bring_back
from simnet.recording.mirror.mirror_address import MirrorAddress
from simnet.recording.mirror.mirror_index import newest_index
from simnet.recording.mirror.object_store import ObjectStore, StoreError
from simnet.recording.mirror.uploading import Uploader
from simnet.recording.schema import encode
from simnet.recording.writing.recorder import Recorder
from simnet.recording.writing.run_directory import RunDirectory
from simnet.runs.mirroring import mirror_process
from simnet.runs.mirroring.mirror_return import push

ROOT = Path(__file__).parents[1]
PYTHON = Path(os.environ.get("S3_PYTHON") or ROOT / ".venv-s3" / "bin" / "python")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.exists(), reason="no S3 server: make object-store-test"),
]
KEYS = {"AWS_ACCESS_KEY_ID": "KEYKEY", "AWS_SECRET_ACCESS_KEY": "HUSHHUSH"}


class Server:
    """The server, and a way to it that can be cut: `refused`, `silent` or open (None)."""

    def __init__(self):
        self._process = subprocess.Popen(
            [PYTHON, Path(__file__).with_name("s3_server.py")],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.port = int(self._process.stdout.readline())
        self.state = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.way = self._listener.getsockname()[1]
        threading.Thread(target=self._forward, daemon=True).start()
        self._ask("PUT", "/bucket")

    def url(self, prefix, *, way=None):
        query = f"region=us-east-1&scheme=http&endpoint_override=127.0.0.1:{way or self.port}"
        return f"s3://bucket/{prefix}?{query}"

    def fail(self, kind, count):
        self._ask("GET", f"/-/faults/{kind}/{count}")

    def close(self):
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()
        self._listener.close()

    def _ask(self, method, path):
        urlopen(Request(f"http://127.0.0.1:{self.port}{path}", method=method)).close()

    def _forward(self):
        held = []
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self.state == "silent":
                held.append(near)  # nobody ever answers
                continue
            if self.state == "refused":
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self.port))
            for pair in ((near, far), (far, near)):
                threading.Thread(target=_copy, args=pair, daemon=True).start()


def _copy(source, target):
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
    except OSError:
        pass
    finally:
        source.close()
        target.close()


@pytest.fixture(scope="module")
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def surroundings(tmp_path, monkeypatch):
    for name, value in {**KEYS, "AWS_EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(downloading, "user_cache_path", lambda name: tmp_path / "cache" / name)


@pytest.mark.parametrize("kind", ["error", "truncated", "slow"])
def test_whatever_writes_fail_what_was_acknowledged_comes_back(server, tmp_path, kind):
    address = MirrorAddress.read(server.url(f"faults-{kind}"))
    folder = RunDirectory.create(tmp_path / "runs", "test", run_id="a").path
    uploader = Uploader(folder, ObjectStore.at(address).below("a"))
    failed = 0
    with Recorder(folder) as recorder:
        for turn in range(6):
            recorder.append("calls", encode("calls", [call(turn)]))
            recorder.append("events", encode("events", [event(turn)]))
            recorder.commit()
            if turn == 3:
                recorder.seal()
            server.fail(kind, 1 + 5 * (turn % 2))
            for _ in range(20):
                try:
                    uploader.upload()
                except StoreError:
                    failed += 1
                else:
                    break
            shutil.rmtree(tmp_path / "back", ignore_errors=True)
            found = Run.open(bring_back(address.child("a"), tmp_path / "back"))
            assert found.read("events")["turn"].to_pylist() == list(range(turn + 1))
            assert found.read("calls").num_rows == turn + 1
    server.fail(kind, 0)
    assert failed > 0 or kind != "truncated"  # pyarrow itself tries other failures again


def test_a_run_is_mirrored_read_and_resumed(server, tmp_path):
    whole = simnet.run(village(), model=FakeModel(), out=tmp_path / "whole")
    url = server.url("whole")
    stopped = simnet.run(
        village(), model=FakeModel(), out=tmp_path / "runs", run_id="a", mirror=url, max_calls=15
    )
    assert stopped.manifest.mirror.whole is True
    shutil.rmtree(stopped.path)
    place = str(MirrorAddress.read(url).child("a"))
    assert Run.open(place).read("calls").num_rows >= 15
    resumed = simnet.resume(place, village(), model=FakeModel(), root=tmp_path / "runs")
    for found in (resumed, Run.open(place)):
        ours, theirs = tables(found), tables(whole)
        assert all(ours[name].equals(theirs[name]) for name in ours)


def test_secrets_in_the_address_are_in_no_file_and_no_message(server, tmp_path):
    url = server.url("secret").replace("s3://", "s3://KEYKEY:HUSHHUSH@")
    shown = []

    class Noting:
        def begun(self, folder):
            pass

        def phase(self, text):
            shown.append(text)

        def progress(self, progress):
            shown.append(str(progress.mirror))

    run = simnet.run(
        village(), model=FakeModel(), out=tmp_path / "runs", mirror=url, progress=Noting()
    )
    assert run.manifest.mirror.whole is True
    texts = [path.read_bytes() for path in (tmp_path / "runs").rglob("*") if path.is_file()]
    assert not any(b"HUSH" in text for text in [*texts, *(one.encode() for one in shown)])
    assert "***@bucket" in run.manifest.mirror.address


@pytest.mark.parametrize("state", ["refused", "silent"])
def test_a_run_ends_well_beside_a_store_that_never_answers(server, tmp_path, monkeypatch, state):
    monkeypatch.setattr(mirror_process, "STALLED_SECONDS", 0.5)
    server.state = state
    try:
        url = server.url(state, way=server.way)
        run = simnet.run(village(), model=FakeModel(), out=tmp_path / "runs", mirror=url)
    finally:
        server.state = None
    assert run.state == "completed"
    assert run.manifest.mirror.whole is False
    assert run.manifest.mirror.problem
    address = MirrorAddress.read(url)
    assert newest_index(ObjectStore.at(address.child(run.id))) is None
    pushed = push(run, address)  # the store is there again
    assert pushed.whole
    assert newest_index(ObjectStore.at(address.child(run.id))).content.bytes == pushed.bytes
