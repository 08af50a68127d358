"""Data sets are split by persona or thread, have the system message asked for, and are uploaded."""

import json
import re
import threading
from collections import defaultdict
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import huggingface_hub
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from huggingface_hub import constants
from made_exports import EVENTS, NASTY, PEOPLE, answer, made_run, post
from typer.testing import CliRunner

from simnet import FakeModel, Persona, run
from simnet.cli.app import app
from simnet.discussions import Discussion, discussions
from simnet.errors import EmptyExportError, UsageError
from simnet.export.folders.hub_upload import push_to_hub
from simnet.export.folders.licences import licence_lines, licence_terms, strictness
from simnet.export.folders.origins import Origin
from simnet.export.folders.splits import Split, thread_name
from simnet.export.training_sets.conversations import export_threads
from simnet.export.training_sets.sft import export_sft


@pytest.fixture(scope="module", name="soup")
def _soup(tmp_path_factory):
    """The run of made_exports."""
    return made_run(tmp_path_factory.mktemp("soup"))


@pytest.fixture(scope="module", name="large")
def _large(tmp_path_factory):
    """A run in which twenty personas answer each of ten posts."""
    people = [PEOPLE[0]] + [
        PEOPLE[1]._replace(id=f"p{number}", position=number + 1) for number in range(20)
    ]
    events = [post(number, "eve", f"Post {number}?", number) for number in range(10)]
    for number in range(200):
        to = number % 10
        row = answer(10 + number, "ana", f"Reply {number}.", 10 + number, to)
        events.append(row._replace(who=f"p{number // 10}"))
    return made_run(tmp_path_factory.mktemp("large"), events, [], people, [])


def sides_of(folder):
    """Return the rows of a data set by configuration and split."""
    found = defaultdict(dict)
    for file in folder.glob("data/*/*.parquet"):
        side = file.name.partition("-")[0]
        found[file.parent.name][side] = pq.ParquetFile(file).read().to_pylist()
    return found


# -- splits -------------------------------------------------------------------------------


@pytest.mark.parametrize(("together", "column"), [("persona", "persona_id"), ("thread", "post")])
def test_a_persona_or_a_thread_is_on_one_side(large, tmp_path, together, column):
    options = {"validation": 0.3, "keep_together": together, "prompts": "post"}
    (subset,) = export_sft(large, tmp_path / "sft", **options)
    sides = sides_of(tmp_path / "sft")["format_sft_troll"]
    names = {side: {row[column] for row in rows} for side, rows in sides.items()}
    assert names["train"].isdisjoint(names["validation"])
    assert {side: len(rows) for side, rows in sides.items()} == subset.splits
    assert sum(subset.splits.values()) == subset.rows == 200
    card = (tmp_path / "sft/README.md").read_text(encoding="utf-8")
    assert f"All rows of a {together} are in one split" in card
    found = huggingface_hub.DatasetCard.load(tmp_path / "sft/README.md").data.to_dict()
    (config,) = found["configs"]
    assert [one["split"] for one in config["data_files"]] == ["train", "validation"]


def test_the_side_stays_when_rows_are_added_and_changes_with_the_seed():
    people = [f"p{number}" for number in range(10_000)]
    split = Split(0.1)
    sides = {who: split.side(who, "x") for who in people}
    assert sides == {who: split.side(who, "another thread") for who in people}
    share = sum(side == "validation" for side in sides.values()) / len(people)
    assert share == pytest.approx(0.1, abs=0.01)
    larger = Split(0.2)
    assert all(larger.side(who, "x") == side for who, side in sides.items() if side != "train")
    assert sides != {who: Split(0.1, seed=1).side(who, "x") for who in people}


def test_threads_that_begin_with_the_same_text_are_kept_together():
    assert thread_name("a", 1, "Soup?") == thread_name("b", 7, "Soup?")
    assert thread_name("a", 1, None) != thread_name("b", 1, None)


@pytest.mark.parametrize("share", [1.0, -0.1, float("nan")])
def test_a_share_out_of_range_is_refused(soup, tmp_path, share):
    with pytest.raises(UsageError, match="give one from 0 to below 1"):
        export_sft(soup, tmp_path / "sft", validation=share)


def test_a_split_without_rows_is_told_of(soup, tmp_path):
    words = ["threads", soup.path, "--out", tmp_path / "set", "--validation", 0.0001]
    result = invoke(*words)
    assert result.exit_code == 0, result.output
    assert "note: the split validation has no rows" in result.stderr
    assert "--split-seed" in result.stderr


def invoke(*words):
    return CliRunner().invoke(app, ["export", *map(str, words)])


# -- the system message -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "roles", "first"),
    [
        ({}, ["system", "user"], "You are ana."),
        ({"prompts": "post"}, ["user"], "Is soup a drink? Ask @ana."),
        ({"prompts": "post", "system": "served"}, ["system", "user"], "You are ana."),
        ({"prompts": "post", "system": "portrait"}, ["system", "user"], "Ana bakes."),
        ({"system": "portrait"}, ["system", "user"], "Ana bakes."),
        ({"system": "none"}, ["user"], "Soup?"),
    ],
)
def test_the_system_message_is_the_one_asked_for(soup, tmp_path, options, roles, first):
    export_sft(soup, tmp_path / "sft", **options)
    row = sides_of(tmp_path / "sft")["format_sft_troll"]["train"][0]
    *prompt, reply = row["messages"]
    assert [message["role"] for message in prompt] == roles
    assert prompt[0]["content"] == first
    assert reply == {"role": "assistant", "content": "Soup is a lifestyle!"}


def test_replies_are_written_in_batches_that_change_nothing(soup, tmp_path, monkeypatch):
    export_sft(soup, tmp_path / "whole")
    monkeypatch.setattr(
        "simnet.export.training_sets.replies.ReplyReader.__init__.__defaults__", (2,)
    )
    export_sft(soup, tmp_path / "parts")
    assert sides_of(tmp_path / "whole") == sides_of(tmp_path / "parts")


# -- conversations ------------------------------------------------------------------------


@pytest.mark.parametrize("opinions", [(), ("Cats.", "Dogs.")])
def test_what_is_said_first_in_a_discussion_is_no_reply(tmp_path, opinions):
    debate = Discussion([Persona(id="ann"), Persona(id="ben")], opinions, turns=3)
    talked = run(discussions([debate]), model=FakeModel(), out=tmp_path / "runs")
    export_sft(talked, tmp_path / "sft")
    (file,) = (tmp_path / "sft").rglob("*.parquet")
    said = talked.read("events").filter(pc.field("verb") == "say")["text"].to_pylist()
    replies = [chat[-1]["content"] for chat in pq.read_table(file)["messages"].to_pylist()]
    assert replies == said[max(1, len(opinions)) :]  # no model said the opinions


def test_a_thread_is_a_conversation_of_each_of_its_authors(soup, tmp_path):
    exported = export_threads(soup, tmp_path / "threads")
    rows = {
        row["persona_id"]: row
        for sides in sides_of(tmp_path / "threads").values()
        for row in sides["train"]
    }
    said = f"@bob: Soup is wet bread.\n@cy: {rows['cy']['messages'][-1]['content']}"
    assert rows["ana"]["messages"] == [
        {"role": "user", "content": "@eve: Is soup a drink? Ask @ana."},
        {"role": "assistant", "content": "Soup is a lifestyle!"},
        {"role": "user", "content": f"{said}\n@dan/../x: I love soup.\n@eve: Thanks, all of you."},
        {"role": "assistant", "content": "You are welcome."},
    ]
    assert rows["ana"]["events"] == [1, 6]
    eve = rows["eve"]["messages"]
    assert [message["role"] for message in eve] == ["user", "assistant"]
    assert eve[0]["content"].startswith("@eve: Is soup a drink? Ask @ana.\n@ana: Soup is a")
    assert exported.left_out == {"answering nobody": 1}, "the quote that nobody answered"
    for row in rows.values():
        roles = [message["role"] for message in row["messages"]]
        assert roles == ["user", "assistant"] * (len(roles) // 2)


def test_a_long_thread_keeps_the_first_post_and_the_newest(large, tmp_path):
    export_threads(large, tmp_path / "threads", longest=4, system="portrait")
    rows = sides_of(tmp_path / "threads")["threads_troll"]["train"]
    last = next(row for row in rows if (row["thread"], row["persona_id"]) == (0, "p19"))
    assert last["messages"] == [
        {"role": "system", "content": "Ana bakes."},
        {"role": "user", "content": "@eve: Post 0?\n@p17: Reply 170.\n@p18: Reply 180."},
        {"role": "assistant", "content": "Reply 190."},
    ]
    assert (last["posts"], last["shortened"]) == (4, True)
    with pytest.raises(UsageError, match="give longest=2 or more"):
        export_threads(large, tmp_path / "none", longest=1)


def test_conversations_with_a_flagged_turn_of_their_author_are_left_out(tmp_path):
    events = [
        post(0, "eve", "Soup?", 0),
        answer(1, "ana", "I cannot help with that.", 1, 0),
        answer(2, "bob", "<think>hm</think>Yes.", 2, 0),
        answer(3, "cy", "<think>hm", 3, 0),
        answer(4, "eve", "<|im_end|>", 4, 0),
    ]
    run = made_run(tmp_path, events, [])
    exported = export_threads(run, tmp_path / "threads")
    assert exported.left_out == {"refusal": 1, "reasoning": 1, "garbled": 1}
    (row,) = sides_of(tmp_path / "threads")["threads_troll"]["train"]
    assert row["messages"][-1]["content"] == "Yes."
    with pytest.raises(EmptyExportError, match=r"no conversation to export \(1 answering nobody\)"):
        export_threads(made_run(tmp_path / "b", events[:1], []), tmp_path / "none")


# -- licences -----------------------------------------------------------------------------


def test_the_strictest_licence_is_named():
    names = [
        "MIT",
        "llama3",
        "CC-BY-NC-SA-4.0",
        "CC0-1.0",
        "CC-BY-4.0",
        "cc-by-nc-nd-4.0",
        "cc-by-sa-4.0",
    ]
    ranked = sorted(names, key=strictness, reverse=True)
    assert ranked[:3] == ["cc-by-nc-nd-4.0", "CC-BY-NC-SA-4.0", "cc-by-sa-4.0"]
    assert ranked[3] == "llama3"
    assert ranked[-1] == "CC0-1.0"
    assert licence_terms("CC-BY-NC-SA-4.0") == (
        "no commercial use", "share under the same licence", "name the source"
    )  # fmt: skip
    assert licence_terms("llama3") == ("terms of its own",)
    assert licence_terms("CDLA-Sharing-1.0") == licence_terms("cc-by-sa-4.0")
    text = "\n".join(licence_lines({Origin("hub", "a|b\nc"): 2, Origin(None): 5}))
    assert "| a\\|b c | 2 | terms of its own |" in text
    assert licence_lines({Origin(None): 5}) == [
        "All personas were given in the scenario, so no licence of a source applies."
    ]


def test_a_name_with_lines_cannot_write_into_the_card(tmp_path):
    name = "soup\n---\n# Mine\n"
    run = made_run(tmp_path, EVENTS, name=name)
    export_sft(run, tmp_path / "sft")
    card = (tmp_path / "sft/README.md").read_text(encoding="utf-8")
    assert "# Replies of simulated followers: soup --- # Mine" in card
    assert NASTY not in card


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Creative Commons Attribution 4.0 International", "CC-BY-4.0"),
        ("Creative Commons Attribution Share Alike 4.0", "CC-BY-SA-4.0"),
        ("Creative Commons Attribution-ShareAlike 4.0 International", "CC-BY-SA-4.0"),
        ("Creative Commons Attribution Non Commercial 4.0", "CC-BY-NC-4.0"),
        ("Creative Commons Attribution No Derivatives 4.0", "CC-BY-ND-4.0"),
        ("Attribution-NoDerivs 3.0 Unported", "CC-BY-ND-3.0"),
        ("Creative Commons Attribution Non Commercial Share Alike 4.0", "CC-BY-NC-SA-4.0"),
        ("Attribution-NonCommercial-ShareAlike 4.0 International", "CC-BY-NC-SA-4.0"),
        ("CC Attribution, Non-Commercial, No Derivative Works 3.0", "CC-BY-NC-ND-3.0"),
        ("Creative Commons Zero v1.0 Universal", "CC0-1.0"),
    ],
)
def test_a_long_name_of_a_licence_asks_for_what_the_short_one_does(name, short):
    assert licence_terms(name) == licence_terms(short)


# -- upload -------------------------------------------------------------------------------


class Hub(BaseHTTPRequestHandler):
    """As much of the hub as an upload needs; it keeps what it is sent."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.calls.append((self.path, body, self.headers.get("authorization")))
        url = f"http://{self.headers['host']}/datasets/me/soup"
        if self.path == "/api/repos/create":
            reply = {"url": url, "name": "me/soup"}
        elif "/preupload/" in self.path:
            paths = [one["path"] for one in json.loads(body)["files"]]
            files = [
                {"path": path, "uploadMode": "regular", "shouldIgnore": False} for path in paths
            ]
            reply = {"files": files}
        else:
            reply = {"commitUrl": f"{url}/commit/1", "commitOid": "1", "success": True}
        self.answer(self.server.status, reply)

    def do_GET(self):
        if "tree" in self.path:
            files = [
                {"type": "file", "path": path, "size": 1, "oid": "0"} for path in self.server.there
            ]
            self.answer(200, files)
        else:
            self.answer(200, {"id": "me/soup", "siblings": [], "sha": "0"})

    def answer(self, status, reply):
        content = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@contextmanager
def serving(status=200, there=()):
    """Serve a hub that has some files `there` already."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.calls, server.status, server.there = [], status, there
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def online(monkeypatch):
    """Let the client ask the stub, whatever the environment says."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.mark.usefixtures("online")
def test_an_export_is_uploaded_in_one_commit_as_a_private_data_set(soup, tmp_path):
    export_sft(soup, tmp_path / "sft")
    with serving() as (server, address):
        api = huggingface_hub.HfApi(endpoint=address)
        push_to_hub(tmp_path / "sft", "me/soup", token="hf_secret", api=api)
    calls = {path: body for path, body, _ in server.calls}
    made = json.loads(calls["/api/repos/create"])
    assert (made["type"], made["name"]) == ("dataset", "soup")
    assert made.get("private") or made["visibility"] == "private", "by the version of the client"
    (commit,) = (body for path, body in calls.items() if "/commit/" in path)
    lines = [json.loads(line) for line in commit.splitlines()]
    files = {line["value"]["path"] for line in lines if line["key"] == "file"}
    assert files == {
        str(path.relative_to(tmp_path / "sft"))
        for path in (tmp_path / "sft").rglob("*")
        if path.is_file()
    }
    assert all(found == "Bearer hf_secret" for _, _, found in server.calls)


@pytest.mark.usefixtures("online")
def test_an_upload_deletes_the_files_of_an_earlier_one_of_any_kind(soup, tmp_path):
    old = [
        "annotations/0-1.json", "data/gone/train-00000.parquet", "discussions/discussion-0.json",
        "events.csv", "follows.graphml", "ledger.jsonl", "oasis.db",
    ]  # fmt: skip
    export_sft(soup, tmp_path / "sft")
    with serving(there=[*old, "README.md", "paper.md", "src/data/mine.csv"]) as (server, address):
        api = huggingface_hub.HfApi(endpoint=address)
        push_to_hub(tmp_path / "sft", "me/soup", token="hf_secret", api=api)
    (commit,) = (body for path, body, _ in server.calls if "/commit/" in path)
    lines = [json.loads(line) for line in commit.splitlines()]
    assert [one["value"]["path"] for one in lines if one["key"] == "deletedFile"] == old


@pytest.mark.usefixtures("online")
def test_an_upload_that_is_refused_says_so_and_leaves_the_folder(soup, tmp_path, monkeypatch):
    with serving(403) as (_, address):
        monkeypatch.setattr(constants, "ENDPOINT", address)
        words = ["sft", soup.path, "--out", tmp_path / "sft", "--push-to-hub", "me/soup"]
        result = invoke(*words)
    assert result.exit_code == 2
    assert re.search(r"error: me/soup was not uploaded: .*403", result.stderr)
    assert (tmp_path / "sft/README.md").is_file()


@pytest.mark.usefixtures("online")
def test_what_cannot_be_uploaded_is_told_of(soup, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="is no folder that an export wrote"):
        push_to_hub(tmp_path, "me/soup")
    words = ["sft", soup.path, "--out", tmp_path / "sft", "--push-to-hub", "me/so up"]
    result = invoke(*words)
    assert (result.exit_code, (tmp_path / "sft").exists()) == (2, False)
    assert "'me/so up' is no name of a data set" in result.stderr
    export_sft(soup, tmp_path / "sft")
    api = huggingface_hub.HfApi(endpoint="http://127.0.0.1:1")
    with pytest.raises(UsageError, match="me/soup was not uploaded"):
        push_to_hub(tmp_path / "sft", "me/soup", token="hf_secret", api=api)
