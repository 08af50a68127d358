"""DPO and KTO sets prefer what others engaged with, for each time it was shown, or rated higher."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made_exports import EVENTS, act, answer, made_run
from typer.testing import CliRunner

from simnet.cli.app import app
from simnet.errors import EmptyExportError, InputError, UsageError
from simnet.export.folders.splits import Split
from simnet.export.training_sets.dpo import export_dpo
from simnet.export.training_sets.kto import export_kto
from simnet.export.training_sets.reply_scores import WEIGHTS, engagement_scores
from simnet.world.events import Exposure

FEW = {"min_exposures": 4, "include_marked": True}
"""Each reply of the run was shown to four others."""


@pytest.fixture(scope="module", name="soup")
def _soup(tmp_path_factory):
    """The run of made_exports."""
    return made_run(tmp_path_factory.mktemp("soup"))


def rows(out, part):
    return pq.read_table(out / "data" / part).to_pylist()


def message(role, content):
    return [{"role": role, "content": content}]


# -- scores -------------------------------------------------------------------------------


def test_engagement_is_that_of_others_at_the_end_for_each_time_a_reply_was_shown(soup, tmp_path):
    scores = engagement_scores(soup, WEIGHTS, least=4)
    # 1: two likes and a repost, and the author's own like that does not count
    assert (scores[1].engagement, scores[1].exposures, scores[1].value) == (3.0, 4, 0.75)
    assert scores[2].value == 0.0
    assert scores[3].value == 0.0, "the like was taken back"
    assert 5 not in scores, "it was shown to nobody"


def test_weights_say_what_counts(soup, tmp_path):
    scores = engagement_scores(soup, {"repost": 2.0, "dislike": -1.0, "reply": 0.5}, least=1)
    assert scores[1].engagement == 2.5, "a repost, and a reply by another"
    assert scores[2].engagement == -1.0
    with pytest.raises(UsageError, match="'liek' is no engagement; did you mean 'like'"):
        export_dpo(soup, tmp_path / "dpo", weights={"liek": 1.0})
    with pytest.raises(UsageError, match="weight of 'like' is nan"):
        export_dpo(soup, tmp_path / "dpo", weights={"like": float("nan")})


# -- DPO ----------------------------------------------------------------------------------


def test_the_reply_with_more_engagement_is_chosen_over_a_sibling_of_its_cohort(soup, tmp_path):
    exported = export_dpo(soup, tmp_path / "dpo", **FEW)
    assert exported.parts == {"dpo_troll": {"train": 1}}
    (row,) = rows(tmp_path / "dpo", "dpo_troll")
    assert row["prompt"] == message("user", "Is soup a drink? Ask @ana.")
    assert row["chosen"] == message("assistant", "Soup is a lifestyle!")
    assert row["rejected"][0]["role"] == "assistant"
    assert (row["chosen_event"], row["rejected_event"]) == (1, 3)
    assert (row["chosen_persona_id"], row["rejected_persona_id"]) == ("ana", "cy")
    assert (row["chosen_model"], row["chosen_exposures"], row["chosen_engagement"]) == (
        "fake",
        4,
        3,
    )
    assert row["margin"] == row["chosen_score"] - row["rejected_score"] == 0.75
    card = (tmp_path / "dpo/README.md").read_text(encoding="utf-8")
    assert "Minimum exposure: 4. Margin: 0.05." in card
    assert "Compared: replies to one post by personas of one cohort" in card
    assert "The strictest of them is **CC-BY-NC-SA-4.0** (2 personas)" in card
    assert "licence of 1 persona is unknown" in card


def test_more_pairs_of_a_post_use_each_reply_once(tmp_path):
    texts = [answer(40 + turn, "bob", f"Soup {turn}.", 10 + turn, 0) for turn in range(3)]
    shown = [Exposure(90.0, "eve", 90, number, number, 1.0, "new") for number in range(14)]
    likes = [act(60, "cy", "like", post=10, whom="bob"), act(61, "eve", "like", post=1, whom="ana")]
    run = made_run(tmp_path, [*EVENTS, *texts, *likes], shown=shown)
    choices = {**FEW, "min_exposures": 1, "pairs_per_post": 9, "margin": 0.5}
    export_dpo(run, tmp_path / "dpo", **choices)
    found = rows(tmp_path / "dpo", "dpo_troll")
    used = [row[f"{side}_event"] for row in found for side in ("chosen", "rejected")]
    assert [row["chosen_event"] for row in found] == [1, 10]
    assert len(set(used)) == len(used) == 4


def test_anyone_s_replies_are_compared_where_that_is_asked_for(soup, tmp_path):
    exported = export_dpo(soup, tmp_path / "dpo", comparable="anyone", **FEW)
    assert list(exported.parts) == ["dpo"]
    (row,) = rows(tmp_path / "dpo", "dpo")
    assert (row["chosen_cohort"], row["rejected_cohort"]) == ("troll", "fan")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({}, r"6 shown or rated too seldom\); lower --min-exposures 5 or give --ratings$"),
        ({**FEW, "margin": 0.8}, "1 under the margin"),
    ],
)
def test_no_pair_is_told_of_with_the_causes_and_leaves_no_folder(soup, tmp_path, options, why):
    with pytest.raises(EmptyExportError, match=why) as raised:
        export_dpo(soup, tmp_path / "dpo", **options)
    assert raised.value.exit_code == 1
    assert [path.name for path in tmp_path.iterdir()] == []


def test_what_was_given_already_is_not_advised(tmp_path):
    given = {"min_exposures": 1, "margin": 0.0, "comparable": "anyone"}
    run = made_run(tmp_path / "alone", EVENTS[:2])
    with pytest.raises(EmptyExportError) as raised:
        export_dpo(run, tmp_path / "dpo", **given)
    assert str(raised.value).endswith("(1 without a sibling)")
    nothing = made_run(tmp_path / "nothing", EVENTS[:1])
    with pytest.raises(EmptyExportError, match=f"show {nothing.id} --runs {nothing.path.parent}$"):
        export_dpo(nothing, tmp_path / "dpo")


def test_a_pair_whose_personas_are_in_two_splits_is_left_out(soup, tmp_path):
    options = {**FEW, "validation": 0.5, "keep_together": "persona"}
    splits = [Split(0.5, "persona", seed) for seed in range(12)]
    apart = [one.seed for one in splits if one.side("ana", "") != one.side("cy", "")]
    assert 0 < len(apart) < 12
    for seed in range(12):
        if seed in apart:
            with pytest.raises(EmptyExportError, match="1 in a pair of two splits"):
                export_dpo(soup, tmp_path / "none", split_seed=seed, **options)
        else:
            exported = export_dpo(soup, tmp_path / f"{seed}", split_seed=seed, **options)
            assert list(exported.parts["dpo_troll"].values()) == [1]


# -- KTO ----------------------------------------------------------------------------------


def test_a_reply_is_good_or_bad_by_the_mean_of_its_siblings(soup, tmp_path):
    export_kto(soup, tmp_path / "kto", **FEW)
    found = {row["event"]: row for row in rows(tmp_path / "kto", "kto_troll")}
    assert {number: row["label"] for number, row in found.items()} == {1: True, 2: False, 3: False}
    assert found[1]["reference"] == 0.0
    assert found[2]["reference"] == 0.375, "the mean of the two others"
    assert found[1]["prompt"] == message("user", "Is soup a drink? Ask @ana.")
    assert found[1]["completion"] == message("assistant", "Soup is a lifestyle!")
    assert not (tmp_path / "kto/data/kto_fan").exists(), "it has no sibling"


def test_the_served_prompt_is_that_of_a_kto_set_where_it_is_asked_for(soup, tmp_path):
    export_kto(soup, tmp_path / "kto", prompts="served", **FEW)
    first, *_ = rows(tmp_path / "kto", "kto_troll")
    assert first["prompt"] == message("system", "You are ana.") + message("user", "Soup?")


# -- ratings ------------------------------------------------------------------------------


def rated(tmp_path, lines, name="ratings.jsonl"):
    file = tmp_path / name
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return file


def test_ratings_of_a_file_take_the_place_of_engagement(soup, tmp_path):
    run = soup
    lines = [
        {"event": 1, "rating": 1, "run": run.id},
        {"event": 2, "rating": 5, "run": run.id},
        {"event": 2, "rating": 4},
        {"event": 3, "rating": None},
        {"event": 1, "rating": 5, "run": "another"},
        {"event": 999, "rating": 3},
    ]
    file = rated(tmp_path, lines)
    exported = export_dpo(run, tmp_path / "dpo", ratings=file)
    (row,) = rows(tmp_path / "dpo", "dpo_troll")
    assert (row["chosen_event"], row["rejected_event"], row["margin"]) == (2, 1, 3.5)
    assert (row["chosen_ratings"], row["chosen_exposures"]) == (2, None)
    assert exported.left_out["not rated"] == 1
    assert exported.left_out["rated in another run"] == 1
    assert exported.left_out["rated and no reply of the run"] == 1
    export_kto(run, tmp_path / "kto", ratings=file, neutral=3.0)
    labels = {row["event"]: row["label"] for row in rows(tmp_path / "kto", "kto_troll")}
    assert labels == {1: False, 2: True}


def test_ratings_are_read_from_parquet_with_names_of_one_s_own(soup, tmp_path):
    table = pa.table({"id": [1, 2], "stars": [5.0, 1.0]})
    pq.write_table(table, tmp_path / "stars.parquet")
    run = soup
    options = {"event_column": "id", "rating_column": "stars"}
    export_dpo(run, tmp_path / "dpo", ratings=tmp_path / "stars.parquet", **options)
    assert rows(tmp_path / "dpo", "dpo_troll")[0]["chosen_event"] == 1


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({"event": 1, "stars": 5}, r"line 1: there is no column 'rating'; there are event, stars"),
        ({"event": 1, "rating": "good"}, r"line 1: rating is 'good', which is no number"),
        ({"event": 1.5, "rating": 1}, r"line 1: event is 1.5; give the number of a post"),
        ({"event": 10**30, "rating": 1}, r"event is 1000.*; give the number of a post"),
        ({"event": True, "rating": 1}, r"event is True"),
        ({"event": 1, "rating": None}, r"has no ratings of run .*1 not rated"),
    ],
)
def test_a_broken_file_of_ratings_is_told_of_by_file_and_row(soup, tmp_path, line, told):
    file = rated(tmp_path, [line])
    with pytest.raises(InputError, match=told) as raised:
        export_kto(soup, tmp_path / "kto", ratings=file)
    assert "ratings.jsonl" in str(raised.value)
    assert not (tmp_path / "kto").exists()


# -- the command line ---------------------------------------------------------------------


def test_the_commands_print_counts_and_take_weights(soup, tmp_path):
    run = soup
    words = [
        "dpo",
        run.path,
        "--out",
        tmp_path / "dpo",
        "--min-exposures",
        4,
        "--weigh",
        "repost=3",
    ]
    result = invoke(*words, "--include-marked", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["parts"], told["out"]) == ({"dpo_troll": {"train": 1}}, str(tmp_path / "dpo"))
    assert rows(tmp_path / "dpo", "dpo_troll")[0]["chosen_engagement"] == 5
    result = invoke("kto", run.path, "--out", tmp_path / "kto", "--min-exposures", 4)
    assert "kto_troll: 3 rows\n" in result.stdout
    assert "left out: 1 without a sibling" in result.stdout
    empty = invoke("dpo", run.path, "--out", tmp_path / "none", "--margin", 9)
    assert empty.exit_code == 1
    assert "gives no pair of a better and a worse reply" in empty.stderr
    assert not (tmp_path / "none").exists()
    assert invoke(*words, "--weigh", "like").exit_code == 2


def invoke(*words):
    return CliRunner().invoke(app, ["export", *map(str, words)])
