"""Reviews: records with ids, decisions that are kept, undone and seen by others, search."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from faulty_disks import FaultyDisk
from made_reviews import EVERY_KIND, RATING, RECORDS, ids, made_review, records_file

from simnet.errors import DiskError, InputError, RecordError, UsageError
from simnet.review import NewDecision, Question, Review, from_file
from simnet.review.deciding.decision_log import log_name
from simnet.review.records.stored_records import StoredRecords

GOOD = {"rating": 4}


def log_of(review, annotator):
    return review.folder / "decisions" / log_name(annotator)


# -- records --------------------------------------------------------------------------------------


def test_a_row_has_the_same_id_in_every_review(tmp_path):
    first = made_review(tmp_path)
    other = Review.new(tmp_path / "other", from_file(records_file(tmp_path, RECORDS[1:])), [RATING])
    assert ids(other) == ids(first)[1:]
    assert len(set(ids(first))) == len(RECORDS)


def test_rows_that_are_equal_have_ids_of_their_own(tmp_path):
    review = made_review(tmp_path, records=[RECORDS[0], RECORDS[0]])
    first, second = ids(review)
    assert second == f"{first}-2"


def test_a_column_of_ids_is_used_and_one_with_repeats_is_refused_by_name(tmp_path):
    rows = [{"id": f"r{n}", "key": "same", "text": "x"} for n in range(2)]
    assert ids(made_review(tmp_path, records=rows)) == ["r0", "r1"]
    with pytest.raises(InputError, match="2 rows have the 'key' 'same'"):
        from_file(records_file(tmp_path, rows), id_column="key")
    with pytest.raises(InputError, match="no column 'kye' for the ids; did you mean 'key'"):
        from_file(records_file(tmp_path, rows), id_column="kye")


def test_records_are_a_parquet_file_that_keeps_what_rows_had(tmp_path):
    rows = [
        {"a": 1, "b": [1, 2], "c": {"x": "y"}, "d": None, "e": 2**70, "f": "text"},
        {"a": 2.5, "b": [], "c": {}, "d": None, "e": 1, "f": 3},
    ]
    review = made_review(tmp_path, records=rows)
    assert pq.read_table(review.folder / "records.parquet").column_names == ["record_id", *"abcdef"]
    kept = Review.open(review.folder).records[0].fields
    assert (kept["a"], kept["b"], kept["d"], kept["f"]) == (1, [1, 2], None, "text")
    assert json.loads(kept["e"]) == 2**70  # too large for a column of whole numbers


def test_broken_rows_are_listed_with_their_lines_or_skipped(tmp_path):
    path = tmp_path / "broken.jsonl"
    path.write_text('{"a": 1}\n{"a": \n{"a": 3}\n')
    with pytest.raises(InputError, match=r"broken\.jsonl: 1 row cannot be read.*\n  line 2"):
        from_file(path)
    assert [one.fields["a"] for one in from_file(path, skip_bad=True).records] == [1, 3]


def test_columns_that_exports_have_are_refused_until_they_are_left_out(tmp_path):
    path = records_file(tmp_path, [{"status": "old", "text": "x"}])
    with pytest.raises(InputError, match="--without status"):
        from_file(path)
    assert from_file(path, without=["status"]).records[0].fields == {"text": "x"}


def test_a_search_makes_the_records_of_a_review(tmp_path):
    review = made_review(tmp_path, words="tool", field="topic", where=["likes>3"])
    assert [record.fields["likes"] for record in review.records] == [7, 5]
    with pytest.raises(InputError, match="none of the 4 records is left"):
        Review.new(tmp_path / "none", from_file(records_file(tmp_path)), [RATING], words="absent")


# -- questions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "label"}, "it has no labels; name what to choose from"),
        ({"kind": "label", "labels": ("one",)}, "only the label 'one'"),
        ({"kind": "ranking", "labels": ("a", "a")}, "the label 'a' is there 2 times"),
        ({"kind": "multi-label", "labels": ("a", " ")}, "a label is empty"),
        ({"kind": "rating", "scale": (5, 1)}, "the lower first"),
        ({"kind": "rating", "scale": (0, 11)}, "from 0 to 10"),
        ({"kind": "rating", "labels": ("a", "b")}, "a rating has no labels"),
        ({"kind": "correction"}, "names the column that it corrects"),
        ({"kind": "comment", "field": "text"}, "a comment has no field"),
        ({"kind": "stars"}, "there is no kind 'stars'"),
        ({"kind": "comment", "scale": (1, 2)}, "a comment has no scale"),
    ],
)
def test_a_question_that_does_not_hold_together_is_told_why(options, message):
    with pytest.raises(InputError, match=f"question 'q': .*{message}"):
        Question("q", **options)


@pytest.mark.parametrize(
    ("questions", "message"),
    [
        ([], "a review needs a question"),
        ([RATING, RATING], "2 questions have the name 'rating'"),
        ([Question("text", "comment")], "column 'text' twice"),
        ([RATING, Question("rating_by", "comment")], "column 'rating_by' twice"),
        ([Question("q", "correction", field="txt")], "do not have; did you mean 'text'"),
        ([Question(n, "correction", field="text") for n in "ab"], "'text_original' twice"),
    ],
)
def test_questions_have_to_fit_each_other_and_the_records(tmp_path, questions, message):
    with pytest.raises(InputError, match=message):
        made_review(tmp_path, questions)
    assert not (tmp_path / "review").exists()


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"rating": 6}, "6 is no answer to a rating: give 1 to 5"),
        ({"rating": 2.5}, "2.5 is no answer"),
        ({"rating": True}, "True is no answer"),
        ({"rating": "4"}, "'4' is no answer"),
        ({"rating": 4, "tone": "knd"}, "give one of kind, rude; did you mean 'kind'"),
        ({"rating": 4, "topics": "sea"}, "give a list of labels"),
        ({"rating": 4, "order": ["a", "b"]}, "rank each of a, b, c once"),
        ({"rating": 4, "better": 7}, "give a text"),
        ({"ratng": 4}, "no question 'ratng'; did you mean 'rating'"),
        ({"note": "fine"}, "no answer to rating, which is required"),
    ],
)
def test_answers_outside_a_question_are_refused_and_nothing_is_kept(tmp_path, answers, message):
    review = made_review(tmp_path, EVERY_KIND)
    with pytest.raises(InputError, match=message):
        review.submit("ada", ids(review)[0], answers)
    assert review.annotators() == []


# -- decisions ------------------------------------------------------------------------------------


def test_a_decision_is_seen_by_another_reader_and_after_reopening(tmp_path):
    review = made_review(tmp_path, EVERY_KIND)
    reader = Review.open(review.folder)
    first, second, *_ = ids(review)
    answers = {
        "rating": 5,
        "topics": ["sea", "health"],
        "better": "Check it.",
        "order": list("bac"),
    }
    made = review.submit("ada", first, answers)
    review.discard("ada", second)
    assert made.answers["topics"] == ["health", "sea"]  # in the order of the question
    assert reader.decision("ada", first) == made
    assert reader.progress("ada") == ("ada", 2, 1, 1)
    assert reader.next("ada").id == ids(review)[2]
    assert reader.record(first).fields["text"] == "Check the scan."  # the original stays


def test_several_levels_of_undo_bring_back_what_held_before(tmp_path):
    review = made_review(tmp_path)
    first, second, *_ = ids(review)
    review.submit("ada", first, {"rating": 1})
    review.submit("ada", first, {"rating": 2})
    review.discard("ada", second)
    assert [one.action for one in review.undo("ada", 2)] == ["discard", "submit"]
    assert review.decision("ada", second) is None
    assert review.decision("ada", first).answers == {"rating": 1}
    review.undo("ada")
    assert Review.open(review.folder).status() == [("ada", 4, 0, 0)]
    with pytest.raises(UsageError, match="ada has 0 steps to undo, not 1"):
        review.undo("ada")
    assert [one.action for one in review.history("ada")] == [
        *["submit"] * 2,
        "discard",
        *["undo"] * 3,
    ]


def test_what_was_recorded_at_once_is_undone_at_once(tmp_path):
    review = made_review(tmp_path)
    first, second, third, _ = ids(review)
    review.submit("ada", first, {"rating": 1})
    review.add("ada", [NewDecision(one, "discard", {}) for one in (first, second, third)])
    again = Review.open(review.folder)
    assert [one.record for one in again.last_step("ada")] == [third, second, first]
    again.submit("ada", third, {"rating": 5})
    assert len(review.last_step("ada")) == 1
    assert [one.action for one in again.undo("ada", 2)] == ["submit", *["discard"] * 3]
    assert Review.open(review.folder).progress("ada") == ("ada", 3, 1, 0)
    with pytest.raises(UsageError, match="ada has 1 step to undo, not 2"):
        review.undo("ada", 2)
    assert [len(review.undo("ada")), review.last_step("ada")] == [1, []]


def test_two_annotators_decide_at_once_and_see_each_other(tmp_path):
    ada = made_review(tmp_path)
    bob = Review.open(ada.folder)
    for number, record in enumerate(ids(ada)):
        ada.submit("ada", record, {"rating": number + 1})
        bob.submit("bob", record, {"rating": 5 - number})
    assert ada.decided() == bob.decided()
    assert [row["rating"] for row in ada.rows()] == [3.0] * 4


def test_two_processes_of_one_annotator_take_turns(tmp_path):
    one = made_review(tmp_path)
    other = Review.open(one.folder)
    for record in ids(one)[:2]:
        one.submit("ada", record, GOOD)
        other.discard("ada", record)
    assert [decision.number for decision in one.history("ada")] == [1, 2, 3, 4]
    assert one.progress("ada") == ("ada", 2, 0, 2)


def test_names_of_annotators_cannot_leave_the_folder(tmp_path):
    review = made_review(tmp_path)
    for name in ("../ada", "a/b", "Ädä@example.org", ".", "per cent%2F"):
        review.submit(name, ids(review)[0], GOOD)
    assert set(review.annotators()) == {"../ada", "a/b", "Ädä@example.org", ".", "per cent%2F"}
    assert len(list((review.folder / "decisions").iterdir())) == 5
    for name in ("", "  ", "a\nb", "x" * 61, "\N{SNOWMAN}" * 30):
        with pytest.raises(UsageError, match="is no name for an annotator"):
            review.next(name)


def test_threads_of_one_process_decide_at_once(tmp_path):
    review = made_review(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        work = [(who, record) for who in ("ada", "bob") for record in ids(review) * 5]
        list(pool.map(lambda one: review.submit(*one, GOOD), work))
    kept = Review.open(review.folder)
    for who in ("ada", "bob"):
        assert [one.number for one in kept.history(who)] == list(range(1, 21))


def test_only_those_who_are_named_decide(tmp_path):
    review = made_review(tmp_path, annotators=["ada", "bob"])
    with pytest.raises(UsageError, match="has no annotator 'adda'; did you mean 'ada'"):
        review.submit("adda", ids(review)[0], GOOD)
    assert review.status() == [("ada", 4, 0, 0), ("bob", 4, 0, 0)]
    with pytest.raises(UsageError, match="no annotator 'eve'"):
        review.rows(annotators=["eve"])


def test_several_decisions_are_added_together_or_not_at_all(tmp_path):
    review = made_review(tmp_path)
    first, second, *_ = ids(review)
    past = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    with pytest.raises(InputError, match="9 is no answer"):
        review.add(
            "eve",
            [NewDecision(first, "submit", GOOD), NewDecision(second, "submit", {"rating": 9})],
        )
    assert review.annotators() == []
    review.add("eve", [NewDecision(first, "submit", GOOD, past)], "elsewhere")
    (kept,) = Review.open(review.folder).history("eve")
    assert (kept.time, kept.origin) == (past, "elsewhere")


# -- the files ------------------------------------------------------------------------------------


def test_any_arrow_reader_opens_the_decisions(tmp_path):
    review = made_review(tmp_path)
    review.submit("ada", ids(review)[0], GOOD)
    review.undo("ada")
    with pa.ipc.open_stream(log_of(review, "ada").read_bytes()) as reader:
        rows = reader.read_all().to_pylist()
    assert [row["action"] for row in rows] == ["submit", "undo"]
    assert json.loads(rows[0]["answers"]) == GOOD


def test_whatever_end_of_the_file_a_crash_leaves_acknowledged_decisions_stay(tmp_path):
    review = made_review(tmp_path)
    path = log_of(review, "ada")
    review.submit("ada", ids(review)[0], {"rating": 1})
    kept = path.stat().st_size
    review.submit("ada", ids(review)[1], {"rating": 2})
    whole = path.read_bytes()
    torn = [whole[:size] for size in range(kept, len(whole), 37)]
    torn.append(whole[:kept] + bytes(300))  # pages that were allocated and never written
    for content in torn:
        path.write_bytes(content)
        again = Review.open(review.folder)
        assert [one.answers["rating"] for one in again.history("ada")] == [1]
        again.submit("ada", ids(review)[2], {"rating": 3})
        found = Review.open(review.folder).history("ada")
        assert [(one.number, one.answers["rating"]) for one in found] == [(1, 1), (2, 3)]


def test_a_damaged_file_is_an_error_that_names_the_place_and_not_a_loss(tmp_path):
    review = made_review(tmp_path)
    path = log_of(review, "ada")
    review.submit("ada", ids(review)[0], GOOD)
    size = path.stat().st_size
    review.submit("ada", ids(review)[1], GOOD)
    content = bytearray(path.read_bytes())
    content[size + 400] ^= 1
    path.write_bytes(content)
    again = Review.open(review.folder)
    with pytest.raises(RecordError, match=f"damaged at byte {size}, after 1 decision"):
        again.submit("ada", ids(review)[2], GOOD)
    assert path.read_bytes() == content


@pytest.mark.parametrize("nth", [1, 2])
def test_a_disk_that_fails_keeps_what_was_there_and_the_next_try_works(tmp_path, nth):
    review = made_review(tmp_path)
    first, second, *_ = ids(review)
    review.submit("ada", first, {"rating": 1})
    review._store._logs["ada"]._disk = FaultyDisk(nth)
    with pytest.raises(DiskError, match=r"writing .*ada"):
        review.submit("ada", second, {"rating": 2})
    assert Review.open(review.folder).progress("ada") == ("ada", 3, 1, 0)
    review.submit("ada", second, {"rating": 3})
    assert Review.open(review.folder).decision("ada", second).answers == {"rating": 3}


def test_a_folder_that_is_something_else_is_no_review(tmp_path):
    with pytest.raises(UsageError, match="there is no review"):
        Review.open(tmp_path / "absent")
    with pytest.raises(RecordError, match=r"is no review: it has no review\.json"):
        Review.open(tmp_path)
    review = made_review(tmp_path)
    with pytest.raises(UsageError, match="exists already"):
        made_review(tmp_path)
    settings = review.folder / "review.json"
    values = json.loads(settings.read_text())
    for content in ("[]", "{", "{}", json.dumps(values | {"questions": [{"name": "q"}]})):
        settings.write_text(content)
        with pytest.raises(RecordError, match=r"review\.json: "):
            Review.open(review.folder)
    settings.write_text(json.dumps(values | {"version": 99}))
    with pytest.raises(RecordError, match="has the version 99"):
        Review.open(review.folder)
    settings.write_text(json.dumps(values))
    (review.folder / "records.parquet").write_bytes(b"no parquet")
    with pytest.raises(RecordError, match="the records cannot be read"):
        Review.open(review.folder)


# -- finding --------------------------------------------------------------------------------------


def test_words_conditions_and_statuses_find_records(tmp_path):
    review = made_review(tmp_path)
    first, second, third, fourth = ids(review)
    review.submit("ada", second, GOOD)
    review.discard("ada", third)
    review.submit("bob", third, GOOD)

    def found(*words, **options):
        return [record.id for record in review.search(*words, **options)]

    assert found("tool", field="topic") == [first, second, fourth]
    assert found("SAL med") == [second]
    assert found(where=["likes>=3", "topic~tool use"]) == [second, fourth]
    assert found(where=["topic=letters"]) == [third]
    assert found(where=["likes!=3.0"]) == [second, third, fourth]
    assert found(status="pending", annotator="ada") == [first, fourth]
    assert found(status="discarded", annotator="ada") == [third]
    assert found(where=["rating>=4"]) == [second, third]
    assert found(where=["rating>=4"], annotator="ada") == [second]
    assert found(where=["rating="], annotator="new") == ids(review)
    assert found(status="submitted") == [second]  # on the third they are of two minds
    assert review.next("ada", words="tool", after=first).id == fourth
    assert review.next("ada", where=["likes=1"]) is None


def test_values_and_names_need_no_quotation_marks(tmp_path):
    rows = [
        {
            "Age (years)": 31,
            "input persona": "salt and pepper, a duo",
            "tags": ["a", "b"],
            "id": "nan",
            "day": "2024-01-02",
        },
        {
            "Age (years)": 40,
            "input persona": "don't (ever)",
            "tags": ["a"],
            "id": "1e5",
            "day": "2024-03-01",
        },
        {"Age (years)": None, "input persona": "3 little pigs", "id": "100000", "day": None},
    ]
    review = made_review(tmp_path, records=rows)

    def found(*where, **options):
        return [one.id for one in review.search(where=where, **options)]

    assert found("Age (years)>31") == ["1e5"]
    assert found("input persona='salt and pepper, a duo'") == ["nan"]
    assert found("input persona = 'salt and pepper, a duo' and Age (years)=31.0") == ["nan"]
    assert found("(input persona~don't (ever) or input persona=3 little pigs)") == ["1e5", "100000"]
    assert found("input persona ~ 'and' or day >= 2024-02-01") == ["nan", "1e5"]
    assert found("tags=b") == found("tags in (b, c)") == ["nan"]
    assert found("tags != b and tags is not null") == ["1e5"]
    assert found("id=nan") == ["nan"]
    assert found("id='1e5'") == ["1e5"]
    assert found("Age (years)!=31") == ["1e5", "100000"]
    assert found("not Age (years)>31") == ["nan"]
    assert found("Age (years) is null") == found("Age (years)=") == ["100000"]
    review.submit("ada", "nan", GOOD)
    assert found("status=pending and Age (years)>31", annotator="ada") == ["1e5"]
    assert found("rating=4 or day > 2024-02-01", annotator="ada") == ["nan", "1e5"]
    assert found("id = 9007199254740993") == []
    with pytest.raises(UsageError, match="if 'salt and pepper' is one text, write it in single"):
        found("input persona != salt and pepper")


def test_dates_and_decimal_numbers_of_a_parquet_file_are_compared_as_such(tmp_path):
    days = [datetime(2024, month, 1, 12, tzinfo=None) for month in (1, 3)]  # noqa: DTZ001
    prices = pa.array([Decimal("2.50"), Decimal("10.00")])
    table = pa.table({"id": ["a", "b"], "day": days, "price": prices})
    pq.write_table(table, tmp_path / "rows.parquet")
    review = Review.new(tmp_path / "review", from_file(tmp_path / "rows.parquet"), [RATING])

    def found(*where):
        return [one.id for one in review.search(where=where)]

    assert review.record("a").text("day") == "2024-01-01 12:00:00"
    assert found("day > 2024-02-01") == ["b"]
    assert found("day = 2024-01-01 12:00:00") == ["a"]
    assert found("price > 3") == found("price = 10") == ["b"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"words": "tool", "field": "topics"}, "no column 'topics'; did you mean 'topic'"),
        ({"words": "?!"}, "no word in '\\?!'"),
        ({"field": "topic"}, "without words"),
        ({"where": ["likes"]}, "the filter ends where =, <>"),
        ({"where": ["likes>"]}, "the filter ends where a number"),
        ({"where": ["likes>many"]}, "the field 'likes' has numbers alone"),
        ({"where": ["topic>=3"]}, "3 is a number, and there is none in the field 'topic'"),
        ({"where": ["like>3"]}, "no field 'like'; did you mean 'likes'"),
        ({"status": "done"}, "no status 'done'"),
    ],
)
def test_a_search_that_cannot_be_made_says_why(tmp_path, options, message):
    with pytest.raises(UsageError, match=message):
        made_review(tmp_path).search(**options)


def test_find_similar_orders_records_by_the_vector_of_a_field(tmp_path):
    review = made_review(tmp_path)
    asked = []

    def letters(texts):
        asked.append(len(texts))
        return [[text.lower().count(letter) + 0.01 for letter in "abcdemnrst"] for text in texts]

    near = review.similar(ids(review)[0], field="text", limit=2, embedder=letters)
    again = review.similar("Mend the pier.", field="text", embedder=letters)
    assert [one.record.id for one in near] != [ids(review)[0]] * 2
    assert again[0].record.id == ids(review)[2]
    assert again[0].score == pytest.approx(1.0, abs=1e-5)
    assert asked.count(len(RECORDS)) == 1  # the vectors of a field are made once
    with pytest.raises(UsageError, match="no column 'texts'"):
        review.similar("x", field="texts", embedder=letters)
    with pytest.raises(UsageError, match="is empty"):
        review.similar("  ", field="text", embedder=letters)


# -- many records ---------------------------------------------------------------------------------


def test_the_next_record_is_read_without_the_others(tmp_path, monkeypatch):
    rows = [{"id": f"r{n}", "likes": n, "text": f"text {n}"} for n in range(25_000)]
    review = made_review(tmp_path, records=rows)
    review.submit("ada", "r0", GOOD)
    monkeypatch.setattr(StoredRecords, "all", lambda _: pytest.fail("all records were read"))
    again = Review.open(review.folder)
    assert len(again) == 25_000
    assert again.next("ada").fields == {"id": "r1", "likes": 1, "text": "text 1"}
    assert again.next("ada", after="r20000").fields["likes"] == 20_001
    assert again.next("ada", where=["likes > 12345"]).id == "r12346"
    assert again.next("ada", words="24999").id == "r24999"
    made = sum(len(records) for _, records in [again._set._records._near])
    assert made <= 1_000


def test_records_of_a_file_that_is_one_row_group_are_read(tmp_path):
    rows = [{"id": f"r{n}", "a.b": n, "c": {"d": [n]}} for n in range(2_500)]
    review = made_review(tmp_path, records=rows)
    path = review.folder / "records.parquet"
    pq.write_table(pq.read_table(path), path)
    again = Review.open(review.folder)
    assert [again.record(f"r{n}").fields for n in (2_499, 0, 1_000, 999)] == [
        {"id": f"r{n}", "a.b": n, "c": {"d": [n]}} for n in (2_499, 0, 1_000, 999)
    ]
    assert [one.id for one in again.search(where=["a.b in (7, 2400)"])] == ["r7", "r2400"]
    assert again.records == review.records


def test_records_that_are_damaged_are_an_error_where_they_are_read(tmp_path):
    review = made_review(tmp_path, records=[{"text": f"text {n} " * 9} for n in range(500)])
    path = review.folder / "records.parquet"
    content = path.read_bytes()
    path.write_bytes(content[:4] + b"\xff" * (len(content) // 2) + content[len(content) // 2 + 4 :])
    with pytest.raises(RecordError, match="the records cannot be read"):
        Review.open(review.folder).next("ada")


# -- where annotators differ ----------------------------------------------------------------------


def test_records_are_found_about_which_annotators_differ(tmp_path):
    review = made_review(tmp_path, EVERY_KIND)
    first, second, third, fourth = ids(review)
    review.add("ada", [
        NewDecision(first, "submit", {"rating": 5, "tone": "kind", "note": "one"}),
        NewDecision(second, "submit", {"rating": 3, "topics": ["sea"]}),
        NewDecision(third, "submit", {"rating": 1}),
    ])  # fmt: skip
    review.add("bob", [
        NewDecision(first, "submit", {"rating": 5, "tone": "rude", "note": "another"}),
        NewDecision(second, "submit", {"rating": 1, "topics": ["sea", "health"]}),
    ])  # fmt: skip
    review.discard("bob", third)

    def found(*where, **options):
        return [record.id for record in review.search(where=where, **options)]

    assert found("differ = tone") == [first]
    assert found("differ = rating and differ = topics") == [second]
    assert found("differ = status") == [third]
    assert found("differ is not null", annotator="judge") == [first, second, third]
    assert found("differ = note") == []  # comments are of each alone
    assert found("rating_range >= 2") == [second]
    assert found("rating_range = 0") == [first, third]
    assert found("annotators = ada and annotators in (bob)") == [first, second, third]
    assert found("annotators is null") == [fourth]
    assert review.next("judge", where=["differ = status"]).id == third
    review.undo("bob")
    assert found("differ = status") == []
    with pytest.raises(UsageError, match="no field 'difer'; did you mean 'differ'"):
        found("difer = tone")


def test_a_column_is_meant_before_a_field_that_compares_annotators(tmp_path):
    rows = [{"text": "x", "differ": "yes"}, {"text": "y", "differ": "no"}]
    review = made_review(tmp_path, records=rows)
    assert [one.fields["text"] for one in review.search(where=["differ = no"])] == ["y"]
