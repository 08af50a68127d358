"""What is made of a review: one answer of several, agreement, exports, and the commands."""

import json
from itertools import product

import pyarrow.parquet as pq
import pytest
from made_reviews import EVERY_KIND, RATING, ids, made_review, records_file, run_with_replies
from typer.testing import CliRunner

from simnet.cli.app import app
from simnet.cli.review.opening import brief
from simnet.errors import InputError, UsageError
from simnet.recording.files.manifest import ModelFacts
from simnet.review import NewDecision, Question, Review, Rules, from_file, from_run
from simnet.review.session import Session


@pytest.fixture(name="decided")
def _decided(tmp_path):
    """A review with questions of every kind, about which three people decided."""
    review = made_review(tmp_path, EVERY_KIND)
    first, second, third, _ = ids(review)
    answers = [
        {"rating": 5, "tone": "kind", "topics": ["health"], "order": list("abc"), "note": "fine"},
        {"rating": 4, "tone": "kind", "topics": ["health", "sea"], "order": list("bac")},
        {"rating": 1, "tone": "rude", "topics": [], "order": list("abc"), "note": "why?"},
    ]
    for who, given in zip(("ada", "bob", "eve"), answers, strict=True):
        review.submit(who, first, given)
    review.submit("ada", second, {"rating": 3, "tone": "kind", "better": "Call them."})
    review.submit("bob", second, {"rating": 3, "tone": "rude", "better": "Ring the clinic."})
    review.discard("eve", second, {"note": "too short"})
    review.discard("ada", third)
    return review


def lines_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def row_of(review, number, **options):
    return review.rows(**options)[number]


# -- one answer of several ------------------------------------------------------------------------


def test_answers_become_one_by_the_rule_of_their_kind(decided):
    row = row_of(decided, 0)
    assert row["rating"] == pytest.approx(10 / 3)
    assert (row["tone"], row["topics"], row["order"]) == ("kind", ["health"], list("abc"))
    assert row["note"] == "fine\nwhy?"
    second = row_of(decided, 1)
    assert second["note"] == "too short"  # why somebody would discard it
    assert [one["annotator"] for one in second["rating_by"]] == ["ada", "bob"]
    assert row["rating_by"] == [
        {"annotator": who, "value": value} for who, value in (("ada", 5), ("bob", 4), ("eve", 1))
    ]
    assert row_of(decided, 0, rules=Rules(ratings="median"))["rating"] == 4
    assert row_of(decided, 0, rules=Rules(ratings="majority"))["rating"] is None  # all differ
    assert row_of(decided, 1, rules=Rules(ratings="majority"))["rating"] == 3


def test_ties_of_labels_are_null_and_of_corrections_the_latest(decided):
    row = row_of(decided, 1)
    assert (row["tone"], row["text"], row["better"]) == (
        None,
        "Ring the clinic.",
        "Ring the clinic.",
    )
    assert row["text_original"] == "Call the clinic."
    assert decided.records[1].fields["text"] == "Call the clinic."


def test_what_is_kept_goes_by_the_rule(decided):
    def statuses(keep):
        return [row["status"] for row in decided.rows(rules=Rules(keep=keep))]

    assert statuses("majority") == ["submitted", "submitted", "discarded", "pending"]
    assert statuses("all") == ["submitted", "discarded", "discarded", "pending"]
    assert row_of(decided, 1, rules=Rules(), annotators=["eve"])["status"] == "discarded"
    decided.submit("bob", ids(decided)[2], {"rating": 2})
    assert statuses("majority")[2] == "discarded"  # one for, one against
    assert statuses("any")[2] == "submitted"
    with pytest.raises(UsageError, match="no rule 'mode' for ratings"):
        decided.rows(rules=Rules(ratings="mode"))


# -- agreement ------------------------------------------------------------------------------------


def by_question(review, **options):
    return {one.question: one for one in review.agreement(**options)}


def alpha_by_hand(units, distance):
    """Krippendorff's alpha from its definition, for units of the answers given to each."""
    pairs = [
        (distance(a, b) / (len(unit) - 1))
        for unit in units
        for (i, a), (j, b) in product(enumerate(unit), repeat=2)
        if i != j
    ]
    values = [value for unit in units for value in unit]
    expected = sum(distance(a, b) for a, b in product(values, repeat=2))
    observed = sum(pairs) / len(values)
    return 1 - observed / (expected / (len(values) * (len(values) - 1)))


def test_alpha_is_that_of_the_definition(tmp_path):
    questions = [RATING, Question("tone", "label", labels=("a", "b", "c"))]
    review = made_review(tmp_path, questions)
    given = {"ada": [(1, "a"), (2, "b"), (5, "c"), (4, "a")], "bob": [(1, "a"), (3, "b"), (5, "a")]}
    for who, answers in given.items():
        for record, (rating, tone) in zip(ids(review), answers, strict=False):
            review.submit(who, record, {"rating": rating, "tone": tone})
    found = by_question(review, levels={"rating": "interval"})
    ratings = [(1, 1), (2, 3), (5, 5)]
    tones = [("a", "a"), ("b", "b"), ("c", "a")]
    assert found["rating"].alpha == pytest.approx(
        alpha_by_hand(ratings, lambda a, b: (a - b) ** 2), abs=1e-6
    )
    assert found["tone"].alpha == pytest.approx(alpha_by_hand(tones, lambda a, b: a != b), abs=1e-6)
    assert (found["rating"].items, found["rating"].annotators) == (3, 2)
    assert by_question(review)["rating"].level == "ordinal"


def test_what_cannot_be_computed_is_told(decided):
    found = by_question(decided)
    assert found["better"].why == "texts are not compared"
    assert (found["topics: health"].items, found["topics: health"].annotators) == (1, 3)
    assert found["order"].items == 1
    assert found["status"].level == "nominal"
    alone = by_question(decided, annotators=["ada"])
    assert {one.why for one in alone.values()} == {
        "no record was answered by two annotators",
        "texts are not compared",
    }
    with pytest.raises(UsageError, match="no rating 'tone' with a level 'interval'"):
        decided.agreement(levels={"tone": "interval"})
    with pytest.raises(UsageError, match="no annotator 'al'"):
        decided.agreement(annotators=["al"])


def test_annotators_who_all_say_the_same_have_no_alpha(tmp_path):
    review = made_review(tmp_path)
    for who, record in product(("ada", "bob"), ids(review)):
        review.submit(who, record, {"rating": 4})
    assert (
        by_question(review)["rating"].why
        == "all answers are 4, and alpha needs answers that differ"
    )


def test_without_the_package_a_command_installs_it(tmp_path, monkeypatch):
    monkeypatch.setattr("simnet.analysis.reliability.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r'pip install "\.\[review\]"'):
        made_review(tmp_path).agreement()


# -- exports --------------------------------------------------------------------------------------


def test_files_of_both_forms_hold_the_same_rows(decided, tmp_path):
    made = decided.export(tmp_path / "out.parquet")
    decided.export(tmp_path / "out.jsonl")
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert rows == lines_of(tmp_path / "out.jsonl")
    assert [row["record_id"] for row in rows] == ids(decided)[:2]
    assert tuple(rows[0]) == made.columns
    assert made.left_out == {"discarded": 1, "pending": 1}


def test_a_subset_is_chosen_by_what_was_answered(decided, tmp_path):
    made = decided.export(tmp_path / "a.jsonl", where=["rating>3.1", "tone=kind"])
    assert (made.rows, made.left_out["filtered"]) == (1, 1)
    made = decided.export(tmp_path / "b.jsonl", statuses=("pending", "discarded"))
    assert made.rows == 2
    with pytest.raises(InputError, match=r"no record is left to export: .*2 filtered"):
        decided.export(tmp_path / "c.jsonl", where=["rating>5"])
    with pytest.raises(UsageError, match="no field 'ratings'; did you mean 'rating'"):
        decided.export(tmp_path / "c.jsonl", where=["ratings>5"])
    assert not (tmp_path / "c.jsonl").exists()


def test_columns_of_questions_have_their_type_where_nobody_answered(tmp_path):
    review = made_review(tmp_path, EVERY_KIND)
    review.submit("ada", ids(review)[0], {"rating": 1})
    review.export(tmp_path / "out.parquet")
    schema = pq.read_schema(tmp_path / "out.parquet")
    assert str(schema.field("tone").type) == "string"
    assert "list" in str(schema.field("topics").type)
    assert "annotator" in str(schema.field("order_by").type)


def test_an_export_replaces_nothing_unless_it_is_told_to(decided, tmp_path):
    for out in ("out.jsonl", "set"):
        decided.export(tmp_path / out)
        with pytest.raises(UsageError, match="exists already"):
            decided.export(tmp_path / out)
        decided.export(tmp_path / out, force=True)
    card = (tmp_path / "set" / "README.md").read_text(encoding="utf-8")
    assert "2 records of 4" in card
    assert "mean of the ratings" in card
    assert "bob answered 2 records" in card


def test_a_name_with_an_unknown_ending_is_no_folder_unless_it_is_told_to_be_one(decided, tmp_path):
    out = tmp_path / "kept.csv"
    with pytest.raises(UsageError, match=r"a file ends with \.parquet or \.jsonl; for a folder"):
        decided.export(out)
    assert not out.exists()
    assert decided.export(out, form="folder").form == "folder"


def test_an_export_can_be_reviewed_again_under_the_same_ids(decided, tmp_path):
    decided.export(tmp_path / "out.jsonl")
    again = from_file(tmp_path / "out.jsonl", without=["status"])
    assert [record.id for record in again.records] == ids(decided)[:2]


# -- the walk of an annotator ---------------------------------------------------------------------


def test_a_walk_goes_through_what_is_in_view(tmp_path):
    session = Session(made_review(tmp_path, EVERY_KIND), "ada")
    first, second, _, fourth = ids(session.review)
    assert session.current.id == first
    session.search("topic: tool use")
    assert [record.id for record in session.view] == [second, fourth]
    session.answer(RATING, 5)
    session.submit()
    assert session.current.id == fourth
    session.discard()
    assert session.current is None
    session.show_all()
    assert session.current.id == first
    session.filter("status=discarded")
    assert [record.id for record in session.view] == [fourth]
    session.undo()
    assert session.current.id == fourth
    session.undo()
    assert (session.current.id, session.draft) == (second, {"rating": 5})
    with pytest.raises(UsageError, match="nothing found"):
        session.search("absent")


def test_a_ranking_is_typed_as_numbers_or_labels(tmp_path):
    session = Session(made_review(tmp_path, EVERY_KIND), "ada")
    ranking = EVERY_KIND[-1]
    session.rank(ranking, "3 1 2")
    assert session.draft["order"] == ["c", "a", "b"]
    session.rank(ranking, "b, a, c")
    assert session.draft["order"] == ["b", "a", "c"]
    for text in ("1 2 9", "1 1 2", "a b"):
        with pytest.raises(InputError):
            session.rank(ranking, text)


# -- commands -------------------------------------------------------------------------------------


def command(*words, code=0):
    result = CliRunner().invoke(app, ["review", *map(str, words)])
    assert result.exit_code == code, result.output
    return result.output


def test_undo_says_what_holds_after_it(tmp_path):
    review = made_review(tmp_path)
    first, second, *_ = ids(review)
    for rating in (1, 2):
        review.submit("ada", first, {"rating": rating})
    review.discard("ada", second)
    review.discard("ada", first)
    assert command("undo", review.folder, "--as", "ada", "--levels", 3).splitlines() == [
        f"{first}: undone: discarded; now submitted",
        f"{second}: undone: discarded; now pending",
        f"{first}: undone: submitted; now submitted",
    ]
    session = Session(review, "ada")
    assert session.undo() == "undone: submitted; now pending"


def test_all_that_are_found_are_decided_at_once_and_undone_at_once(tmp_path):
    review = made_review(tmp_path, EVERY_KIND)
    first, second, third, fourth = ids(review)
    review.submit("ada", second, {"rating": 5})
    discard = ["discard", review.folder, "--as", "ada", "--where", "likes>2", "--answer", "note=no"]
    shown = command(*discard)
    assert [line.partition("\t")[0] for line in shown.splitlines()[:2]] == [first, fourth]
    assert shown.splitlines()[2] == (
        "2 records would be discarded; 1 submitted found and left as they are, see --status; "
        "do it with --yes"
    )
    assert review.progress("ada") == ("ada", 3, 1, 0)
    assert command(*discard, "--yes").startswith("discarded 2 records; 1 submitted found")
    assert review.decision("ada", fourth).answers == {"note": "no"}
    told = json.loads(command(*discard, "--status", "submitted", "--json"))
    assert (told["records"], told["done"], told["left"]) == ([second], False, {"discarded": 2})
    submit = ["submit", review.folder, "--as", "ada", "--search", "sailor"]
    assert "no answer to rating, which is required" in command(*submit, code=3)
    told = json.loads(command(*submit, "--answer", "rating=2", "--yes", "--json"))
    assert (told["status"], told["records"], told["done"]) == ("submitted", [third], True)
    assert command(*submit, "--answer", "rating=2", "--yes").startswith("submitted 0 records")
    command("undo", review.folder, "--as", "ada")
    assert len(command("undo", review.folder, "--as", "ada").splitlines()) == 2
    assert review.progress("ada") == ("ada", 3, 1, 0)
    command(*discard[:4], "--where", "likes>100", "--yes")
    command("discard", review.folder, "--as", "eve", "--where", "likes>100", "--yes")
    assert review.annotators() == ["ada"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "name a record, or find some with --search, --where or --status"),
        (["--yes"], "name a record, or find some"),
        (["r1", "--where", "likes>2"], "r1 is one record, and --search"),
        (["r1", "--yes"], "r1 is one record, and --search"),
    ],
)
def test_a_decision_is_on_one_record_or_on_what_is_found(tmp_path, words, problem):
    review = made_review(tmp_path)
    assert problem in command("discard", review.folder, "--as", "ada", *words, code=2)


def test_the_page_asks_before_it_takes_many_decisions_back(tmp_path):
    review = made_review(tmp_path)
    review.add("ada", [NewDecision(one, "discard", {}) for one in ids(review)[:3]])
    session = Session(review, "ada")
    assert session.undo() == "u again takes back 3 decisions that were recorded at once"
    session.move(1)
    assert session.undo().startswith("u again")  # something else was done between
    assert session.undo() == "undone: 3 decisions; this one is now pending"
    assert review.progress("ada") == ("ada", 4, 0, 0)


def test_a_search_shows_what_each_decided_where_they_differ(decided):
    first, second, *_ = ids(decided)
    where = ["--where", "differ=status or rating_range>=4"]
    shown = command("search", decided.folder, *where, "--field", "text", "check", "--answers")
    record, text, told = shown.splitlines()[0].split("\t")
    assert (record, text) == (first, "Check the scan.")
    assert told.split("; ")[1] == "bob submitted rating=4 tone=kind topics=health,sea order=b,a,c"
    told = json.loads(command("search", decided.folder, *where, "--answers", "--json"))
    assert [one["id"] for one in told["records"]] == [first, second]
    assert told["records"][1]["decisions"]["eve"] == {
        "status": "discarded",
        "answers": {"note": "too short"},
    }


def test_an_export_keeps_what_annotators_agree_on(decided, tmp_path):
    first, *_ = ids(decided)
    out = tmp_path / "agreed.jsonl"
    made = decided.export(out, where=["not differ = status"])
    assert [row["record_id"] for row in lines_of(out)] == [first]
    assert (made.left_out["filtered"], "differ" in lines_of(out)[0]) == (1, False)
    both = decided.export(
        tmp_path / "both.jsonl", where=["differ is null"], annotators=["ada", "bob"],
        statuses=("submitted", "discarded"),
    )  # fmt: skip
    assert (both.rows, both.left_out) == (1, {"filtered": 2, "pending": 1})


def test_commands_go_from_a_file_to_a_subset(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    records_file(tmp_path)
    questions = ["--rating", "quality=1-5", "--correct", "text", "--multi-label", "topics?=a,b"]
    command("new", "r", "--file", "records.jsonl", *questions, "--search", "tool")
    shown = command("next", "r", "--as", "ada")
    key = shown.partition("record: ")[2].split()[0]
    assert "? quality (rating): 1 to 5" in shown
    answers = [
        "--answer",
        "quality=4",
        "--answer",
        "topics=b,a",
        "--answer",
        "corrected_text=Look.",
    ]
    assert "next: " in command("submit", "r", key, "--as", "ada", *answers)
    following = json.loads(command("next", "r", "--as", "ada", "--json"))["record"]["id"]
    command("discard", "r", following, "--as", "ada")
    assert "undone: discarded; now pending" in command("undo", "r", "--as", "ada")
    assert "ada\t2\t1\t0" in command("status", "r")
    assert "no record was answered by two annotators" in command("agreement", "r")
    assert "1 of 1 found" in command("search", "r", "dental")
    assert "1 record (left out: 2 pending): out.jsonl" in command(
        "export", "r", "--out", "out.jsonl"
    )
    (row,) = lines_of(tmp_path / "out.jsonl")
    assert (row["quality"], row["topics"], row["text"]) == (4, ["a", "b"], "Look.")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["new", "r"], "one of --file, --personas and --run"),
        (["new", "r", "--file", "records.jsonl"], "a review needs a question"),
        (["new", "r", "--file", "records.jsonl", "--label", "kind"], "it has no labels"),
        (["new", "r", "--file", "records.jsonl", "--rating", "q=5-1"], "the lower first"),
        (["new", "r", "--file", "no.jsonl", "--rating", "q"], "there is no such file or folder"),
        (["new", "r", "--personas", "no", "--rating", "q"], "there is no such file or folder"),
        (["import", "r0", "no", "--from", "argilla"], "there is no such file or folder"),
        (["status", "absent"], "there is no review"),
        (["open", "r0", "--as", "ada"], "the page needs a terminal"),
        (["submit", "r0", "k", "--as", "ada"], "no record 'k'"),
        (["export", "r0", "--out", "x", "--form", "argilla", "--force"], "leave out --force"),
    ],
)
def test_commands_that_cannot_go_on_say_why(tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    records_file(tmp_path)
    if "r0" in words:
        command("new", "r0", "--file", "records.jsonl", "--rating", "q")
    code = 3 if words[0] == "new" and "records.jsonl" in words else 2
    assert message in command(*words, code=code)


def test_hostile_texts_reach_no_terminal_unescaped(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hostile = "\x1b[2J\u202eevil"
    records_file(tmp_path, [{"te\x1bxt": hostile}])
    command("new", "r", "--file", "records.jsonl", "--rating", "q", "--label", "l=a,b\x1b")
    command("next", "r", "--as", "ada\x1b", code=2)
    for words in (
        ["next", "r", "--as", "ada"],
        ["next", "r", "--as", "a", "--json"],
        ["search", "r"],
    ):
        assert not {"\x1b", "\x07", "\u202e"} & set(command(*words))


def test_replies_of_a_run_are_records_that_can_be_joined_to_it(tmp_path):
    run = run_with_replies(tmp_path)
    folder = run.path
    source = from_run(folder, without=["system"])
    review = Review.new(tmp_path / "review", source, [RATING])
    record = review.records[0]
    assert record.id == f"{run.id}/{record.fields['event']}"
    for one in review.records:
        review.submit("ada", one.id, {"rating": 3})
    review.export(tmp_path / "ratings.jsonl")
    rows = lines_of(tmp_path / "ratings.jsonl")
    events = {row["made"]: row for row in run.read("events").to_pylist() if row["made"] is not None}
    assert all(events[row["event"]]["text"] == row["reply"] for row in rows)
    assert all(row["post"] and row["prompt"] and row["persona"] for row in rows)
    with pytest.raises(InputError, match="no replies of a cohort 'nobody'"):
        from_run(folder, cohort="nobody")


def test_a_card_says_that_a_fake_model_made_the_replies_up(tmp_path):
    pytest.importorskip("huggingface_hub")
    model = ModelFacts(name="fake", backend="fake")
    run = run_with_replies(tmp_path, model=model)
    review = Review.new(tmp_path / "review", from_run(run.path), [RATING])
    review.submit("ada", ids(review)[0], {"rating": 4})
    review.export(tmp_path / "kept", form="folder")
    card = (tmp_path / "kept" / "README.md").read_text(encoding="utf-8")
    assert "- Replies by fake, which makes them up without a language model.\n" in card
    assert "- Replies are made up by the fake model, without a language model: they say" in card
    assert "The run is not complete" in card
    assert "its licence and terms" not in card


def test_a_column_of_ids_that_is_not_taken_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, keys in (("repeated", [1, 1]), ("good", [1, 2])):
        rows = [{"id": key, "text": f"text {n}"} for n, key in enumerate(keys)]
        records_file(tmp_path, rows)
        told = command("new", name, "--file", "records.jsonl", "--rating", "q")
        assert ("note: values of the column 'id' are missing or repeated" in told) is (
            name == "repeated"
        )


def test_a_list_of_records_has_the_id_of_each_once(tmp_path):
    review = made_review(tmp_path, records=[{"id": "r1", "text": "A baker\n" + "who sings " * 20}])
    where = [review.folder, "--as", "ada", "--where", "id=r1"]
    assert command("search", *where).splitlines()[0].startswith("r1\tA baker who sings")
    preview = command("discard", *where).splitlines()[0]
    assert preview.startswith("r1\tA baker who sings")
    assert preview.endswith("...")


def test_a_long_text_is_cut_in_lists_on_a_terminal_alone(monkeypatch):
    long = "word " * 10_000
    assert brief(long) == long
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert brief(long) == long[:997] + "..."
