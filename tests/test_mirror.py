"""What a mirror has acknowledged is there, whatever fails and whoever else writes."""

import shutil
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_rows import call, event
from pyarrow import fs

from simnet.errors import RecordError, UsageError
from simnet.foundation.disk import Disk
from simnet.recording.mirror import downloading
from simnet.recording.mirror.captured_files import capture
from simnet.recording.mirror.downloading import bring_back, cached, mirrored_runs
from simnet.recording.mirror.mirror_address import MirrorAddress
from simnet.recording.mirror.mirror_index import Index, newest_index, write_index
from simnet.recording.mirror.object_store import ObjectStore, StoreError
from simnet.recording.mirror.piece_plan import MERGED, next_range
from simnet.recording.mirror.same_record import OtherRecordError
from simnet.recording.mirror.uploading import Uploader
from simnet.recording.mirror.writer_claims import TakenOverError, claim
from simnet.recording.reading.run import Run
from simnet.recording.schema import encode
from simnet.recording.writing.recorder import Recorder
from simnet.recording.writing.run_directory import RunDirectory

EVERY = 3
"""Of the operations of a store, each third one is made to fail."""


@pytest.fixture
def folder(tmp_path):
    return RunDirectory.create(tmp_path / "runs", "test", run_id="a").path


@pytest.fixture
def recorder(folder):
    with Recorder(folder) as recorder:
        yield recorder


@pytest.fixture
def address(tmp_path):
    return MirrorAddress.read(f"file://{tmp_path}/store")


@pytest.fixture
def store(address):
    return ObjectStore.at(address).below("a")


def record(recorder, *turns):
    """Record a call and an event for each turn."""
    recorder.append("events", encode("events", [event(turn) for turn in turns]))
    recorder.append("calls", encode("calls", [call(turn) for turn in turns]))
    recorder.commit()


def turns_in(folder, table="events"):
    return sorted(Run.open(folder).read(table)["turn"].to_pylist())


def back(address, root):
    """Bring the run back to an empty folder and return that of the run."""
    shutil.rmtree(root, ignore_errors=True)
    return bring_back(address.child("a"), root)


# -- what goes up and comes back --------------------------------------------------------------


def test_what_was_committed_before_an_upload_comes_back_from_it(
    folder, recorder, address, store, tmp_path
):
    uploader = Uploader(folder, store)
    for turn in range(12):  # so many that pieces are merged
        record(recorder, turn)
        uploader.upload()
        assert turns_in(back(address, tmp_path / "back")) == list(range(turn + 1))
    index = newest_index(store).content
    assert max(len(file.pieces) for file in index.files) < 2 * MERGED
    recorder.seal()
    uploader.upload()
    found = back(address, tmp_path / "back")
    assert turns_in(found) == turns_in(found, "calls") == list(range(12))
    assert Run.open(found).sealed
    assert {file.path for file in newest_index(store).content.files} >= {"wal/epoch-000001"}


def test_the_index_names_only_what_is_there_and_nothing_else_of_ours_is(folder, recorder, store):
    uploader = Uploader(folder, store)
    for turn in range(12):
        record(recorder, turn)
        if turn == 7:
            recorder.seal()
        index = uploader.upload()
        for piece in (piece for file in index.files for piece in file.pieces):
            content = store.read(piece.name)
            assert len(content) == piece.bytes
    base = store._system.normalize_path(store._base)
    there = store._system.get_file_info(fs.FileSelector(f"{base}/data", recursive=True))
    files = {one.path.removeprefix(f"{base}/") for one in there if one.type == fs.FileType.File}
    assert files == index.objects
    assert len(store.objects_in("index")) == 1


def test_an_event_never_comes_up_without_its_call(folder, recorder, address, store, tmp_path):
    """A commit between any two looks at segments writes further calls and events."""
    record(recorder, 0)
    turns = iter(range(1, 100))

    class Committing(Disk):
        def fsync(self, descriptor):
            super().fsync(descriptor)
            record(recorder, next(turns))

    uploader = Uploader(folder, store)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simnet.recording.mirror.captured_files.Disk", Committing)
        uploader.upload()
    found = back(address, tmp_path / "back")
    events, calls = turns_in(found), turns_in(found, "calls")
    assert set(events) <= set(calls)
    assert len(calls) > len(events) > 0  # there was a commit in between
    texts = Run.open(found).prompts().read_all()  # raises where a text is missing
    assert texts.num_rows == len(calls)


def test_a_record_that_is_sealed_meanwhile_is_looked_at_again(folder, recorder):
    record(recorder, 0)
    sealing = iter([recorder.seal])

    class Sealing(Disk):
        def fsync(self, descriptor):
            for seal in sealing:
                seal()
            super().fsync(descriptor)

    paths = {one.path for one in capture(folder, Sealing()).files}
    assert any(path.startswith("events/part-") for path in paths)
    assert not any(path.endswith(".arrows") for path in paths)
    assert "tables-000001.json" in paths


def test_the_manifest_is_as_old_as_the_tables_or_older(folder, recorder, address, store, tmp_path):
    """A run that ends while it is looked at is not complete without its tables."""
    record(recorder, 0)
    directory = RunDirectory.reopen(Run.open(folder))
    ending = iter([lambda: directory.finish("completed")])

    class Ending(Disk):
        def fsync(self, descriptor):
            super().fsync(descriptor)
            for end in ending:
                recorder.seal()
                end()

    uploader = Uploader(folder, store)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simnet.recording.mirror.captured_files.Disk", Ending)
        uploader.upload()
    run = Run.open(back(address, tmp_path / "back"))
    assert run.missing == ()
    assert turns_in(run.path) == [0]


def test_only_what_was_synced_goes_up(folder, recorder):
    record(recorder, 0)
    synced = []

    class Noting(Disk):
        def fsync(self, descriptor):
            synced.append(descriptor)
            super().fsync(descriptor)

    segments = [one for one in capture(folder, Noting()).files if one.path.endswith(".arrows")]
    assert len(synced) == len(segments) > 1


def test_files_that_are_no_record_stay_here(folder, recorder, store):
    record(recorder, 0)
    for name in ("join", "lock", "logs/main.log", "notes.txt", "scenario/__pycache__/x.pyc"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("secret")
    (folder / "scenario" / "town.py").write_text("x = 1")
    (folder / "scenario" / "link.py").symlink_to("/etc/hostname")
    paths = {file.path for file in Uploader(folder, store).upload().files}
    tops = {path.partition("/")[0] for path in paths}
    assert tops == {"wal", "scenario", "manifest.json"}
    assert {path for path in paths if path.startswith("scenario")} == {"scenario/town.py"}


def test_a_store_in_memory_takes_a_record_too(folder, recorder):
    record(recorder, 0, 1)
    store = ObjectStore(fs._MockFileSystem(), "b/p", MirrorAddress.read("s3://b/p"))
    index = Uploader(folder, store).upload()
    assert newest_index(store).content == index


# -- a store that fails -------------------------------------------------------------------------


class Failing:
    """A file system whose operation number `at` fails, before or after it was done."""

    type_name = "local"

    def __init__(self, at, *, after):
        self._system, self.left, self._after = fs.LocalFileSystem(), at, after
        self._lock = threading.Lock()

    def __getattr__(self, name):
        function = getattr(self._system, name)

        def operation(*arguments, **options):
            with self._lock:  # objects go up in several threads
                self.left -= 1
                fails = self.left == 0
            if fails and not self._after:
                raise OSError("the store is not there")
            result = function(*arguments, **options)
            if fails:
                raise OSError("the store has not answered")
            return result

        return operation


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_whichever_operation_of_the_store_fails_what_was_acknowledged_comes_back(
    folder, address, tmp_path, after
):
    failures, tried = 0, 0
    for at in range(1, 200, EVERY):
        shutil.rmtree(tmp_path / "store", ignore_errors=True)
        shutil.rmtree(folder)
        RunDirectory.create(tmp_path / "runs", "test", run_id="a")
        system = Failing(at, after=after)
        store = ObjectStore(system, f"{tmp_path}/store/a", address.child("a"))
        uploader, acknowledged, failed = Uploader(folder, store), [], 0
        with Recorder(folder) as recorder:
            for turn in range(3):
                record(recorder, turn)
                if turn == 1:
                    recorder.seal()
                for _ in range(3):
                    try:
                        uploader.upload()
                    except StoreError:
                        failed += 1
                    else:
                        acknowledged = list(range(turn + 1))
                        break
                    if acknowledged:
                        found = turns_in(back(address, tmp_path / "back"))
                        assert found[: len(acknowledged)] == acknowledged
        assert turns_in(back(address, tmp_path / "back")) == [0, 1, 2]
        if system.left > 0:
            break
        failures, tried = failures + failed, tried + 1
    assert failures == tried > 20


def test_an_object_of_which_a_part_is_there_is_not_acknowledged(folder, recorder, store):
    record(recorder, 0)

    class Cutting:
        type_name = "mock"

        def __init__(self):
            self._system = fs._MockFileSystem()

        def __getattr__(self, name):
            return getattr(self._system, name)

        def open_output_stream(self, path):
            stream = self._system.open_output_stream(path)

            class Half:
                def __enter__(self):
                    return self

                def write(self, chunk):
                    stream.write(chunk[: len(chunk) // 2])

                def __exit__(self, *error):
                    stream.close()

            return Half()

    cutting = ObjectStore(Cutting(), "b/p", MirrorAddress.read("s3://b/p"))
    with pytest.raises(StoreError, match="were written"):
        Uploader(folder, cutting).upload()
    assert newest_index(cutting) is None


# -- several writers ------------------------------------------------------------------------------


def test_a_writer_that_was_superseded_acknowledges_nothing_and_spoils_nothing(
    folder, recorder, address, store, tmp_path
):
    record(recorder, 0)
    first = Uploader(folder, store)
    first.upload()
    claim(store, "a", Run.open(folder).manifest.created)
    taken = back(address, tmp_path / "other")
    with Recorder(taken) as theirs:
        second = Uploader(taken, store)
        record(theirs, 1)
        second.upload()
        record(recorder, 2)
        with pytest.raises(TakenOverError, match=r"has taken the mirror over"):
            first.upload()
        recorder.seal()
        with pytest.raises(TakenOverError):
            first.upload()
        assert turns_in(back(address, tmp_path / "back")) == [0, 1]
        record(theirs, 3)
        second.upload()
    assert turns_in(back(address, tmp_path / "back")) == [0, 1, 3]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_who_is_superseded_while_an_index_goes_up_does_not_acknowledge_it(
    folder, recorder, address, store, tmp_path, moment
):
    """What the later writer reads after its claim is all that was acknowledged."""
    created = Run.open(folder).manifest.created
    record(recorder, 0)
    uploader = Uploader(folder, store)
    uploader.upload()
    seen = []

    def written(*arguments):
        if moment == "before":
            claim(store, "a", created)
            seen.append(turns_in(back(address, tmp_path / "other")))
        name = write_index(*arguments)
        if moment == "after":
            claim(store, "a", created)
            seen.append(turns_in(back(address, tmp_path / "other")))
        return name

    recorder.seal()
    record(recorder, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simnet.recording.mirror.uploading.write_index", written)
        with pytest.raises(TakenOverError):
            uploader.upload()
    assert seen == [[0] if moment == "before" else [0, 1]]
    assert turns_in(tmp_path / "other" / "a") == seen[0]
    assert back(address, tmp_path / "back")  # nothing that the other one needs was removed


def test_a_folder_that_is_an_older_copy_is_not_written_over_the_mirror(
    folder, recorder, store, tmp_path
):
    record(recorder, 0)
    Uploader(folder, store).upload()
    shutil.copytree(folder, tmp_path / "older")
    record(recorder, 1)
    Uploader(folder, store).upload()
    with pytest.raises(OtherRecordError, match="older copy"):
        Uploader(tmp_path / "older", store).upload()
    with Recorder(tmp_path / "older") as other:  # with a segment of its own now
        record(other, 7)
        with pytest.raises(OtherRecordError):
            Uploader(tmp_path / "older", store).upload()


def test_a_folder_of_before_a_later_seal_is_an_older_copy_too(folder, store, tmp_path):
    with Recorder(folder) as recorder:
        record(recorder, 0)
        recorder.seal()
    shutil.copytree(folder, tmp_path / "older")
    with Recorder(folder) as recorder:
        record(recorder, 1)
        recorder.seal()
    Uploader(folder, store).upload()
    with Recorder(tmp_path / "older") as other:  # of the same epoch
        with pytest.raises(OtherRecordError):
            Uploader(tmp_path / "older", store).upload()
        record(other, 7)
    assert turns_in(folder) == [0, 1]


def test_a_record_goes_on_in_its_mirror_after_any_seal(folder, address, store, tmp_path):
    with Recorder(folder) as recorder:
        record(recorder, 0)
        Uploader(folder, store).upload()
        recorder.seal()
    with Recorder(folder) as later:
        record(later, 1)
        later.seal()
        Uploader(folder, store).upload()
    assert turns_in(back(address, tmp_path / "back")) == [0, 1]


def test_the_mirror_of_another_run_of_the_same_id_is_left_alone(folder, recorder, store, tmp_path):
    record(recorder, 0)
    Uploader(folder, store).upload()
    before = newest_index(store)
    other = RunDirectory.create(tmp_path / "elsewhere", "test", run_id="a").path
    with pytest.raises(TakenOverError, match="that of another run"):
        Uploader(other, store).upload()
    assert newest_index(store) == before


def test_objects_of_others_are_never_removed(folder, recorder, store, tmp_path):
    (tmp_path / "store" / "a" / "data").mkdir(parents=True)
    names = ["mine.txt", "data/mine.parquet", "index/notes.json", "index/000000.json"]
    for name in names:
        path = tmp_path / "store" / "a" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    uploader = Uploader(folder, store)
    for turn in range(9):
        record(recorder, turn)
        uploader.upload()
    recorder.seal()
    uploader.upload()
    assert all((tmp_path / "store" / "a" / name).read_text() == "mine" for name in names)


# -- mirrors that are not to be trusted ------------------------------------------------------------


@pytest.mark.parametrize("path", ["../../evil", "/tmp/evil", "a/../../evil", "wal/..", "x\\y", ""])
def test_a_path_that_leads_out_of_the_run_is_refused(
    folder, recorder, address, store, tmp_path, path
):
    record(recorder, 0)
    index = Uploader(folder, store).upload()
    evil = index.files[0].model_copy(update={"path": path})
    write_index(store, "000009-00000000", 1, index.model_copy(update={"files": (evil,)}))
    with pytest.raises(RecordError):
        back(address, tmp_path / "x" / "back")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["runs", "store", "x"]
    assert not any((tmp_path / "x").rglob("*evil*"))


@pytest.mark.parametrize("name", ["../../runs/a/manifest.json", "/etc/hostname", "data/../x"])
def test_an_object_outside_the_prefix_is_not_read(folder, recorder, address, store, tmp_path, name):
    record(recorder, 0)
    index = Uploader(folder, store).upload()
    file = index.files[0]
    piece = file.pieces[0].model_copy(update={"name": name})
    evil = file.model_copy(update={"pieces": (piece,)})
    write_index(store, "000009-00000000", 1, index.model_copy(update={"files": (evil,)}))
    with pytest.raises(RecordError, match="is no name of an object"):
        back(address, tmp_path / "back")


def test_a_link_in_a_local_store_is_not_followed(folder, recorder, store, tmp_path):
    record(recorder, 0)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "store" / "a").mkdir(parents=True)
    (tmp_path / "store" / "a" / "data").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RecordError, match="link"):
        Uploader(folder, store).upload()
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("damage", ["flipped", "cut", "gone"])
def test_damage_of_any_object_is_told_and_leaves_no_folder(
    folder, recorder, address, store, tmp_path, damage
):
    record(recorder, 0)
    index = Uploader(folder, store).upload()
    for name in sorted(index.objects):
        path = tmp_path / "store" / "a" / name
        whole = path.read_bytes()
        if not whole and damage != "gone":
            continue
        if damage == "gone":
            path.unlink()
        else:
            path.write_bytes(whole[:-1] if damage == "cut" else whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(RecordError, match="the mirror is damaged"):
            back(address, tmp_path / "back")
        assert not list((tmp_path / "back").iterdir())
        path.write_bytes(whole)


def test_a_part_of_an_index_is_not_taken_for_one(folder, recorder, address, store, tmp_path):
    record(recorder, 0)
    Uploader(folder, store).upload()
    newest = newest_index(store).name
    part = (tmp_path / "store" / "a" / newest).read_bytes()[:-9]
    name = newest.replace("-000000001-", "-000000002-")
    (tmp_path / "store" / "a" / name).write_bytes(part)
    assert newest_index(store).name == newest
    assert turns_in(back(address, tmp_path / "back")) == [0]


def test_pieces_with_a_gap_are_no_file():
    piece = {"name": "data/x", "offset": 1, "bytes": 1, "sha256": ""}
    with pytest.raises(ValueError, match="leave a gap"):
        Index.model_validate(
            {
                "run": "a",
                "created": "2026-01-01T00:00:00Z",
                "at": "2026-01-01T00:00:00Z",
                "state": "running",
                "files": [{"path": "wal/x", "pieces": [piece]}],
            }
        )


# -- bringing back and reading ---------------------------------------------------------------------


def test_bringing_back_writes_over_nothing_and_says_what_there_is(
    folder, recorder, address, store, tmp_path
):
    record(recorder, 0)
    with pytest.raises(UsageError, match="there is no mirror of a run"):
        back(address, tmp_path / "back")
    Uploader(folder, store).upload()
    with pytest.raises(UsageError, match="is there already"):
        bring_back(address.child("a"), folder.parent)
    assert [(name, index.state) for name, index in mirrored_runs(address)] == [("a", "created")]


def test_a_copy_to_read_is_as_new_as_the_mirror_and_reads_only_what_changed(
    folder, recorder, address, store, tmp_path, monkeypatch
):
    monkeypatch.setattr(downloading, "user_cache_path", lambda name: tmp_path / "cache" / name)
    copied = []
    copy = downloading._copy

    def counted(store, piece, file):
        copied.append(piece)
        copy(store, piece, file)

    monkeypatch.setattr(downloading, "_copy", counted)
    uploader = Uploader(folder, store)
    record(recorder, 0)
    uploader.upload()
    assert turns_in(cached(address.child("a"))) == [0]
    first = len(copied)
    cached(address.child("a"))
    assert len(copied) == first
    recorder.seal()
    record(recorder, 1)
    uploader.upload()
    found = cached(address.child("a"))
    assert turns_in(found) == [0, 1]
    assert len(copied) - first < len(newest_index(store).content.files)  # the mark was there
    with pytest.raises(UsageError, match="a copy of a mirror"):
        downloading.check_no_copy(found)


# -- addresses and pieces --------------------------------------------------------------------------


def test_secrets_of_an_address_are_never_shown():
    address = MirrorAddress.read(
        "s3://KEY:SECRETX@bucket/runs?endpoint_override=http://me:pw@host:1&token=hidden"
    )
    assert address.has_secrets
    shown = [str(address), str(address.child("a")), repr(str(address.parent))]
    shown.append(address.scrubbed(f"no access with KEY and SECRETX to {address.url}"))
    for text in shown:
        assert not any(word in text for word in ("KEY", "SECRETX", "hidden", "me:pw"))
    assert str(MirrorAddress.read("s3://b/p?region=x")) == "s3://b/p?region=x"
    assert not MirrorAddress.read("s3://b/p?region=x").has_secrets


@pytest.mark.parametrize(
    "text",
    ["ftp://x/y", "s3:/b/p", "s3://", "/tmp/x", "file://host/x", "file://x", "s3://b/../c", "s3"],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(UsageError):
        MirrorAddress.read(text)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 1 << 20), min_size=1, max_size=200))
def test_pieces_cover_a_growing_file_and_stay_few(growths):
    pieces, size, moved = [], 0, 0
    for growth in growths:
        size += growth
        offset, length = next_range(pieces, size)
        assert offset + length == size
        while sum(pieces) > offset:
            pieces.pop()
        assert sum(pieces) == offset  # it begins where a piece begins
        pieces.append(length)
        moved += length
        assert next_range(pieces, size) is None
    assert sum(pieces) == size


def test_each_byte_goes_up_few_times():
    pieces, moved = [], 0
    for size in range(1000, 4_000_001, 1000):
        offset, length = next_range(pieces, size)
        pieces = [*_before(pieces, offset), length]
        moved += length
        assert len(pieces) < 40
    assert moved < 6 * size


def _before(pieces, offset):
    kept = []
    for piece in pieces:
        if sum(kept) < offset:
            kept.append(piece)
    return kept
