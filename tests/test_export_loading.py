"""`datasets` loads every export, and distilabel's own step makes the same columns as ours."""

import sqlite3
from contextlib import closing

import datasets
import pytest
from made_exports import EVENTS, NASTY, made_run
from typer.testing import CliRunner

from simnet.cli.app import app
from simnet.export.training_sets.sft import export_sft
from simnet.recording.schema import TABLES

pytestmark = pytest.mark.slow
KINDS = {
    "sft": {"format_sft_authors", "format_sft_troll", "format_sft_fan"},
    "threads": {"threads_authors", "threads_troll", "threads_fan"},
    "dpo": {"dpo_troll"},
    "kto": {"kto_troll"},
    "graphs": {"follows", "replies", "reposts", "likes", "mentions"},
    "csv": set(TABLES) - {"metrics", "ledger", "state"},
    "jsonl": set(TABLES) - {"metrics", "ledger", "state"},
    "syndisco": {"discussions"},
}
OPTIONS = {"dpo": ["--min-exposures", "4"], "kto": ["--min-exposures", "4"]}


@pytest.fixture(scope="module", name="soup")
def _soup(tmp_path_factory):
    """The run of made_exports."""
    return made_run(tmp_path_factory.mktemp("soup"))


def load(folder, name, tmp_path):
    return datasets.load_dataset(str(folder), name, cache_dir=str(tmp_path / "cache"))


def export(kind, soup, out, *options):
    words = ["export", kind, str(soup.path), "--out", str(out), *OPTIONS.get(kind, []), *options]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("kind", KINDS)
def test_datasets_loads_every_configuration_of_every_kind(soup, tmp_path, kind):
    export(kind, soup, tmp_path / "out")
    names = datasets.get_dataset_config_names(str(tmp_path / "out"))
    assert set(names) == KINDS[kind]
    for name in names:
        loaded = load(tmp_path / "out", name, tmp_path)
        assert len(loaded["train"]) > 0
    if kind in {"csv", "jsonl"}:
        events = load(tmp_path / "out", "events", tmp_path)["train"]
        assert len(events) == soup.table("events").count_rows()
        assert NASTY in events["text"]


@pytest.mark.parametrize(("kind", "name"), [("sft", "format_sft_troll"), ("jsonl", "events")])
def test_a_folder_of_the_same_name_with_other_rows_is_not_read_from_the_cache(
    soup, tmp_path, kind, name
):
    loud = [row._replace(text=row.text and row.text.upper()) for row in EVENTS]
    other = made_run(tmp_path, loud)
    column = "interaction_troll" if kind == "sft" else "text"
    texts = []
    for run, place in ((soup, "first"), (other, "second"), (soup, "third")):
        export(kind, run, tmp_path / place / "out")
        texts.append(list(load(tmp_path / place / "out", name, tmp_path)["train"][column]))
    assert texts[1] == [text and text.upper() for text in texts[0]] != texts[0]
    assert texts[2] == texts[0]


@pytest.mark.parametrize("kind", ["sft", "threads", "kto"])
def test_datasets_loads_both_splits(soup, tmp_path, kind):
    export(kind, soup, tmp_path / "out", "--validation", "0.5", "--keep-together", "persona")
    export(kind, soup, tmp_path / "all")
    divided = 0
    for name in datasets.get_dataset_config_names(str(tmp_path / "out")):
        found = load(tmp_path / "out", name, tmp_path)
        whole = load(tmp_path / "all", name, tmp_path)["train"]
        people = [set(side["persona_id"]) for side in found.values()]
        assert sum(len(side) for side in found.values()) == len(whole)
        if len(people) == 2:
            assert people[0].isdisjoint(people[1])
            divided += 1
    assert divided


def test_datasets_reads_tables_of_the_oasis_database(soup, tmp_path):
    export("oasis", soup, tmp_path / "out")
    with closing(sqlite3.connect(tmp_path / "out/oasis.db")) as database:
        rows = datasets.Dataset.from_sql(
            "SELECT comment_id, content FROM comment", database, cache_dir=str(tmp_path / "cache")
        )
        assert NASTY in rows["content"]


@pytest.mark.filterwarnings("ignore:Importing from 'distilabel.llms':DeprecationWarning")
@pytest.mark.parametrize("options", [{"prompts": "post"}, {"prompts": "served"}], ids=str)
def test_distilabel_s_columns_are_those_that_its_own_step_makes(soup, tmp_path, options):
    steps = pytest.importorskip("distilabel.steps")
    export_sft(soup, tmp_path / "out", columns="distilabel", **options)
    ours = load(tmp_path / "out", "format_sft_troll", tmp_path)["train"]
    step = steps.FormatTextGenerationSFT(
        name="format_sft_troll",
        input_mappings={"instruction": "post", "generation": "interaction_troll"},
    )
    step.load()
    given = []
    for row in ours:
        system = [one["content"] for one in row["messages"] if one["role"] == "system"]
        fields = {
            "instruction": row["messages"][-2]["content"],
            "generation": row["interaction_troll"],
        }
        given.append(fields | ({"system_prompt": system[0]} if system else {}))
    made = next(step.process(given))
    assert len(made) == len(ours) == 4
    for own, theirs in zip(ours, made, strict=True):
        assert {name: own[name] for name in step.outputs} == {
            name: theirs[name] for name in step.outputs
        }
        assert own["post"] == "Is soup a drink? Ask @ana." or own["event"] == 6
