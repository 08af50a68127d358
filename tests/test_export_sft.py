"""Fine-tuning sets load with `datasets` and have the columns that TRL trains on."""

import hashlib
import json

import datasets
import huggingface_hub
import pytest
from made_rows import event

from simnet.errors import RecordError, UsageError
from simnet.export import card
from simnet.export.sft import export_sft
from simnet.recording.files.manifest import ModelFacts, ScenarioFacts
from simnet.recording.reading.run import Run
from simnet.recording.row_types import PersonaRow
from simnet.recording.schema import encode
from simnet.recording.writing.recorder import Recorder
from simnet.recording.writing.run_directory import RunDirectory

POST = "I'm always 10 minutes late. Could this be annoying? \u00e9\u4f60"
PORTRAIT = "Ana bakes. age: 40. likes: bread, jazz."
PEOPLE = [
    PersonaRow(
        "ana",
        "troll",
        "Ana bakes.",
        '{"age":40,"likes":["bread","jazz"]}',
        PORTRAIT,
        "villagers",
        0,
    ),
    PersonaRow("bob", "supporter", "Bob sails.", "{}", "Bob sails.", None, 1),
]


def reply(turn, who, cohort, text, **fields):
    row = event(turn, who, cohort=cohort, verb="reply", post=0, made=turn, root=0, text=text)
    return row._replace(**fields)


EVENTS = [
    event(0, "eve", cohort="authors", made=0, text=POST),
    reply(1, "ana", "troll", "Late is a lifestyle!"),
    reply(2, "ana", "troll", "cut off in the mid", marks=("at_limit",)),
    reply(3, "ana", "troll", "I cannot help with that.", marks=("refusal",)),
    reply(4, "ana", "troll", "again", marks=("repeat",)),
    reply(5, "bob", "supporter", "You do you."),
    reply(6, "bob", "supporter", "hm")._replace(outcome="refused", reason="gone", made=None),
    reply(7, "bob", "supporter", "  "),
]


def a_run(tmp_path, events=EVENTS):
    facts = {"scenario": ScenarioFacts(name="tacos"), "model": ModelFacts(name="smol")}
    directory = RunDirectory.create(tmp_path / "runs", "tacos", seed=3, **facts)
    with Recorder(directory.path) as recorder:
        recorder.append("events", encode("events", events))
        recorder.append("personas", encode("personas", PEOPLE))
        recorder.seal()
    return Run.open(directory.path)


def loaded(out, name, tmp_path):
    cache = str(tmp_path / "cache")
    return datasets.load_dataset(str(out), name, split="train", cache_dir=cache)


def test_each_type_of_follower_is_a_subset_that_datasets_loads(tmp_path):
    out = tmp_path / "sft"
    subsets = export_sft(a_run(tmp_path), out)
    assert [(one.name, one.rows) for one in subsets] == [
        ("format_sft_supporter", 1),
        ("format_sft_troll", 3),
    ]
    assert datasets.get_dataset_config_names(str(out)) == [one.name for one in subsets]
    troll = loaded(out, "format_sft_troll", tmp_path)
    assert troll[0] == {
        "post": POST,
        "persona": PORTRAIT,
        "interaction_troll": "Late is a lifestyle!",
        "prompt": POST,
        "prompt_id": hashlib.sha256(POST.encode()).hexdigest(),
        "messages": [
            {"role": "user", "content": POST},
            {"role": "assistant", "content": "Late is a lifestyle!"},
        ],
    }
    assert loaded(out, "format_sft_supporter", tmp_path)["interaction_supporter"] == ["You do you."]


def test_the_columns_are_trl_s_conversational_language_modelling_format(tmp_path):
    export_sft(a_run(tmp_path), tmp_path / "sft")
    features = loaded(tmp_path / "sft", "format_sft_troll", tmp_path).features
    string = datasets.Value("string")
    assert features["messages"] == datasets.List({"role": string, "content": string})
    assert all(features[name] == string for name in features if name != "messages")
    for example in loaded(tmp_path / "sft", "format_sft_troll", tmp_path):
        assert [message["role"] for message in example["messages"]] == ["user", "assistant"]
        assert example["prompt"] == example["messages"][0]["content"]


def test_what_is_left_out_is_counted_by_cause_in_the_readme(tmp_path):
    subsets = export_sft(a_run(tmp_path), tmp_path / "sft")
    assert {one.type: one.left_out for one in subsets} == {
        "troll": {"refusal": 1},
        "supporter": {"refused": 1, "empty": 1},
    }
    card = (tmp_path / "sft/README.md").read_text()
    header = "| rows | cut at the limit | left out: empty | left out: refusal | left out: refused |"
    assert header in card
    assert "| format_sft_troll | troll | 3 | 1 | 0 | 1 | 0 |" in card
    assert "Replies by smol" in card
    assert "1 personas from villagers; its licence applies" in card


def test_marked_replies_are_there_when_asked_for(tmp_path):
    subsets = export_sft(a_run(tmp_path), tmp_path / "sft", include_marked=True)
    assert {one.type: (one.rows, one.left_out) for one in subsets} == {
        "troll": (4, {}),
        "supporter": (2, {"refused": 1}),
    }


def test_a_type_of_which_nothing_is_left_is_told_of_and_has_no_configuration(tmp_path):
    out = tmp_path / "sft"
    supporter, _troll = export_sft(a_run(tmp_path, [*EVENTS[:2], EVENTS[7]]), out)
    assert (supporter.rows, supporter.file) == (0, None)
    assert datasets.get_dataset_config_names(str(out)) == ["format_sft_troll"]
    assert "| format_sft_supporter | supporter | 0 | 0 | 1 |" in (out / "README.md").read_text()


def test_a_folder_that_exists_is_replaced_only_by_force(tmp_path):
    out, run = tmp_path / "sft", a_run(tmp_path)
    out.mkdir()
    (out / "mine.txt").write_text("precious")
    with pytest.raises(UsageError, match="exists already"):
        export_sft(run, out)
    assert (out / "mine.txt").exists()
    export_sft(run, out, force=True)
    assert sorted(path.name for path in out.iterdir()) == ["README.md", "data"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs", "sft"]
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="exists already"):
        export_sft(run, tmp_path / "file", force=True)


@pytest.mark.parametrize(
    ("events", "told"),
    [
        (EVENTS[:1], "no replies to export"),
        ([EVENTS[0], EVENTS[3]], "every reply .* is left out"),
        ([*EVENTS[:2], reply(9, "ana", "a b", "x"), reply(10, "ana", "a/b", "y")], "share"),
    ],
)
def test_a_run_that_makes_no_set_is_refused_and_leaves_nothing(tmp_path, events, told):
    with pytest.raises(UsageError, match=told):
        export_sft(a_run(tmp_path, events), tmp_path / "sft")
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_a_reply_to_a_post_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(RecordError, match="answers a post that is not there"):
        export_sft(a_run(tmp_path, EVENTS[1:2]), tmp_path / "sft")


def test_a_type_with_spaces_and_slashes_makes_a_safe_name(tmp_path):
    events = [EVENTS[0], reply(1, "ana", "../night owl: 1", "hoot")]
    (subset,) = export_sft(a_run(tmp_path, events), tmp_path / "sft")
    assert subset.name == "format_sft__night_owl_1"
    assert (tmp_path / "sft" / subset.file).resolve().is_relative_to(tmp_path / "sft")
    assert loaded(tmp_path / "sft", subset.name, tmp_path)["interaction__night_owl_1"] == ["hoot"]


def test_a_broken_persona_row_names_itself(tmp_path):
    run = a_run(tmp_path, [EVENTS[0], reply(1, "zoe", "troll", "hi")])
    assert json.loads(PEOPLE[0].attributes)["age"] == 40
    with pytest.raises(RecordError, match="no persona 'zoe'"):
        export_sft(run, tmp_path / "sft")


def test_the_metadata_of_the_card_is_what_the_hub_reads(tmp_path):
    export_sft(a_run(tmp_path), tmp_path / "sft")
    metadata = huggingface_hub.DatasetCard.load(tmp_path / "sft/README.md").data.to_dict()
    files = {one["config_name"]: one["data_files"] for one in metadata.pop("configs")}
    assert files["format_sft_troll"] == [
        {"split": "train", "path": "data/format_sft_troll/train-00000.parquet"}
    ]
    assert metadata == {
        "license": "other",
        "task_categories": ["text-generation"],
        "tags": ["synthetic", "simnet"],
    }


def test_without_huggingface_hub_an_export_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setattr(card, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r'pip install "\.\[hub\]"'):
        export_sft(a_run(tmp_path), tmp_path / "sft")
    assert not (tmp_path / "sft").exists()
