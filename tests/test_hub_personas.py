"""Personas out of data sets: on the Hugging Face hub by name, and in local folders."""

from pathlib import Path
from shutil import copytree

import pytest

from simnet.errors import PersonaError
from simnet.personas import load_personas
from simnet.personas.sources import read, read_batches
from simnet.personas.sources.reading import hub

ROWS = {
    "persona": ["A botanist.", "A cellist."],
    "labels": ['["Botany"]', "['Music']"],
    "embedding": [[0.5, 0.5], [0.5, 0.5]],
}
CARD = """---
license: llama3
configs:
- config_name: first
  data_files: data/*.parquet
- config_name: second
  data_files: data/*.parquet
---
# Personas
"""


@pytest.fixture(scope="module", name="folders")
def _folders(tmp_path_factory):
    datasets = pytest.importorskip("datasets")
    folder = tmp_path_factory.mktemp("sets")
    rows = datasets.Dataset.from_dict(ROWS)
    rows.save_to_disk(folder / "one")
    datasets.DatasetDict({"train": rows, "test": rows.take(1)}).save_to_disk(folder / "two")
    (folder / "card/data").mkdir(parents=True)
    rows.to_parquet(folder / "card/data/train-00000.parquet")
    (folder / "card/README.md").write_text(CARD)
    return folder


@pytest.mark.slow
def test_a_folder_that_save_to_disk_wrote_is_read_with_its_labels(folders):
    people, source = read(folders / "one")
    assert [one.attributes for one in people] == [{"labels": ["Botany"]}, {"labels": ["Music"]}]
    assert (source.file, source.format) == ("one", "finepersonas")
    assert source.revision.startswith("sha256:")


@pytest.mark.slow
def test_a_split_is_chosen_by_name_and_has_to_be_if_there_are_several(folders):
    assert len(load_personas(f"hub:{folders / 'two'}::test")) == 1
    assert len(load_personas(f"hub:{folders / 'two'}::train", limit=1)) == 1
    with pytest.raises(PersonaError, match="has several splits; there are train, test"):
        load_personas(folders / "two")
    with pytest.raises(PersonaError, match="has no split 'tset'; did you mean 'test'"):
        load_personas(f"hub:{folders / 'two'}::tset")


@pytest.mark.slow
def test_a_folder_of_data_files_with_a_card_has_its_configurations_and_licence(folders):
    batches = read_batches(f"hub:{folders / 'card'}:first", batch_size=1)
    assert [one.description for batch in batches for one in batch] == ROWS["persona"]
    assert (batches.source.file, batches.source.licence) == ("card:first", "llama3")
    with pytest.raises(PersonaError, match=r"name one of the available configs: .*first"):
        load_personas(folders / "card")
    with pytest.raises(PersonaError, match=r"'third' not found. Available: .*first"):
        load_personas(f"hub:{folders / 'card'}:third")


@pytest.mark.slow
def test_a_licence_that_the_hub_does_not_list_is_read_by_its_name(folders, tmp_path):
    folder = tmp_path / "card"
    copytree(folders / "card", folder)
    named = "license: other\nlicense_name: nvidia-open\n"
    (folder / "README.md").write_text(CARD.replace("license: llama3\n", named))
    batches = read_batches(f"hub:{folder}:first")
    assert len(next(batches)) == 2
    assert batches.source.licence == "nvidia-open"


@pytest.mark.slow
def test_a_name_without_a_network_is_told_of_in_one_sentence(monkeypatch):
    datasets = pytest.importorskip("datasets")

    def unreachable(*_, **__):
        raise ConnectionError("Couldn't reach it")

    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    with pytest.raises(PersonaError, match="the Hugging Face hub cannot be reached") as caught:
        load_personas("hub:nobody/nothing")
    assert "\n" not in str(caught.value)


def test_the_command_that_installs_a_missing_extra_is_told(monkeypatch):
    monkeypatch.setattr(hub, "find_spec", lambda _: None)
    with pytest.raises(PersonaError, match=r"read with datasets; install it, .*\.\[hub\]"):
        load_personas("hub:argilla/FinePersonas-v0.1")


@pytest.mark.parametrize("written", ["hub:", "hub::train", "hub:a:b:c:d"])
def test_what_names_no_data_set_is_told_how_to(written):
    with pytest.raises(PersonaError, match="write hub:NAME, hub:NAME:CONFIG"):
        load_personas(written)


def test_a_folder_of_anything_else_is_no_data_set(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(PersonaError, match=r"no catalogue, and without README\.md"):
        load_personas(tmp_path)
    assert not hub.is_data_set(Path("people.jsonl"))
