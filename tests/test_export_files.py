"""SynDisco logs, graphs and tables of a run hold what it recorded, whatever the texts are."""

import csv
import importlib
import json
import math
import xml.etree.ElementTree as ET

import networkx as nx
import pyarrow.parquet as pq
import pytest
from made_exports import EDGES, EVENTS, NASTY, PEOPLE, act, answer, made_run, post
from typer.testing import CliRunner

from simnet import FakeModel, Persona, run
from simnet.cli.app import app
from simnet.discussions import Discussion, discussions
from simnet.errors import EmptyExportError, UsageError
from simnet.export.interchange.graph_files import export_graphs
from simnet.export.interchange.syndisco_logs import export_syndisco
from simnet.export.interchange.table_files import export_tables
from simnet.recording.schema import TABLES


@pytest.fixture(scope="module", name="soup")
def _soup(tmp_path_factory):
    """The run of made_exports."""
    return made_run(tmp_path_factory.mktemp("soup"))


def invoke(*words):
    return CliRunner().invoke(app, ["export", *map(str, words)])


# -- SynDisco -----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_thread_is_a_log_with_the_fields_of_syndisco(soup, tmp_path):
    exported = export_syndisco(soup, tmp_path / "logs", moderator="eve")
    assert exported.left_out == {"shorter than 2 posts": 1}
    (file,) = (tmp_path / "logs/discussions").iterdir()
    log = json.loads(file.read_text(encoding="utf-8"))
    assert (file.name, log["moderator"], log["users"]) == (
        "discussion-0.json", "eve", ["ana", "bob", "cy", "dan/../x"]
    )  # fmt: skip
    assert log["user_prompts"][0] == (
        "Your name is ana. Your traits: username: ana, age: 40 Your instructions: Bakes."
    )
    assert log["user_prompts"][3].count('username: "dan/../x"') == 1
    assert [entry["name"] for entry in log["logs"]] == [
        "eve", "ana", "bob", "cy", "dan/../x", "eve", "ana"
    ]  # fmt: skip
    assert log["logs"][0] == {
        "name": "eve", "text": "Is soup a drink? Ask @ana.", "model": "hardcoded", "prompt": ""
    }  # fmt: skip
    assert log["logs"][3] == {"name": "cy", "text": NASTY, "model": "fake", "prompt": "Soup?"}


def test_discussions_that_are_not_there_are_told_of(soup, tmp_path):
    with pytest.raises(UsageError, match="nobody in this run has the handle 'evee'; did you"):
        export_syndisco(soup, tmp_path / "logs", moderator="evee")
    with pytest.raises(EmptyExportError, match=r"to export \(2 shorter than 9 posts\)"):
        export_syndisco(soup, tmp_path / "logs", shortest=9)
    assert not (tmp_path / "logs").exists()
    result = invoke("syndisco", soup.path, "--out", tmp_path / "logs", "--shortest", 1)
    assert "discussions: 2 files\n" in result.stdout


# -- graphs -------------------------------------------------------------------------------


def edges_of(graph):
    return {(one, other): data for one, other, data in graph.edges(data=True)}


def test_networkx_reads_the_graphs(soup, tmp_path):
    exported = export_graphs(soup, tmp_path / "graphs")
    counts = {name: rows["edges"] for name, rows in exported.parts.items()}
    assert counts == {"follows": 3, "replies": 5, "reposts": 2, "likes": 2, "mentions": 1}
    graphs = {name: nx.read_graphml(tmp_path / f"graphs/{name}.graphml") for name in exported.parts}
    assert edges_of(graphs["follows"]) == {
        ("bob", "eve"): {"since": 0.0}, ("bob", "ana"): {"since": 0.0},
        ("eve", "ana"): {"since": 15.0}
    }  # fmt: skip
    assert graphs["follows"].nodes["dan/../x"] == {"cohort": "fan"}
    assert edges_of(graphs["likes"]) == {
        ("bob", "ana"): {"weight": 1, "first": 7.0, "last": 7.0},
        ("cy", "ana"): {"weight": 1, "first": 8.0, "last": 8.0},
    }
    answers = edges_of(graphs["replies"])
    assert answers["ana", "eve"] == {"weight": 2, "first": 1.0, "last": 6.0}
    assert edges_of(graphs["reposts"]).keys() == {("dan/../x", "ana"), ("cy", "eve")}
    assert edges_of(graphs["mentions"]).keys() == {("eve", "ana")}
    for name, graph in graphs.items():
        rows = pq.read_table(tmp_path / "graphs/data" / name).to_pylist()
        table = {(row.pop("source"), row.pop("target")): row for row in rows}
        assert table == edges_of(graph)


def test_replies_have_a_weight_and_the_first_and_last_time(tmp_path):
    events = [
        post(0, "eve", "Soup?", 0),
        answer(1, "ana", "Yes.", 1, 0, whom="eve"),
        answer(9, "ana", "No.", 2, 0, whom="eve"),
        answer(10, "eve", "Hm.", 3, 0, whom="eve"),
    ]
    export_graphs(made_run(tmp_path, events), tmp_path / "graphs", graphs=["replies"])
    (row,) = pq.read_table(tmp_path / "graphs/data/replies").to_pylist()
    assert row == {"source": "ana", "target": "eve", "weight": 2, "first": 1.0, "last": 9.0}


def test_mentions_are_those_that_the_run_had(tmp_path):
    said = ["@Ben, are you me@ann.org?", "@ann's soup."]
    tea = Discussion([Persona(id="ann"), Persona(id="ben")], said, turns=1)
    talked = run(discussions([tea, tea]), model=FakeModel(), out=tmp_path / "runs")
    export_graphs(talked, tmp_path / "graphs", graphs=["mentions"])
    rows = pq.read_table(tmp_path / "graphs/data/mentions").to_pylist()
    assert {(row["source"], row["target"]) for row in rows} == {
        ("ann", "ben"), ("ben", "ann"), ("ann-2", "ben-2"), ("ben-2", "ann-2")
    }  # fmt: skip


def test_graphs_are_those_of_a_time(soup, tmp_path):
    exported = export_graphs(soup, tmp_path / "early", at=10.5)
    follows = nx.read_graphml(tmp_path / "early/follows.graphml")
    assert set(follows.edges) == {("ana", "eve"), ("bob", "eve"), ("bob", "ana")}
    likes = nx.read_graphml(tmp_path / "early/likes.graphml")
    assert ("bob", "cy") in likes.edges, "it is taken back later"
    assert exported.notes == []
    result = invoke("graphs", soup.path, "--out", tmp_path / "cli", "--at", "6s", "--graphs",
                    "likes,mentions")  # fmt: skip
    assert "mentions: 1 edge\n" in result.stdout
    assert "note: the graph likes has no edges" in result.stderr
    assert not (tmp_path / "cli/likes.graphml").exists()


def test_names_that_xml_cannot_hold_are_replaced(tmp_path):
    odd = 'a<"&\x0b\n\u2028'
    people = [PEOPLE[0]._replace(id=odd, cohort="<b>&\x00"), *PEOPLE[1:]]
    edges = [EDGES[0]._replace(follower=odd, followee="bob")]
    export_graphs(made_run(tmp_path, [], edges, people, []), tmp_path / "graphs")
    file = tmp_path / "graphs/follows.graphml"
    assert ET.parse(file).getroot().tag.endswith("graphml")
    graph = nx.read_graphml(file)
    name = odd.replace("\x0b", "\ufffd")
    assert list(graph.edges) == [(name, "bob")]
    assert graph.nodes[name]["cohort"] == "<b>&\ufffd"


def test_graphs_that_are_not_there_are_told_of(soup, tmp_path):
    with pytest.raises(UsageError, match="no graph 'like'; did you mean 'likes'"):
        export_graphs(soup, tmp_path / "graphs", graphs=["like"])
    lonely = made_run(tmp_path, [post(0, "eve", "Hi.", 0)], [], PEOPLE, [])
    with pytest.raises(EmptyExportError, match="has no edges in: follows, replies"):
        export_graphs(lonely, tmp_path / "graphs")
    assert not (tmp_path / "graphs").exists()


# -- tables -------------------------------------------------------------------------------


def csv_rows(file):
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_csv_has_every_row_with_its_exact_values(soup, tmp_path):
    exported = export_tables(soup, tmp_path / "csv")
    assert set(exported.parts) == set(TABLES)
    recorded = soup.read("events").to_pylist()
    for row, expected in zip(csv_rows(tmp_path / "csv/events.csv"), recorded, strict=True):
        assert row["text"] == (expected["text"] or "")
        assert float(row["time"]) == expected["time"]
        assert json.loads(row["shown"]) == expected["shown"]
        assert row["post"] == ("" if expected["post"] is None else str(expected["post"]))
    lines = (tmp_path / "csv/metrics.csv").read_text(encoding="utf-8").splitlines()
    assert lines == ['"wall","name","value","unit"'], "a table without rows has its heading"


def test_formulas_are_guarded_where_that_is_asked_for(tmp_path):
    texts = ["=1+1", "+1", "-1", "@sum(1)", "\t=1", "\r=1", "\uff1d1", "a=1", "1-2", ""]
    events = [post(turn, "eve", text, turn) for turn, text in enumerate(texts)]
    run = made_run(tmp_path, events, [], PEOPLE, [])
    export_tables(run, tmp_path / "exact", tables=["events"])
    assert [row["text"] for row in csv_rows(tmp_path / "exact/events.csv")] == texts
    result = invoke("csv", run.path, "--out", tmp_path / "safe", "--tables", "events",
                    "--guard-formulas")  # fmt: skip
    assert result.exit_code == 0, result.output
    found = [row["text"] for row in csv_rows(tmp_path / "safe/events.csv")]
    assert found == [*(f"'{text}" for text in texts[:7]), *texts[7:]]
    assert "values are not exact" in (tmp_path / "safe/README.md").read_text(encoding="utf-8")


def test_jsonl_has_one_object_a_line_and_the_values_as_recorded(soup, tmp_path):
    export_tables(soup, tmp_path / "jsonl", form="jsonl", tables=["events", "personas"])
    text = (tmp_path / "jsonl/events.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line) for line in text.splitlines()] == soup.read("events").to_pylist()
    assert sorted(path.name for path in (tmp_path / "jsonl").iterdir()) == [
        "README.md", "events.jsonl", "personas.jsonl"
    ]  # fmt: skip


def test_numbers_that_json_lacks_are_null_and_large_ones_exact(tmp_path):
    events = [act(1, "eve", "pass", time=0.1 + 0.2), act(2**62, "eve", "pass", time=7.0)]
    shown = [row._replace(score=math.inf) for row in made_shown()]
    run = made_run(tmp_path, events, [], PEOPLE, shown)
    export_tables(run, tmp_path / "jsonl", form="jsonl", tables=["events", "exposures"])
    lines = (tmp_path / "jsonl/events.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[1])["turn"] == 2**62
    assert json.loads(lines[0])["time"] == run.read("events")["time"][0].as_py()
    (line,) = (tmp_path / "jsonl/exposures.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["score"] is None


def made_shown():
    exposures = importlib.import_module("made_exports").exposures()
    return exposures[:1]


def test_tables_that_are_not_there_are_told_of(soup, tmp_path):
    with pytest.raises(UsageError, match="no table 'event'; did you mean 'events'"):
        export_tables(soup, tmp_path / "csv", tables=["event"])
    with pytest.raises(EmptyExportError, match="has no rows in: metrics, ledger"):
        export_tables(soup, tmp_path / "csv", tables=["metrics", "ledger"])
    assert invoke("jsonl", soup.path, "--out", tmp_path / "csv", "--tables", ",").exit_code == 2
    assert invoke("csv", soup.path, "--out", tmp_path / "csv", "--tables", "ledger").exit_code == 1
    assert not (tmp_path / "csv").exists()


def test_an_export_of_one_kind_may_replace_one_of_another_by_force(soup, tmp_path):
    out = tmp_path / "out"
    export_graphs(soup, out)
    export_tables(soup, out, tables=["events"], force=True)
    assert sorted(path.name for path in out.iterdir()) == ["README.md", "events.csv"]
    export_syndisco(soup, out, force=True)
    assert sorted(path.name for path in out.iterdir()) == ["README.md", "discussions"]
    assert len(EVENTS) == soup.table("events").count_rows()
