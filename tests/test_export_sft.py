"""Fine-tuning sets load with `datasets`, name the source of rows and count what is left out."""

import hashlib
import json
from pathlib import Path

import datasets
import huggingface_hub
import pyarrow.parquet as pq
import pytest
from made_rows import call, event

from simnet.errors import RecordError, UsageError
from simnet.export.folders import card_parts
from simnet.export.training_sets.sft import export_sft
from simnet.recording.files.manifest import ModelFacts, RecordedScenario
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
    reply(2, "ana", "troll", "A whole one. cut off in the mid", marks=("at_limit",)),
    reply(3, "ana", "troll", "I cannot help with that.", marks=("refusal",)),
    reply(4, "ana", "troll", "again", marks=("repeat",)),
    reply(5, "bob", "supporter", "You do you."),
    reply(6, "bob", "supporter", "hm")._replace(outcome="refused", reason="gone", made=None),
    reply(7, "bob", "supporter", "  "),
]
SYSTEM = "Reply to posts."
SERVED = f'@eve: "{POST}"'


def served(row, **fields):
    """Make the call that gave a reply whose text is the whole completion."""
    fields = {"system": SYSTEM, "user": SERVED, "completion": row.text, **fields}
    return call(row.turn, row.who)._replace(**fields)


def a_run(tmp_path, events=EVENTS, calls=None):
    facts = {"scenario": RecordedScenario(name="tacos"), "model": ModelFacts(name="smol")}
    directory = RunDirectory.create(tmp_path / "runs", "tacos", seed=3, **facts)
    replies = [row for row in events if row.verb == "reply"]
    with Recorder(directory.path) as recorder:
        recorder.append("events", encode("events", events))
        recorder.append("calls", encode("calls", calls or [served(row) for row in replies]))
        recorder.append("personas", encode("personas", PEOPLE))
        recorder.seal()
    return Run.open(directory.path)


def chats(run, out, cohort="troll", **options):
    """Export a run and return the rows of one subset."""
    export_sft(run, out, force=out.exists(), **options)
    return pq.read_table(out / f"data/format_sft_{cohort}").to_pylist()


def loaded(out, name, tmp_path):
    cache = str(tmp_path / "cache")
    return datasets.load_dataset(str(out), name, split="train", cache_dir=cache)


def test_each_type_of_follower_is_a_subset_that_datasets_loads(tmp_path):
    out = tmp_path / "sft"
    subsets = export_sft(a_run(tmp_path), out)
    assert [(one.name, one.rows) for one in subsets] == [
        ("format_sft_supporter", 1),
        ("format_sft_troll", 2),
    ]
    assert datasets.get_dataset_config_names(str(out)) == [one.name for one in subsets]
    troll = loaded(out, "format_sft_troll", tmp_path)
    assert troll[0] == {
        "messages": [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": SERVED},
            {"role": "assistant", "content": "Late is a lifestyle!"},
        ],
        "post": POST,
        "persona": PORTRAIT,
        "interaction_troll": "Late is a lifestyle!",
        "run": next((tmp_path / "runs").iterdir()).name,
        "event": 1,
        "persona_id": "ana",
        "turn": 1,
        "model": "fake",
        "adapter": None,
        "prompt_hash": f"{1:032x}",
    }
    assert loaded(out, "format_sft_supporter", tmp_path)["interaction_supporter"] == ["You do you."]


def test_the_post_alone_is_answered_where_that_is_asked_for(tmp_path):
    first, *_ = chats(a_run(tmp_path), tmp_path / "sft", prompts="post")
    assert first["messages"] == [
        {"role": "user", "content": POST},
        {"role": "assistant", "content": "Late is a lifestyle!"},
    ]
    assert "Setting, rules, manner and persona are not in it" in card_of(tmp_path)
    chats(a_run(tmp_path), tmp_path / "sft")
    assert "Each chat is the one that was served" in card_of(tmp_path)
    assert "The longest chat had 12 tokens when it was served" in card_of(tmp_path)


def card_of(folder):
    return (folder / "sft/README.md").read_text(encoding="utf-8")


def test_distilabel_s_columns_are_there_when_asked_for(tmp_path):
    out = tmp_path / "sft"
    first, *_ = chats(a_run(tmp_path), out, prompts="post", columns="distilabel")
    assert first["prompt"] == POST
    assert first["prompt_id"] == hashlib.sha256(POST.encode()).hexdigest()
    assert {"post", "persona", "interaction_troll", "messages"} <= first.keys()
    assert 'select_columns(["messages"])' in card_of(tmp_path)


@pytest.mark.parametrize("columns", ["messages", "prompt-completion"])
def test_columns_that_trl_takes_otherwise_are_not_there(tmp_path, columns):
    export_sft(a_run(tmp_path), tmp_path / "sft", columns=columns)
    features = loaded(tmp_path / "sft", "format_sft_troll", tmp_path).features
    string = datasets.Value("string")
    chat = datasets.List({"role": string, "content": string})
    pair = {"prompt": chat, "completion": chat}
    found = {name: features[name] for name in features if features[name] == chat}
    assert found == ({"messages": chat} if columns == "messages" else pair)
    assert not features.keys() - found.keys() & {"prompt", "completion", "text", "conversations"}


def test_what_is_left_out_is_counted_by_cause_in_the_readme(tmp_path):
    subsets = export_sft(a_run(tmp_path), tmp_path / "sft")
    assert {one.type: one.left_out for one in subsets} == {
        "troll": {"refusal": 1, "at_limit": 1},
        "supporter": {"refused": 1, "empty": 1},
    }
    header = "| left out: at_limit | left out: empty | left out: refusal | left out: refused |"
    assert header in card_of(tmp_path)
    assert "| format_sft_troll | troll | 2 | 0 | 0 | 0 | 1 | 0 | 1 | 0 |" in card_of(tmp_path)
    assert "Replies by fake" in card_of(tmp_path), "the model that the calls name"
    assert "1 persona from villagers; its licence applies" in card_of(tmp_path)


def test_flagged_replies_are_there_when_asked_for(tmp_path):
    subsets = export_sft(a_run(tmp_path), tmp_path / "sft", include_marked=True, at_limit="keep")
    assert {one.type: (one.rows, one.cut, one.left_out) for one in subsets} == {
        "troll": (4, 1, {}),
        "supporter": (2, 0, {"refused": 1}),
    }


def test_a_reply_at_the_limit_is_cut_after_its_last_sentence_when_asked_for(tmp_path):
    events = [*EVENTS[:3], reply(8, "ana", "troll", "no stop in it", marks=("at_limit",))]
    run = a_run(tmp_path, events)
    assert [one["interaction_troll"] for one in chats(run, tmp_path / "sft", at_limit="cut")] == [
        "Late is a lifestyle!",
        "A whole one.",
    ]
    (subset,) = export_sft(run, tmp_path / "sft", force=True, at_limit="cut")
    assert (subset.shortened, subset.cut, subset.left_out) == (1, 0, {"at_limit": 1})


def test_a_completion_that_ran_out_of_tokens_is_at_the_limit_whatever_its_flags(tmp_path):
    events = [*EVENTS[:2], reply(2, "ana", "troll", "and then I")]
    calls = [served(events[1]), served(events[2], finish="length")]
    (subset,) = export_sft(a_run(tmp_path, events, calls), tmp_path / "sft")
    assert (subset.rows, subset.left_out) == (1, {"at_limit": 1})


def test_later_actions_of_a_turn_have_the_flags_of_its_first_row(tmp_path):
    first = reply(1, "ana", "troll", "Hm.", marks=("repeat",))
    second = reply(1, "ana", "troll", "Late is a lifestyle!", part=1, made=9)
    run = a_run(
        tmp_path,
        [EVENTS[0], first, second],
        [served(first, completion="Hm.\nLate is a lifestyle!")],
    )
    (subset,) = export_sft(run, tmp_path / "sft")
    assert subset.rows == 2
    with pytest.raises(UsageError, match="2 repeat"):
        export_sft(run, tmp_path / "sft", force=True, leave_out=["repeat"])


def test_a_text_with_all_characters_that_its_pattern_allows_is_at_the_limit(tmp_path):
    events = [*EVENTS[:2], reply(2, "ana", "troll", "and then I")]
    calls = [
        served(row, pattern=rf"[^\s][^\n\r]{{0,{limit}}}")
        for row, limit in zip(events[1:], (99, 9), strict=True)
    ]
    (subset,) = export_sft(a_run(tmp_path, events, calls), tmp_path / "sft")
    assert (subset.rows, subset.left_out) == (1, {"at_limit": 1})


def test_flags_of_one_s_own_leave_replies_out(tmp_path):
    def sells(text):
        return ["advertisement"] if "buy" in text.casefold() else []

    events = [*EVENTS[:2], reply(2, "ana", "troll", "Buy my watch!"), EVENTS[4]]
    run = a_run(tmp_path, events)
    options = {"flagger": sells, "leave_out": ["advertisement", "repeat"]}
    (subset,) = export_sft(run, tmp_path / "sft", **options)
    assert (subset.rows, subset.left_out) == (1, {"advertisement": 1, "repeat": 1})


def test_a_type_of_which_nothing_is_left_is_told_of_and_has_no_configuration(tmp_path):
    out = tmp_path / "sft"
    supporter, _troll = export_sft(a_run(tmp_path, [*EVENTS[:2], EVENTS[7]]), out)
    assert (supporter.rows, supporter.file) == (0, None)
    assert datasets.get_dataset_config_names(str(out)) == ["format_sft_troll"]
    assert "| format_sft_supporter | supporter | 0 | 0 | 0 | 0 | 1 |" in card_of(tmp_path)


def test_an_earlier_export_is_replaced_only_by_force(tmp_path):
    out, run = tmp_path / "sft", a_run(tmp_path)
    out.mkdir()
    with pytest.raises(UsageError, match="exists already"):
        export_sft(run, out)
    export_sft(run, out, force=True)
    before = card_of(tmp_path)
    export_sft(run, out, force=True, prompts="post")
    assert card_of(tmp_path) != before
    assert sorted(path.name for path in out.iterdir()) == ["README.md", "data"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs", "sft"]
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="exists already"):
        export_sft(run, tmp_path / "file", force=True)


@pytest.mark.parametrize("names", [["mine.txt"], ["README.md"], ["data", "README.md"], ["data"]])
def test_a_folder_that_is_no_export_is_never_replaced(tmp_path, names, monkeypatch):
    run = a_run(tmp_path)
    home = tmp_path / "home"
    home.mkdir()
    for name in names:
        (home / name).write_text("precious")
    monkeypatch.chdir(home)
    for out in (home, Path()):
        with pytest.raises(UsageError, match="holds files that no export wrote"):
            export_sft(run, out, force=True)
    assert {path.name: path.read_text() for path in home.iterdir()} == dict.fromkeys(
        names, "precious"
    )


def test_failed_turns_are_counted_with_what_is_left_out(tmp_path):
    failed = event(9, "ana", cohort="troll", verb="pass", outcome="failed", made=None)
    (subset,) = export_sft(a_run(tmp_path, [*EVENTS[:2], failed]), tmp_path / "sft")
    assert (subset.rows, subset.left_out) == (1, {"failed": 1})


@pytest.mark.parametrize(
    ("events", "told"),
    [
        (EVENTS[:1], "no replies to export"),
        ([EVENTS[0], EVENTS[3]], r"every reply .* is left out \(1 refusal\)"),
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
    monkeypatch.setattr(card_parts, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r'pip install "\.\[hub\]"'):
        export_sft(a_run(tmp_path), tmp_path / "sft")
    assert not (tmp_path / "sft").exists()
