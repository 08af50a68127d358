"""`simnet show` and `simnet ls` print what a person would want to read."""

import io
import json

import pytest
from made_rows import event
from rich.console import Console
from typer.testing import CliRunner

from simnet.analysis.show import show
from simnet.analysis.threads import gather, rows
from simnet.cli.app import app
from simnet.errors import UsageError
from simnet.foundation.text import terminal_safe
from simnet.recording.files.manifest import ModelFacts, RecordedScenario, State
from simnet.recording.reading.run import Run
from simnet.recording.schema import encode
from simnet.recording.writing.recorder import Recorder
from simnet.recording.writing.run_directory import RunDirectory


def post(turn, who, text, **fields):
    return event(turn, who, made=turn, text=text, **fields)


def reply(turn, who, text, to, **fields):
    return post(turn, who, text, verb="reply", post=to, root=0, **fields)


def act(turn, who, verb, to=None, **fields):
    return event(turn, who, verb=verb, post=to, made=None, **{"text": None, **fields})


STORY = [
    post(0, "ana", "Tacos tonight?", cohort="hungry"),
    reply(1, "bob", "Chicken.", 0, cohort="trolls"),
    reply(2, "mia", "Why chicken?", 1, cohort="hungry", marks=("at_limit",)),
    act(3, "bob", "like", 0, cohort="trolls"),
    act(4, "mia", "like", 0),
    act(5, "mia", "dislike", 0),
    act(6, "mia", "repost", 1),
    reply(7, "zed", "ignored", 1)._replace(
        outcome="refused", reason="you are suspended", made=None
    ),
    act(8, "zed", "pass")._replace(outcome="failed", reason="no reply within 60 s"),
    post(9, "zed", "A second thread", cohort="hungry"),
    act(10, "mod", "remove", 2),
    act(11, "mia", "pass"),
]


@pytest.fixture
def run(tmp_path):
    facts = {"scenario": RecordedScenario(name="tacos"), "model": ModelFacts(name="smol")}
    directory = RunDirectory.create(tmp_path / "runs", "tacos", seed=3, **facts)
    with Recorder(directory.path) as recorder:
        recorder.append("events", encode("events", STORY))
        recorder.seal()
    directory.finish(State.COMPLETED)
    return Run.open(directory.path)


def printed(function, *args, width=80, colour=False, **options):
    sink = io.StringIO()
    console = Console(
        file=sink, width=width, force_terminal=colour, color_system="standard" if colour else None
    )
    function(*args, console, **options)
    return sink.getvalue()


def test_threads_are_printed_with_replies_indented_below_what_they_answer(run):
    lines = printed(show, run).splitlines()
    places = {
        line.strip("│├└─ ").split(" ")[0]: len(line) - len(line.lstrip("│├└─ ")) for line in lines
    }
    assert places["@ana"] < places["@bob"] < places["@mia"]
    assert lines[0].startswith(run.id)
    assert "completed · tacos · smol · seed 3" in lines[0]


def test_reactions_reposts_marks_and_removals_are_told(run):
    text = printed(show, run)
    assert "#0 · 1 dislike · 1 like" in text
    assert "#1 · 1 repost" in text
    assert "[at_limit]" in text
    assert "[removed by @mod]" in text


def test_what_was_refused_or_failed_is_told_with_its_reason(run):
    text = printed(show, run)
    assert "reply refused: you are suspended" in text
    assert "pass failed: no reply within 60 s" in text
    *_, counts, texts = printed(show, run, width=200).splitlines()
    assert counts.endswith("1 reply refused, 1 pass failed")
    assert texts == "texts of hungry: 33.3% at limit"


def test_cohorts_have_colours_on_a_terminal_and_nothing_has_in_a_pipe(run, monkeypatch):
    assert "\x1b" not in printed(show, run)
    coloured = printed(show, run, colour=True)
    assert "\x1b[1;36m@ana" in coloured
    assert "\x1b[1;32m@bob" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    assert "36m" not in printed(show, run, colour=True)


def test_long_posts_wrap_within_the_width(tmp_path):
    directory = RunDirectory.create(tmp_path, "long")
    with Recorder(directory.path) as recorder:
        posts = [post(0, "ana", "word " * 100)]
        posts += [reply(n, "bob", "word " * 30, n - 1) for n in range(1, 40)]
        recorder.append("events", encode("events", posts))
    text = printed(show, Run.open(directory.path), width=60)
    assert max(map(len, text.splitlines())) <= 60
    assert text.count("word") == 100 + 39 * 30
    assert "answers @bob" in text


def test_a_limit_says_how_much_it_leaves_out(run):
    text = printed(show, run, limit=1)
    assert "A second thread" not in text
    assert "... and 1 more thread" in text


def test_one_member_s_threads_are_shown_with_what_they_answer(run):
    text = printed(show, run, who="bob")
    assert "Chicken." in text
    assert "Tacos tonight?" in text
    assert "Why chicken?" not in text
    assert "A second thread" not in text
    with pytest.raises(UsageError, match="did you mean 'bob'"):
        printed(show, run, who="bobb")


def test_events_are_listed_in_the_order_of_time(run):
    lines = printed(show, run, events=True, width=200).splitlines()
    assert lines[1] == "00:00:00  @ana write -> #0: Tacos tonight?"
    assert lines[4] == "00:00:03  @bob like #0"
    assert lines[8] == "00:00:07  @zed reply #1 refused: you are suspended: ignored"
    assert len(lines[1:-3]) == len(STORY)


def test_text_cannot_write_to_the_terminal_or_use_markup(tmp_path):
    directory = RunDirectory.create(tmp_path, "hostile")
    nasty = "\x1b[31mred\x07 \u202egnorw [bold]plain[/bold] :smile: \u200d"
    with Recorder(directory.path) as recorder:
        recorder.append("events", encode("events", [post(0, "ana", nasty)]))
    text = printed(show, Run.open(directory.path))
    assert "[31mred gnorw [bold]plain[/bold] :smile:" in text
    assert terminal_safe("a\tb\nc\r") == "a   b\nc"


def test_a_run_without_events_is_shown(tmp_path):
    directory = RunDirectory.create(tmp_path, "nothing")
    assert "nothing happened" in printed(show, Run.open(directory.path))


def test_a_thread_of_thousands_of_replies_can_be_shown(tmp_path):
    posts = [post(0, "ana", "0"), *(reply(n, "bob", str(n), n - 1) for n in range(1, 3000))]
    directory = RunDirectory.create(tmp_path, "deep")
    with Recorder(directory.path) as recorder:
        recorder.append("events", encode("events", posts))
    assert "2999" in printed(show, Run.open(directory.path))


def test_events_come_back_from_the_table_as_they_went_in(run):
    assert list(rows(run.read("events"))) == STORY


def test_a_reaction_taken_back_no_longer_counts():
    told = gather([post(0, "ana", "x"), act(1, "bob", "like", 0), act(2, "bob", "unlike", 0)])
    assert +told.posts[0].reactions == {}


@pytest.mark.parametrize(
    ("relation", "roots", "replies", "reposts"),
    [("reply", [0], 1, 0), ("quote", [0, 1], 0, 1), ("post", [0, 1], 0, 0), ("none", [0, 1], 0, 0)],
)
def test_where_a_post_by_a_verb_of_ones_own_stands(relation, roots, replies, reposts):
    note = reply(1, "bob", "y", 0)._replace(verb="note")
    threads = gather([post(0, "ana", "x"), note], {"note": relation})
    first = threads.posts[0]
    assert [one.id for one in threads.roots] == roots
    assert (len(first.replies), first.reposts) == (replies, reposts)
    assert threads.posts[1].quotes == (0 if relation == "quote" else None)


def test_what_an_act_by_a_verb_of_ones_own_does_to_a_post():
    relations = {"vouch": "reaction", "revoke": "retraction", "boost": "repost",
                 "flag": "label", "hide": "removal"}  # fmt: skip
    story = [post(0, "ana", "x"), act(1, "bob", "vouch", 0), act(2, "cat", "vouch", 0, text="much"),
             act(3, "bob", "revoke", 0), act(4, "bob", "boost", 0),
             act(5, "mod", "flag", 0, text="old"), act(6, "mod", "hide", 0)]  # fmt: skip
    found = gather(story, relations).posts[0]
    assert +found.reactions == {"much": 1}
    assert (found.reposts, found.labels, found.removed_by) == (1, ["old"], "mod")
    assert gather(story).posts[0].reposts == 0


def test_runs_are_listed_and_a_broken_one_says_why(run, tmp_path, monkeypatch):
    root = run.path.parent
    broken = RunDirectory.create(root, "zzz")
    (broken.path / "manifest.json").write_text("{}")
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setattr("simnet.cli.runs.ls.age", lambda _since: "3 s")  # as time passes here too
    text = CliRunner().invoke(app, ["ls", str(root)]).stdout
    assert [line.split()[0] for line in text.splitlines()[1:]][:2] == [run.id, broken.path.name]
    assert "unreadable" in text
    summaries = json.loads(CliRunner().invoke(app, ["ls", str(root), "--json"]).stdout)["runs"]
    first = summaries[0]
    assert (first["events"], first["replies"], first["state"]) == (12, 2, "completed")
    (tmp_path / "none").mkdir()
    assert CliRunner().invoke(app, ["ls", "--runs", str(root)]).stdout == text
    both = CliRunner().invoke(app, ["ls", str(root), "--runs", str(tmp_path)])
    assert (both.exit_code, both.stderr) == (
        2, f"error: {root} and --runs {tmp_path}: name one folder\n"
    )  # fmt: skip
    empty = CliRunner().invoke(app, ["ls", str(tmp_path / "none")])
    assert empty.stdout.startswith("no runs in")


def test_tables_are_printed_with_their_columns_and_of_a_run_with_their_rows(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    line = CliRunner()
    plain = line.invoke(app, ["tables"])
    assert plain.exit_code == 0
    for told in ("exposures: ", "key: who, turn, rank", "0 is the top of the feed.", "or null"):
        assert told in plain.stdout
    assert "rows" not in plain.stdout.splitlines()[0]
    counted = line.invoke(app, ["tables", str(run.path)])
    assert f"events, {len(STORY)} rows: " in counted.stdout
    told = json.loads(line.invoke(app, ["tables", str(run.path), "--json"]).stdout)["tables"]
    assert {one["table"]: one["rows"] for one in told}["events"] == len(STORY)
    (made,) = [one for one in told[0]["columns"] if one["column"] == "made"]
    assert made == {
        "column": "made",
        "type": "int64 or null",
        "meaning": "The post this event made.",
    }


def test_a_label_that_two_moderators_put_on_a_post_is_shown_once(tmp_path):
    directory = RunDirectory.create(tmp_path / "runs", "notes", seed=1)
    judged = [
        act(1, "mod", "label", 0, text="disputed"),
        act(1, "eva", "label", 0, text="disputed"),
    ]
    judged += [act(2, "eva", "label", 0, text="old news")]
    judged += [act(turn, "eva", "dismiss") for turn in (3, 4)]
    with Recorder(directory.path) as recorder:
        recorder.append("events", encode("events", [post(0, "ana", "The moon is hollow"), *judged]))
        recorder.seal()
    directory.finish(State.COMPLETED)
    shown = CliRunner().invoke(app, ["show", str(directory.path)]).stdout
    assert shown.count("[label: disputed]") == 1
    assert shown.count("[label: old news]") == 1
    assert "2 dismisses" in shown
