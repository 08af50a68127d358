"""Duplicates, samples, splits and changes of a catalogue, in Python and on the command line."""

import json

import pytest
from typer.testing import CliRunner

from simnet.cli.personas.app import app
from simnet.errors import UsageError
from simnet.personas import Catalogue, Persona, load_personas
from simnet.personas.sources import Source

pytestmark = pytest.mark.slow
"""LanceDB takes seconds to import."""

NURSE = "A nurse on a night shift who coordinates supplies for the ward and sings in a choir"
PEOPLE = [
    Persona(id="n1", description=NURSE, attributes={"labels": ["care", "music"], "age": 30}),
    Persona(id="n2", description=NURSE.upper() + "!", attributes={"labels": ["care"], "age": 40}),
    Persona(id="n3", description=NURSE + "s", attributes={"labels": ["music"], "age": 50}),
    Persona(id="p1", description="A pilot of ferries in the north.", attributes={"age": 60}),
    Persona(id="p2", description="A ferry pilot in the north.", attributes={"town": "Oslo"}),
]


@pytest.fixture
def folder(tmp_path):
    Catalogue.open(tmp_path / "c").add(PEOPLE, Source("people.json", "simnet", "CC0-1.0", "v1"))
    return tmp_path / "c"


def ids(entries):
    return [entry.persona.id for entry in entries]


def call(folder, *words):
    done = CliRunner().invoke(app, [*words, "--in", str(folder)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize(
    ("method", "threshold", "found"),
    [
        ("exact", None, {"n2": "n1"}),
        ("minhash", None, {"n2": "n1", "n3": "n1"}),
        ("vector", 0.9, {"n3": "n1", "p2": "p1"}),
    ],
)
def test_duplicates_are_listed_by_method(folder, method, threshold, found):
    listed = Catalogue.open(folder).duplicates(method, threshold=threshold)
    assert found.items() <= {one.id: one.of for one in listed}.items()
    assert all((threshold or 0.8) <= one.score <= 1 for one in listed)


def test_duplicates_are_removed_and_can_be_brought_back(folder):
    catalogue = Catalogue.open(folder)
    assert [one.id for one in catalogue.dedupe("minhash")] == ["n2", "n3"]
    assert ids(catalogue) == ["n1", "p1", "p2"]
    assert catalogue.dedupe("minhash") == []
    catalogue.restore(catalogue.versions()[0].number)
    assert len(catalogue) == 5
    with pytest.raises(UsageError, match=r"no method 'minihash'.*did you mean 'minhash'"):
        catalogue.duplicates("minihash")
    with pytest.raises(UsageError, match="threshold is 2"):
        catalogue.duplicates("vector", threshold=2)
    with pytest.raises(UsageError, match="did you mean 'labels'"):
        catalogue.duplicates(field="label")


def test_samples_are_drawn_by_seed_quota_and_diversity(folder):
    catalogue = Catalogue.open(folder)
    assert ids(catalogue.sample(3, seed=1)) == ids(Catalogue.open(folder).sample(3, seed=1))
    assert len({tuple(ids(catalogue.sample(3, seed=seed))) for seed in range(10)}) > 3
    drawn = catalogue.sample(by="labels", quotas={"care": 1, "music": 2}, seed=4)
    assert set(ids(drawn)) == {"n1", "n2", "n3"}
    assert set(ids(catalogue.sample(4, by="source", filter="age > 30 or town = 'Oslo'"))) == {
        *("n2", "n3", "p1", "p2")
    }
    kinds = {key[0] for key in ids(catalogue.sample(2, diverse=True, seed=3))}
    assert kinds == {"n", "p"}
    for wrong in (
        {},
        {"size": 6},
        {"quotas": {"care": 1}},
        {"size": 1, "by": "labels", "diverse": True},
    ):
        with pytest.raises(UsageError):
            catalogue.sample(**wrong)


def test_splits_are_stratified(folder):
    parts = Catalogue.open(folder).split({"train": 0.6, "test": 0.4}, seed=2, by="labels")
    assert {name: len(entries) for name, entries in parts.items()} == {"train": 3, "test": 2}
    assert sorted(ids(parts["train"] + parts["test"])) == ids(Catalogue.open(folder))


def test_the_command_dedupe_lists_and_removes(folder):
    plain = call(folder, "dedupe", "--dry-run")
    assert plain == "n2\tn1\t1.000\n1 duplicate would be removed\n"
    asked = json.loads(call(folder, "dedupe", "--method", "minhash", "--json"))
    assert asked["removed"] is True
    assert [one["id"] for one in asked["duplicates"]] == ["n2", "n3"]
    assert len(Catalogue.open(folder)) == 3


def test_the_command_sample_writes_a_file_that_is_read_again(folder, tmp_path):
    out = tmp_path / "new" / "drawn.jsonl"
    words = ("sample", "--by", "labels", "--quota", "care=1", "--quota", "music=1", "--seed", "3")
    assert call(folder, *words, "--out", str(out)) == f"2 personas: {out}\n"
    again = load_personas(out)
    known = {entry.persona.id: entry for entry in Catalogue.open(folder)}
    assert all(one == known[one.id].persona for one in again)
    assert {one.source for one in again} == {Source("people.json", "simnet", "CC0-1.0", "v1")}
    assert [line.split("\t")[0] for line in call(folder, *words).splitlines()] == [
        one.id for one in again
    ]
    assert len(json.loads(call(folder, "sample", "2", "--json"))["personas"]) == 2
    for wrong in ("music", "=3", "music=x"):
        with pytest.raises(UsageError, match="write a name, = and a number"):
            call(folder, "sample", "--by", "labels", "--quota", wrong)


def test_files_of_personas_have_a_known_ending_and_replace_nothing_unasked(folder, tmp_path):
    out = str(tmp_path / "two.parquet")
    call(folder, "sample", "2", "--out", out)
    again = load_personas(out)
    entries = Catalogue.open(folder).sample(2)
    assert [(one, one.source) for one in again] == [tuple(entry) for entry in entries]
    parts = ("split", "--part", "all=1", "--out", str(tmp_path / "parts"))
    call(folder, *parts)
    for words in (("sample", "1", "--out", out), parts):
        with pytest.raises(
            UsageError, match="exists already; choose another name, or pass --force"
        ):
            call(folder, *words)
        call(folder, *words, "--force")
    assert len(load_personas(out)) == 1
    for name in ("two.csv", "two"):
        with pytest.raises(UsageError, match=r"ends with \.jsonl or \.parquet"):
            call(folder, "sample", "1", "--out", name)
    with pytest.raises(UsageError, match=r"give a folder without \.jsonl"):
        call(folder, "split", "--part", "all=1", "--out", "parts.jsonl")


def test_the_command_split_writes_a_file_for_each_part(folder, tmp_path):
    words = ("--part", "train=0.8", "--part", "held-out=0.2", "--out", str(tmp_path / "parts"))
    told = call(folder, "split", *words)
    assert told.splitlines()[0] == f"4 personas: {tmp_path / 'parts' / 'train.jsonl'}"
    read = [load_personas(tmp_path / "parts" / f"{name}.jsonl") for name in ("train", "held-out")]
    assert sorted(one.id for several in read for one in several) == ids(Catalogue.open(folder))
    with pytest.raises(UsageError, match="a part is a file"):
        call(folder, "split", "--part", "../x=1", "--out", str(tmp_path))


def test_the_commands_update_remove_and_versions(folder, tmp_path):
    sets = ("--set", "description=Dives.", "--set", "age=31", "--set", 'labels=["sea"]')
    assert call(folder, "update", "n1", *sets, "--set", "note=a=b").startswith("n1 changed")
    persona, source = Catalogue.open(folder).get("n1")
    assert persona.description == "Dives."
    assert persona.attributes == {"labels": ["sea"], "age": 31, "note": "a=b"}
    assert source == Source("people.json", "simnet", "CC0-1.0", "v1")
    assert call(folder, "update", "n1", "--set", "age=31").startswith("n1 is so already")
    call(folder, "update", "n1", "--unset", "note", "--unset", "age")
    assert Catalogue.open(folder).get("n1").persona.attributes == {"labels": ["sea"]}
    file = tmp_path / "changed.json"
    file.write_text(json.dumps([{"id": "p1", "description": "Rows."}]), encoding="utf-8")
    assert call(folder, "update", "--file", str(file)).startswith("1 persona of 1 changed")
    assert call(folder, "remove", "p1", "p2").startswith("2 personas removed; 3 are left")
    assert call(folder, "remove", "--filter", "age > 45").startswith("1 persona removed")
    listed = json.loads(call(folder, "versions", "--json"))["versions"]
    assert [one["change"] for one in listed] == ["add", *["update"] * 3, *["remove"] * 2]
    assert [one["personas"] for one in listed] == [5, 5, 5, 5, 3, 2]
    call(folder, "versions", "--restore", str(listed[0]["number"]))
    assert [entry.persona for entry in Catalogue.open(folder)] == PEOPLE
    assert call(folder, "versions").splitlines()[-1].endswith("\t5\trestore")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["update"], "give an id with --set"),
        (["update", "n1"], "give an id with --set"),
        (["update", "--file", "no.jsonl"], "no.jsonl: there is no such file or folder"),
        (["update", "n1", "--set", "age"], "write FIELD=VALUE"),
        (["update", "n1", "--set", "id=x"], "an id cannot be changed"),
        (["update", "n1", "--unset", "agee"], "no attribute 'agee'; did you mean 'age'"),
        (["remove"], "either ids or a filter"),
        (["remove", "--filter", "agee > 3"], "there is no field 'agee'"),
        (["versions", "--restore", "77"], "has no version 77"),
        (["search"], "give words, --filter, or both"),
        (["search", "x", "--filter", "age >"], "the filter ends"),
        (["sample"], "give a size, or quotas"),
        (["sample", "9"], "9 are wanted, and there are 5"),
        (["sample", "1", "--by", "labels", "--quota", "a=1"], "and no size"),
    ],
)
def test_commands_that_are_wrong_are_told_before_anything_is_changed(folder, words, problem):
    with pytest.raises(UsageError, match=problem):
        call(folder, *words)
    assert len(Catalogue.open(folder).versions()) == 1


def size(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_changes_do_not_grow_the_disk_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr("simnet.personas.catalogue.table_store.KEPT_VERSIONS", 2)
    monkeypatch.setattr("simnet.personas.catalogue.table_store.MOST_VERSIONS", 3)
    catalogue = Catalogue.open(tmp_path)
    sizes = []
    for change in range(6):
        people = [
            Persona(id=f"p{number}", description=f"{NURSE}, {number} in {change}")
            for number in range(500)
        ]
        catalogue.update(people) if change else catalogue.add(people)
        catalogue.search("night")  # makes the index at first
        sizes.append(size(tmp_path))
    assert sizes[5] < 1.1 * sizes[3] < 1.3 * sizes[2], sizes
    versions = catalogue.versions()
    assert [one.change for one in versions] == ["update"] * 2
    catalogue.restore(versions[0].number)
    assert catalogue.get("p1").persona.description.endswith("1 in 4")
    assert len(catalogue) == 500


def test_old_versions_are_removed_on_demand(folder):
    catalogue = Catalogue.open(folder)
    for number in range(3):
        catalogue.add([Persona(id=f"x{number}", description=f"{NURSE} {number}"[:199] * 99)])
    catalogue.remove(["x0"])
    before = size(folder)
    kept = json.loads(call(folder, "versions", "--keep", "2", "--json"))["versions"]
    assert [one["personas"] for one in kept] == [8, 7]
    old = Catalogue.open(folder, version=kept[0]["number"])
    assert len(list(old)) == len(old) == 8
    assert catalogue.prune() == 1
    assert [one.personas for one in catalogue.versions()] == [7]
    assert size(folder) < before
    assert len(list(catalogue)) == 7
    assert ids(catalogue.search("pilot"))[0] in {"p1", "p2"}
    with pytest.raises(UsageError, match="keep is 0"):
        catalogue.prune(0)
