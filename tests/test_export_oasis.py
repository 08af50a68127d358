"""The OASIS export has OASIS's tables, and the queries of its documentation and scripts run."""

import json
import sqlite3
from contextlib import closing

import pytest
from made_exports import EDGES, EVENTS, NASTY, PEOPLE, act, answer, made_run
from typer.testing import CliRunner

from simnet.cli.app import app
from simnet.errors import EmptyExportError, UsageError
from simnet.export.interchange.oasis_database import export_oasis

USERS = {row.id: number for number, row in enumerate(PEOPLE)}
COLUMNS = {
    "user": "user_id agent_id user_name name bio created_at num_followings num_followers",
    "post": "post_id user_id original_post_id content quote_content created_at num_likes "
    "num_dislikes num_shares num_reports",
    "comment": "comment_id post_id user_id content created_at num_likes num_dislikes",
    "like": "like_id user_id post_id created_at",
    "dislike": "dislike_id user_id post_id created_at",
    "comment_like": "comment_like_id user_id comment_id created_at",
    "comment_dislike": "comment_dislike_id user_id comment_id created_at",
    "follow": "follow_id follower_id followee_id created_at",
    "mute": "mute_id muter_id mutee_id created_at",
    "trace": "user_id created_at action info",
    "rec": "user_id post_id",
    "report": "report_id user_id post_id report_reason created_at",
    "product": "product_id product_name sales",
    "chat_group": "group_id name created_at",
    "group_members": "group_id agent_id joined_at",
    "group_messages": "message_id group_id sender_id content sent_at",
}
"""Tables and columns of OASIS 0.2."""
SCORES = {"Soup is a lifestyle!": 3, "Soup is wet bread.": -1}
"""Likes less dislikes of comments that have some."""


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("oasis")
    report = act(60, "bob", "report", post=0, root=0, whom="eve", text='It\'s wet; "wrong".')
    like = act(61, "cy", "like", post=0, root=0, whom="eve")
    repost = act(62, "bob", "repost", post=0, root=0, whom="eve")
    export_oasis(made_run(folder, [*EVENTS, report, like, repost]), folder / "db")
    return folder / "db"


@pytest.fixture(name="query")
def _query(folder):
    with closing(sqlite3.connect(folder / "oasis.db")) as database:
        yield lambda text, *values: database.execute(text, values).fetchall()


def test_the_tables_and_columns_are_those_of_oasis(query):
    names = {name for (name,) in query("SELECT name FROM sqlite_master WHERE type='table'")}
    assert names == {*COLUMNS, "simnet_posts", "sqlite_sequence"}
    for table, columns in COLUMNS.items():
        found = [row[1] for row in query(f"PRAGMA table_info('{table}')")]
        assert found == columns.split(), table
        query(f"SELECT * FROM {table}")  # as OASIS prints its databases, without quotes


def test_the_queries_of_oasis_s_scripts_run(query):
    users = query("SELECT user_id, user_name, name, bio, created_at FROM user ORDER BY created_at")
    assert (1, "ana", "ana", "Bakes.", 0) in users
    ties = query("SELECT follower_id, followee_id, created_at FROM follow ORDER BY created_at")
    eve, ana, bob = USERS["eve"], USERS["ana"], USERS["bob"]
    assert sorted(ties) == [(eve, ana, 0), (bob, eve, 0), (bob, ana, 0)]
    for user, at, action, info in query(
        "SELECT user_id, created_at, action, info FROM trace ORDER BY created_at"
    ):
        facts = json.loads(info)
        assert isinstance(user, int)
        assert int(facts["time_stamp"]) == at
        assert action != "follow" or int(facts["follow_id"])
    comments = query("SELECT user_id, created_at, info FROM trace WHERE action = 'create_comment'")
    assert len(comments) == 6
    for _, _, info in comments:
        number = json.loads(info)["comment_id"]
        ((post, content),) = query(
            "SELECT post_id, content FROM comment WHERE comment_id = ?", number
        )
        assert content == json.loads(info)["content"]
        assert query("SELECT content FROM post WHERE post_id = ?", post) == [
            ("Is soup a drink? Ask @ana.",)
        ]
        score = "SELECT (num_likes - num_dislikes) AS score FROM comment WHERE comment_id = ?"
        assert query(score, number) == [(SCORES.get(content, 0),)]
    (reported,) = query(
        "SELECT report_id, user_id, post_id, report_reason, created_at FROM report "
        "ORDER BY created_at DESC"
    )
    assert reported == (1, USERS["bob"], 1, 'It\'s wet; "wrong".', 1)
    assert query("SELECT user_id, info, created_at FROM trace WHERE action = ?", "interview") == []


def test_posts_quotes_and_reposts_are_rows_of_post_with_their_counts(query):
    assert query("SELECT * FROM post ORDER BY post_id") == [
        (1, 0, None, "Is soup a drink? Ask @ana.", None, 0, 2, 0, 2, 1),
        (2, 3, 1, "Is soup a drink? Ask @ana.", "Look at this.", 0, 0, 0, 0, 0),
        (3, 2, 1, "", None, 1, 0, 0, 0, 0),
    ]
    assert query("SELECT count(*) FROM comment WHERE content = ?", NASTY) == [(1,)]
    places = query("SELECT made, kind, id, answers FROM simnet_posts ORDER BY made")
    assert places[5:] == [(5, "comment", 5, 1), (6, "comment", 6, 5), (7, "post", 2, 0)]


def test_reactions_ties_and_groups_are_as_at_the_end(query):
    assert query('SELECT user_id, post_id FROM "like"') == [(0, 1), (3, 1)]
    assert query("SELECT user_id, comment_id FROM comment_like") == [(2, 1), (3, 1), (1, 1)]
    assert query("SELECT user_id, comment_id FROM comment_dislike") == [(1, 2)]
    undone = query("SELECT info FROM trace WHERE action = 'unlike_comment'")
    assert json.loads(undone[0][0])["comment_id"] == 3
    counts = query("SELECT user_id, num_followings, num_followers FROM user ORDER BY user_id")
    assert counts == [(0, 1, 1), (1, 0, 2), (2, 2, 0), (3, 0, 0), (4, 0, 0)]
    assert query("SELECT muter_id, mutee_id FROM mute") == [(2, 0)]
    assert query("SELECT name FROM chat_group") == [("soup/lovers",)]
    assert query("SELECT agent_id FROM group_members") == [(2,), (3,)]
    assert query("SELECT sender_id, content FROM group_messages") == [(2, "Hello.")]
    assert query("SELECT user_id, post_id FROM rec ORDER BY user_id") == [
        (user, 1) for user in range(5)
    ]


def test_what_oasis_has_no_table_for_is_counted(folder):
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "- 1 love (OASIS has no such reaction)" in card
    assert "- 1 repost of a reply (OASIS has none)" in card
    assert "- 1 report of a reply (OASIS has none)" in card


def test_times_are_dates_where_that_is_asked_for(tmp_path):
    export_oasis(made_run(tmp_path, EVENTS[:2]), tmp_path / "db", clock="datetime")
    with closing(sqlite3.connect(tmp_path / "db/oasis.db")) as database:
        (found,) = database.execute("SELECT created_at FROM comment").fetchall()
    assert found == ("1970-01-01 00:00:01.000000",)


def test_huge_ids_and_a_thread_without_its_beginning_are_written(tmp_path):
    huge = 2**62
    events = [answer(1, "ana", "To whom?", huge, huge - 1, root=huge - 1)]
    exported = export_oasis(made_run(tmp_path, events, EDGES), tmp_path / "db")
    assert exported.parts["post"] == {"rows": 1}
    (cause,) = exported.left_out
    assert "thread is not in the record" in cause


def test_a_run_without_rows_is_refused_and_a_folder_is_replaced_by_force_alone(tmp_path):
    empty = made_run(tmp_path / "none", [], [], [], [])
    with pytest.raises(EmptyExportError, match="neither personas nor events"):
        export_oasis(empty, tmp_path / "db")
    assert not (tmp_path / "db").exists()
    run = made_run(tmp_path)
    words = ["export", "oasis", str(run.path), "--out", str(tmp_path / "db")]
    first = CliRunner().invoke(app, words)
    assert first.exit_code == 0, first.output
    assert "comment: 6 rows\n" in first.stdout
    again = CliRunner().invoke(app, words)
    assert (again.exit_code, "exists already" in again.stderr) == (2, True)
    assert json.loads(CliRunner().invoke(app, [*words, "--force", "--json"]).stdout)["parts"]
    (tmp_path / "db/mine.txt").write_text("precious")
    with pytest.raises(UsageError, match="holds files that no export wrote"):
        export_oasis(run, tmp_path / "db", force=True)
