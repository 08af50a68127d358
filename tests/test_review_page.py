"""The terminal page of a review, the walk from a data set to a subset, and a writer that dies."""

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from made_reviews import EVERY_KIND, RATING, RECORDS, ids, made_review
from typer.testing import CliRunner
from waiting import wait_until

from simnet import load_personas
from simnet.cli.app import app
from simnet.errors import InputError, UsageError
from simnet.personas.catalogue import Catalogue
from simnet.personas.persona import Persona
from simnet.personas.source import Source
from simnet.review import Question, Review, from_catalogue, hand_off
from simnet.review.session import Session

pytestmark = pytest.mark.slow

PERSONA_HUB = Path(__file__).parents[2] / "shared" / "data" / "personahub_tool_400.jsonl"
"""The first 400 rows of PersonaHub's subset of tools, where it was fetched."""
MADE_ROWS = [
    ("A dental surgeon who compares materials for implants", "tool development"),
    ("A sales representative of a maker of medical devices", "tool development"),
    ("A business development executive for strategic partnerships", "tool use: sales"),
    ("A manufacturing officer for surgical instruments", "tool development"),
    ("A retired sailor who writes letters to the editor", "writing: letter"),
    ("A teacher who explains evolution with fossils", "writing: quiz"),
]
HOSTILE = "evil \x1b[31mred\x1b[0m [bold]markup[/bold]\ttab\nnew line \u202e [link=x]"


def walk(review, keys, size=(100, 30), annotator="ada"):
    """Press keys on the page of a review; a tuple is typed. Return the session and the texts."""
    from simnet.cli.review.page import ReviewPage

    async def press():
        page = ReviewPage(Session(review, annotator))
        async with page.run_test(size=size) as pilot:
            for key in keys:
                await pilot.press(*([key] if isinstance(key, str) else key[0]))
                await pilot.pause()
            texts = {one.id: str(one.render()) for one in page.query("Static") if one.id}
            return page.session, texts, page.export_screenshot(), page.is_running

    return asyncio.run(press())


# -- the page -------------------------------------------------------------------------------------


def test_a_digit_submits_and_the_next_record_is_shown(tmp_path):
    review = made_review(tmp_path)
    session, texts, _, _ = walk(review, ["4", "d", "u", "u", "2", "1"])
    first, second, third, _ = ids(review)
    assert review.decision("ada", first).answers == {"rating": 2}
    assert review.decision("ada", second).answers == {"rating": 1}
    assert session.current.id == third
    assert texts["top"] == "2 of 4 done, 2 kept; 3/4 all records"
    assert texts["message"] == "submitted: rating 1"


def test_every_kind_of_question_has_its_keys(tmp_path):
    review = made_review(tmp_path, EVERY_KIND)
    save = ["e", "end", (" Now.",), "ctrl+s"]
    keys = ["k", "h", "5", *save, "c", ("a note",), "enter", "r", ("2 1 3",), "enter", "enter"]
    walk(review, keys)
    assert review.decision("ada", ids(review)[0]).answers == {
        "rating": 5,
        "tone": "kind",
        "topics": ["health"],
        "better": "Check the scan. Now.",
        "note": "a note",
        "order": ["b", "a", "c"],
    }
    assert review.records[0].fields["text"] == RECORDS[0]["text"]


def test_search_similar_and_filter_change_what_is_in_view(tmp_path):
    review = made_review(tmp_path)
    searched = ["/", ("topic: tool",), "enter"]
    session, texts, _, _ = walk(review, [*searched, "s", "enter"])
    near = review.similar(ids(review)[0], field="input persona", limit=None)
    inside = [one.record.id for one in near if one.record.id != ids(review)[2]]
    assert [one.id for one in session.view] == [ids(review)[0], *inside]
    mistyped = ["f", ("like>=5",), "enter"]
    session, texts, _, _ = walk(review, [*searched, "f", ("likes>=5",), "enter", *mistyped])
    assert [one.fields["likes"] for one in session.view] == [7, 5]
    assert "search topic: tool, filter likes>=5" in texts["top"]
    assert "no field 'like'; did you mean 'likes'" in texts["message"]
    session, _, _, _ = walk(review, [*searched, "x"])
    assert len(session.view) == 4


def test_keys_that_mean_nothing_do_nothing_and_say_so_where_it_helps(tmp_path):
    review = made_review(tmp_path)
    _, texts, _, running = walk(review, ["9", "enter", "u", "e", "c", "r", "z", "f1"])
    assert running
    assert review.status() == []
    assert texts["message"] == "no question asks for a ranking"
    assert not walk(review, ["q"])[-1]


def test_a_prompt_that_is_left_changes_nothing(tmp_path):
    review = made_review(tmp_path, EVERY_KIND)
    session, texts, _, _ = walk(review, ["e", ("junk",), "escape", "c", ("junk",), "escape"])
    assert session.draft == {}
    assert texts["message"] == "left as it was"


def test_answers_that_are_not_submitted_are_kept_while_walking_and_asked_about(tmp_path):
    review = made_review(tmp_path, EVERY_KIND)
    first, second, *_ = ids(review)
    edit = ["e", "end", (" Now.",), "ctrl+s"]
    session, texts, _, running = walk(review, [*edit, "n", "n", "q"])
    assert running
    assert (session.current.id, session.draft) == (first, {"better": "Check the scan. Now."})
    asked = f"the answers about {first} are not submitted: enter submits them, q again leaves"
    assert asked in texts["message"]
    assert not walk(review, [*edit, "q", "q"])[-1]
    assert walk(review, [*edit, "q", "n", "q"])[-1]  # a key between the two goes on
    session, *_, running = walk(review, [*edit, "n", "5", "enter", "p", "p", "5", "enter", "q"])
    assert not running
    assert review.decision("ada", first).answers["better"] == "Check the scan. Now."
    assert review.decision("ada", second).answers == {"rating": 5}


@pytest.mark.parametrize("key", ["ctrl+c", "ctrl+q"])
def test_leaving_by_a_control_key_asks_about_what_would_be_lost(tmp_path, key):
    review = made_review(tmp_path, EVERY_KIND)
    _, texts, _, running = walk(review, ["5", key])
    assert running
    assert "are not submitted: enter submits them" in texts["message"]
    assert not walk(review, ["5", key, key])[-1]
    assert not walk(review, [key])[-1]
    for opens, saves in (("e", "ctrl+s"), ("c", "enter")):
        session, texts, _, running = walk(review, [opens, ("abc",), key])
        assert running
        assert f"what you wrote is not saved: {saves} saves it" in texts["message"]
        session, *_, running = walk(review, [opens, ("abc",), key, saves])
        assert running
        assert "abc" in "".join(session.draft.values())
        assert not walk(review, [opens, ("abc",), key, key])[-1]
        assert walk(review, [opens, ("abc",), key, "x", key])[-1]  # a key between goes on
        assert not walk(review, [opens, key])[-1]  # nothing was written
    _, texts, _, running = walk(review, ["5", "c", ("abc",), key, key])
    assert running
    assert "are not submitted" in texts["message"]


@pytest.mark.parametrize("size", [(20, 12), (20, 24), (200, 60)])
def test_texts_are_escaped_and_shown_at_every_width(tmp_path, size):
    records = [{**RECORDS[0], "text": HOSTILE, "na\x1bme": "x"}]
    review = made_review(tmp_path, EVERY_KIND, records=records)
    _, texts, screen, _ = walk(review, [], size)
    assert not {"\x1b", "\u202e", "\t"} & set("".join(texts.values()) + screen)
    assert r"\x1b[31mred\x1b[0m [bold]markup[/bold]" in texts["fields"]
    assert texts["keys"].split()[-1] in {"q", "quit"}
    for asking in (["/"], ["e"]):
        _, texts, screen, _ = walk(review, asking, size)
        assert "\x1b" not in screen
        where = "WORDS" if asking == ["/"] else "ctrl+s"
        assert where in screen  # the prompt has room on the smallest terminal


def test_an_edit_that_changes_nothing_keeps_what_cannot_be_shown(tmp_path):
    review = made_review(tmp_path, EVERY_KIND, records=[{"text": HOSTILE}, {"text": "b"}])
    walk(review, ["e", "ctrl+s", "3", "enter"])
    assert review.decision("ada", ids(review)[0]).answers == {"rating": 3}


def test_nothing_on_the_page_depends_on_colour(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    review = made_review(tmp_path, EVERY_KIND)
    _, texts, _, _ = walk(review, ["k", "h", "2"])
    assert "rating [1-5]: 2" in texts["answers"]
    assert "topics? [h=health a=sea]: health" in texts["answers"]
    assert texts["message"] == "rating: 2"


# -- from a data set to a subset ------------------------------------------------------------------


@pytest.fixture(name="catalogue")
def _catalogue(tmp_path, monkeypatch):
    """A catalogue of the real file, if it is there, else of a few rows of its form."""
    monkeypatch.chdir(tmp_path)
    path = PERSONA_HUB
    if not path.is_file():
        path = tmp_path / "tool.jsonl"
        rows = [
            {"input persona": who, "synthesized text": f"Analyze {n}.", "description": what}
            for n, (who, what) in enumerate(MADE_ROWS)
        ]
        path.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["personas", "import", str(path), "--into", "people"])
    assert result.exit_code == 0, result.output
    return tmp_path / "people"


QUESTIONS = [RATING, Question("better", "correction", field="synthesized text")]
SOUGHT = "a sales representative for medical devices"


def check_subset(path, kept, corrected):
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    assert {row["record_id"]: row["rating"] for row in rows} == kept
    changed = [row for row in rows if row["synthesized text"] != row["synthesized text_original"]]
    assert [row["record_id"] for row in changed] == [corrected]
    assert all("tool" in row["description"] for row in rows)


def test_the_walk_from_import_to_a_subset_through_the_api(catalogue, tmp_path):
    import datasets

    source = from_catalogue(catalogue)
    review = Review.new("reviews/tools", source, QUESTIONS, words="tool", field="description")
    assert 0 < len(review.records) <= len(source.records)
    near = [one.record.id for one in review.similar(SOUGHT, field="input persona", limit=4)]
    first, second, third, fourth = near
    review.submit("ada", first, {"rating": 5})
    review.submit("ada", second, {"rating": 4, "better": "A clearer function."})
    review.submit("ada", third, {"rating": 2})
    review.discard("ada", fourth)
    made = review.export("kept.jsonl", where=["rating>=4"])
    assert {one.id for one in load_personas("kept.jsonl")} == {first, second}
    assert (made.rows, made.left_out["filtered"], made.left_out["discarded"]) == (2, 1, 1)
    check_subset(tmp_path / "kept.jsonl", {first: 5.0, second: 4.0}, second)
    review.export("kept", where=["rating>=4"])
    loaded = datasets.load_dataset(str(tmp_path / "kept"), split="train", cache_dir=tmp_path / "c")
    assert set(loaded["record_id"]) == {first, second}
    review.export("people.jsonl", form="personas", where=["rating>=4"])
    assert {one.id for one in load_personas("people.jsonl")} == {first, second}


def test_the_walk_from_import_to_a_subset_through_the_page(catalogue, tmp_path):
    review = Review.new("reviews/tools", from_catalogue(catalogue), QUESTIONS)
    search = ["/", ("description: tool",), "enter"]
    more = ["s", *["backspace"] * 40, ("input persona",), "enter"]
    edit = ["e", "ctrl+home", ("Now: ",), "ctrl+s"]
    session, _, _, _ = walk(review, [*search, *more, "5", *edit, "4", "2", "d"])
    first, second, third, fourth = (record.id for record in session.view[:4])
    assert review.progress("ada")[2:] == (3, 1)
    made = review.export("kept.jsonl", where=["rating>=4"])
    assert made.rows == 2
    check_subset(tmp_path / "kept.jsonl", {first: 5.0, second: 4.0}, second)
    assert review.decision("ada", third).answers == {"rating": 2}
    assert review.decision("ada", fourth).status == "discarded"


# -- personas -------------------------------------------------------------------------------------


def test_personas_of_a_catalogue_come_back_as_personas(tmp_path):
    catalogue = Catalogue.open(tmp_path / "people")
    told = {"age": 30, "description": "tool use", "tags": ["a", "b"]}
    people = [
        Persona(id=f"p{n}", description=f"number {n}", attributes=told, untold=("age",))
        for n in range(3)
    ]
    catalogue.add(people)
    questions = [RATING, Question("better", "correction", field="persona")]
    review = Review.new(tmp_path / "review", from_catalogue(tmp_path / "people"), questions)
    assert ids(review) == ["p0", "p1", "p2"]
    review.submit("ada", "p0", {"rating": 5, "better": "A better one."})
    review.submit("ada", "p1", {"rating": 4})
    review.discard("ada", "p2")
    review.export(tmp_path / "out.jsonl", form="personas")
    first, second = load_personas(tmp_path / "out.jsonl")
    assert (first.id, first.description) == ("p0", "A better one.")
    assert told.items() <= second.attributes.items()
    assert second.attributes["rating"] == 4
    assert {"age", "rating", "status"} <= set(second.untold)  # no prompt tells of the review
    for name in ("flat.parquet", "flat.jsonl"):
        review.export(tmp_path / name)
        flat = load_personas(tmp_path / name)
        assert [(one.id, one.description) for one in flat] == [
            ("p0", "A better one."), ("p1", "number 1")
        ]  # fmt: skip
        assert told.items() <= flat[1].attributes.items()
        answers = {"rating", "status", "better", "persona_original"}
        assert answers & flat[0].attributes.keys() <= set(flat[0].untold)
        assert set(flat[0].attributes) - set(flat[0].untold) == {"description", "tags"}
    other = made_review(tmp_path / "people")
    other.submit("ada", ids(other)[0], {"rating": 1})
    with pytest.raises(UsageError, match="no personas of a catalogue"):
        other.export(tmp_path / "not.jsonl", form="personas")


def test_where_records_are_from_is_kept_and_not_among_the_texts_to_judge(tmp_path):
    person = Persona(
        id="p", description="Mends clocks.", attributes={"town": "Rome", "original_id": "P/7"}
    )
    Catalogue.open(tmp_path / "people").add([person], Source("clocks.jsonl", "simnet", "CC0-1.0"))
    review = Review.new(tmp_path / "review", from_catalogue(tmp_path / "people"), [RATING])
    told = CliRunner().invoke(app, ["review", "next", str(review.folder), "--as", "ada"]).output
    found = CliRunner().invoke(app, ["review", "search", str(review.folder), "rome"]).output
    _, texts, _, _ = walk(review, [])
    for shown in (told, found, texts["fields"]):
        assert "Mends clocks." in shown
        assert "clocks.jsonl" not in shown
        assert "CC0-1.0" not in shown
        assert "P/7" not in shown
    assert Session(review, "ada").text_columns() == ["id", "description", "town"]
    assert review.search("jsonl") == []
    assert review.search("jsonl", field="source") == review.search(where=["licence=CC0-1.0"])
    hand_off(review, tmp_path / "argilla", "argilla")
    (record,) = json.loads((tmp_path / "argilla" / "records.json").read_text())
    assert set(record["fields"].values()) == {"p", "Mends clocks.", "Rome"}
    assert record["metadata"]["licence"] == "CC0-1.0"
    review.submit("ada", "p", {"rating": 5})
    review.export(tmp_path / "kept.jsonl")
    assert json.loads((tmp_path / "kept.jsonl").read_text())["licence"] == "CC0-1.0"


def test_an_empty_catalogue_has_no_records(tmp_path):
    with pytest.raises(InputError, match="is empty"):
        from_catalogue(tmp_path / "nobody")


# -- a writer that dies ---------------------------------------------------------------------------

WRITER = """
import sys
from simnet.review import Review

review = Review.open(sys.argv[1])
number = 0
while True:
    for record in review.records:
        number += 1
        review.submit("ada", record.id, {"rating": number % 5 + 1})
        print(number, flush=True)  # acknowledged
"""


def test_decisions_that_were_acknowledged_survive_a_writer_that_is_killed(tmp_path):
    review = made_review(tmp_path)
    words = [sys.executable, "-c", WRITER, str(review.folder)]
    with (tmp_path / "acknowledged").open("w") as told, subprocess.Popen(words, stdout=told) as one:
        wait_until(lambda: len((tmp_path / "acknowledged").read_text().split()) > 40)
        one.send_signal(signal.SIGKILL)
    acknowledged = (tmp_path / "acknowledged").read_text().split("\n")[:-1]
    kept = Review.open(review.folder).history("ada")
    assert [one.number for one in kept] == list(range(1, len(kept) + 1))
    assert len(kept) - int(acknowledged[-1]) in {0, 1}  # the last may not have been told of
    assert all(one.answers == {"rating": one.number % 5 + 1} for one in kept)
    review.submit("ada", ids(review)[0], {"rating": 1})
    assert Review.open(review.folder).history("ada")[-1].number == len(kept) + 1
