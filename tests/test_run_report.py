"""Reports of runs: what is in them, what is escaped, and that figures are written as files."""

import csv
import json
import re
import shlex
import sys
from html.parser import HTMLParser
from importlib import util
from pathlib import Path

import networkx as nx
import numpy as np
import pyarrow as pa
import pytest
import vl_convert
from made_exports import act, answer, made_run, post
from made_reports import HOSTILE, hostile_run
from typer.testing import CliRunner

from simnet import HOUR, Cohort, Never, Run, Scenario, run, sample
from simnet.analysis.costs import Cost
from simnet.analysis.network_communities import communities_of
from simnet.cli.app import app
from simnet.errors import ScenarioWarning, UsageError
from simnet.export.interchange.table_files import FORMULA
from simnet.opinions import Deffuant, opinion_dynamics
from simnet.recording.files.manifest import ModelFacts, RecordedScenario, recorded_path
from simnet.report.pictures.run_charts import survival, time_line
from simnet.report.sections.turns_and_costs import cost_table

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", name="played")
def _played(tmp_path_factory):
    return hostile_run(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module", name="report")
def _report(played):
    return played.report()


def rows_of(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


class Reader(HTMLParser):
    """Gathers elements, attributes and scripts of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.scripts, self._in = [], [], [], None
        self.text = []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attributes]
        self._in = tag

    def handle_endtag(self, tag):
        self._in = None

    def handle_data(self, data):
        (self.scripts if self._in == "script" else self.text).append(data)


@pytest.fixture(scope="module", name="page")
def _page(report):
    reader = Reader()
    reader.feed(report.path.read_text(encoding="utf-8"))
    return reader


def test_the_page_has_what_a_reader_asks_for(page):
    text = " ".join("".join(page.text).split())
    for heading in (
        "Caveats", "What it was", "Ledger", "Time line", "Cascades", "Exposures and reactions",
        "Network", "Threads worth reading", "Cost", "How to reproduce it",
    ):  # fmt: skip
        assert heading in text
    assert "SHA-256 of the scenario" in text
    assert "Why: most replies, quotes and reposts" in text
    assert "had no usable reply" in text
    assert "Replies are made up by the fake model" in text


def test_texts_of_the_record_are_shown_and_never_markup(page, report):
    text = "".join(page.text)
    assert HOSTILE[0] in text
    assert HOSTILE[1] in text
    assert "{{ 7 * 7 }}" in text
    assert page.tags.count("script") == 3
    assert not {"img", "iframe", "object", "link rel=stylesheet"} & set(page.tags)
    assert not [one for one in page.attributes if one[1].startswith("on")]
    data, *code = page.scripts
    assert json.loads(data)["network"]["datasets"]["rows"]
    assert "<" not in data
    assert "title='owned'" not in "".join(code)
    written = report.path.read_text(encoding="utf-8")
    assert "\u202e" not in written
    assert "\x00" not in written


def test_the_page_may_load_nothing_and_run_its_own_scripts_alone(page):
    (policy,) = (v for t, n, v in page.attributes if n == "content" and "default-src" in v)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    loading = {("script", "src"), ("link", "href"), ("img", "src"), ("image", "href")}
    addresses = [v for t, n, v in page.attributes if (t, n) in loading]
    assert addresses == ["data:,"]
    assert ("html", "lang", "en") in page.attributes


def test_every_figure_has_a_label_and_its_files(page, report):
    labels = [v for t, n, v in page.attributes if n == "aria-label" and t == "div"]
    assert all(labels)
    names = {path.stem for path in report.figures}
    assert names == {"time-line", "cascade-1", "cascade-2", "distributions", "network"}
    for name in names:
        folder = report.path.parent / "figures"
        assert (folder / f"{name}.svg").read_text(encoding="utf-8").startswith("<svg")
        assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert rows_of(folder / f"{name}.csv")


def test_pages_in_one_folder_have_figures_of_their_own(played, tmp_path):
    first, second = (played.report(tmp_path / f"{name}.html") for name in ("monday", "friday"))
    assert not set(first.figures) & set(second.figures)
    assert all(path.parent.name == "friday-figures" for path in second.figures)
    assert all(path.is_file() for path in (*first.figures, *second.figures))
    reader = Reader()
    reader.feed(second.path.read_text(encoding="utf-8"))
    links = {v for t, n, v in reader.attributes if (t, n) == ("a", "href") and v[0] != "#"}
    assert {tmp_path / link for link in links} == set(second.figures)


def test_a_drawing_holds_no_hostile_markup(report):
    drawings = [path for path in report.figures if path.suffix == ".svg"]
    assert drawings
    for path in drawings:
        drawn = Reader()
        drawn.feed(path.read_text(encoding="utf-8"))
        assert "svg" in drawn.tags
        assert not {"script", "img", "b", "image", "foreignobject"} & set(drawn.tags)


def test_a_cell_is_no_formula_of_a_spreadsheet(tmp_path):
    from simnet.report.pictures.rendering import csv_of

    text = csv_of([{"who": "=HYPERLINK()", "n": -1.5}, {"who": "\uff1d1", "n": None}])
    assert text == "who,n\n'=HYPERLINK(),-1.5\n'\uff1d1,\n"
    script = util.find_spec("simnet.report.page").origin.replace("__init__.py", "assets/report.js")
    assert f"/{FORMULA.pattern}/" in Path(script).read_text(encoding="utf-8")


def test_the_only_thread_is_drawn_from_no_others(tmp_path):
    from simnet.report.run_tables import RunTables
    from simnet.report.sections.threads_to_read import pick

    made = made_run(tmp_path, [post(0, "eve", "Soup?", 0)], shown=[])
    assert dict(pick(RunTables(made))) == {0: "drawn at random from 1 thread"}


def test_counts_on_the_page_are_those_of_the_tables(played, report):
    rows = rows_of(report.path.parent / "figures" / "time-line.csv")
    done = [row for row in played.read("events").to_pylist() if row["outcome"] == "done"]
    kinds = {row["kind"] for row in rows}
    assert {"write", "reply"} <= kinds
    for verb in kinds:
        drawn = sum(int(row["count"]) for row in rows if row["kind"] == verb)
        assert drawn == sum(event["verb"] == verb for event in done)


def test_shares_are_those_of_values_that_are_at_least_so_large():
    from simnet.report.sections.distributions import survival_rows

    values = np.random.default_rng(1).poisson(3, 500).tolist()
    for row in survival_rows("x", values):
        assert row["share"] == pytest.approx(sum(v >= row["least"] for v in values) / 500)
    many = survival_rows("x", list(range(10_000)))
    assert len(many) <= 120
    assert many[-1]["share"] == pytest.approx(1e-4)


def test_axes_of_counts_have_no_fractions_and_legends_fit_a_phone():
    kinds = ["exposures", "reactions", "replies", "reposts and quotes"]
    bars = [
        {"hours": 0.5 * at, "until": 0.5 + 0.5 * at, "kind": kinds[0], "count": 1, "low": 0,
         "high": 1 + at}
        for at in range(2)
    ]  # fmt: skip
    steps = [{"kind": kinds[3], "least": least, "share": 0.5} for least in (0, 1, 2, 3, 12)]
    for chart, ticks in (
        (time_line(bars, kinds), {"0", "1", "2"}),
        (survival(steps, kinds, "number"), {"0", "1", "2", "5", "10"}),
    ):
        drawn = vl_convert.vegalite_to_svg({**chart, "width": 260})
        texts = re.findall(r"<text[^>]*>([^<]+)</text>", drawn)
        assert {*ticks, *kinds} <= set(texts)
        assert not {"0.5", "1.5", "2.5"} & set(texts) - {f"{row['hours']}" for row in bars}
        assert chart["encoding"]["color"]["legend"]["columns"] == 1


def test_a_tree_gives_each_node_its_own_place_below_its_parent():
    from simnet.report.sections.spreading import order_of

    tree = nx.random_labeled_tree(40, seed=2)
    parents = [None] * 40
    for parent, child in nx.bfs_edges(tree, 0):
        parents[child] = parent
    places = order_of(parents)
    assert sorted(places) == list(range(40))
    assert all(places[p] < places[n] for n, p in enumerate(parents) if p is not None)


def test_the_largest_cascades_are_those_whose_replies_and_quotes_are_most(tmp_path):
    from simnet.report.run_tables import RunTables
    from simnet.report.sections.spreading import cascades, largest

    quoted = [
        post(0, "eve", "Soup?", 0),
        post(1, "ana", "Look.", 1, verb="quote", post=0),
        post(2, "bob", "Bread?", 2),
        *(answer(turn, "cy", "Yes.", turn, 1) for turn in (3, 4)),
        *(answer(turn, "cy", "No.", turn, 2) for turn in (5, 6)),
        act(7, "bob", "repost", post=4, root=1),
    ]
    tables = RunTables(made_run(tmp_path, quoted, shown=[]))
    assert largest(tables, 5) == [0, 2]
    (grid, *_) = cascades(tables).blocks
    sizes = {row[0]: int(row[1]) for row in grid.rows}
    assert sizes == {"#0 by @eve": 4, "#2 by @bob": 2}
    assert tables.spread == {0: 4, 2: 2}


def test_communities_are_those_of_two_cliques():
    from simnet.report.sections.people_and_ties import reciprocity

    ties = [(f"a{i}", f"a{j}") for i in range(6) for j in range(6) if i != j]
    ties += [(f"b{i}", f"b{j}") for i in range(5) for j in range(i)]
    parts, modularity = communities_of([*ties, ("a0", "b0")])
    assert parts == [{f"a{i}" for i in range(6)}, {f"b{i}" for i in range(5)}]
    assert modularity > 0.2
    assert reciprocity(ties) == pytest.approx(30 / 40)


def test_spans_are_round_and_few():
    from simnet.report.sections.over_time import span_for

    for lasts in (1.0, 59.0, 3_000.0, 8 * HOUR, 50 * HOUR, 4_000 * HOUR):
        assert lasts / span_for(lasts) <= 60
    assert span_for(48 * HOUR) == HOUR


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("HuggingFaceTB/SmolLM2-135M-Instruct", "135M"), ("Qwen2.5-7B-Instruct", "7B"),
        ("Mixtral-8x7B", "7B"), ("gpt-4o-mini", None), ("llama-3.1-70b", "70B"),
        ("models/qwen_1.5b_chat", "1.5B"),
    ],
)  # fmt: skip
def test_the_size_of_a_model_is_read_from_its_name(name, size):
    from simnet.report.sections.what_it_was import size_of

    assert size_of(name) == size


def test_a_small_model_is_a_caveat():
    from simnet.report.sections.caveats import sizes_in_words

    (line,) = sizes_in_words([ModelFacts(name="SmolLM2-360M")])
    assert "360M parameters" in line
    assert list(sizes_in_words([ModelFacts(name="Llama-3.1-70B")])) == []


def test_a_run_in_which_nothing_happens_has_a_report(tmp_path):
    silent = Cohort("nobody", sample(2), rhythm=Never())
    quiet = run_quietly(Scenario("quiet", [silent], [], lasts=HOUR), out=tmp_path, ray=False)
    page = quiet.report(tmp_path / "pages" / "quiet.html", figures=False)
    assert page.figures == ()
    text = page.path.read_text(encoding="utf-8")
    assert "Nobody posted anything." in text
    assert "Nobody follows anybody." in text
    assert "Nobody took a turn." in text
    assert "No model was asked" in text
    assert "The run did not end" not in text
    assert "made up" not in text
    assert "Actions by cohort" not in text


def run_quietly(scenario, **options):
    with pytest.warns(ScenarioWarning, match="about 0 turns"):
        return run(scenario, **options)


TWO_MODELS = """
from simnet import HOUR, Cohort, Exponential, Scenario, sample

def build(people: int = 2) -> Scenario:
    everyone = sample(people)
    one = Cohort("one", everyone[:1], rhythm=Exponential(HOUR))
    other = Cohort("other", everyone[1:], rhythm=Exponential(HOUR), model="big")
    return Scenario("two", [one, other], lasts=2 * HOUR)
"""


def test_the_commands_of_a_report_make_the_run_again(tmp_path, monkeypatch):
    from simnet.report.sections.how_to_repeat import reproduction

    monkeypatch.chdir(tmp_path)
    Path("two.py").write_text(TWO_MODELS, encoding="utf-8")
    options = ["--set", "people=3", "--seed", "5", "--backend", "fake", "--also", "big=fake",
               "--runs", "elsewhere", "--on-error", "fail", "--engine", "big.gpu_share=0.5",
               "--engine", "default.device=cpu", "--no-ray"]  # fmt: skip
    first = CliRunner().invoke(app, ["run", "two.py:build", *options, "--quiet"])
    made = Run.open(first.stdout.strip())
    monkeypatch.chdir(made.path)
    from_record, anew = (block.text.splitlines() for block in reproduction(made).blocks)
    for line in from_record:
        result = CliRunner().invoke(app, shlex.split(line, comments=True)[1:])
        assert result.exit_code == 0, (line, result.output)
    (line,) = anew
    again = CliRunner().invoke(app, [*shlex.split(line)[1:], "--quiet", "--no-ray"])
    monkeypatch.chdir(tmp_path)
    found = Run.open("latest", "elsewhere").manifest
    assert Path(again.stdout.strip()).name == found.id != made.id
    for name in ("state_hash", "on_error", "model", "models"):
        assert getattr(found, name) == getattr(made.manifest, name), name


def test_a_report_says_what_a_new_run_lacks(played):
    from simnet.report.sections.how_to_repeat import reproduction

    def told(**changes):
        section = reproduction(Run(played.path, played.manifest.model_copy(update=changes)))
        return section.intro, " ".join(block.text for block in section.blocks)

    intro, commands = told(scenario=kept_scenario())
    assert "The model was an object in Python" in intro
    assert "simnet run" not in commands
    assert "--trust" in commands
    intro, commands = told(scenario=kept_scenario(), parent="first")
    assert "simnet fork makes it again, from first" in intro
    assert "simnet run" not in commands
    intro, commands = told(scenario=RecordedScenario(name="x", not_again="it is in no file"))
    assert "cannot be made again from the record: it is in no file" in intro
    assert "simnet run" not in commands
    assert "--scenario FILE" in commands


def test_a_command_has_a_word_for_what_the_record_does_not_hold(played):
    from simnet.report.sections.how_to_repeat import reproduction

    def anew(**changes):
        changes = {"scenario": kept_scenario(), "models": {}, **changes}
        section = reproduction(Run(played.path, played.manifest.model_copy(update=changes)))
        return section.intro, section.blocks[-1].text.partition(" --backend ")[2].strip()

    engine = {"max_model_len": 4096, "dtype": "auto", "quantization": None, "name": "true",
              "tokenizer": recorded_path("words", "0f")}  # fmt: skip
    mine = ModelFacts(name="mine", checksum="ab", engine=engine, adapters={"warm": "cd"})
    intro, command = anew(model=mine, backend="vllm")
    assert command == (
        "vllm --model FOLDER --engine max_model_len=4096 --engine dtype=auto "
        "--engine quantization=null --engine 'name=\"true\"' --engine tokenizer=PATH "
        "--adapter warm=FOLDER"
    )
    assert "FOLDER or PATH stands for what the record does not hold" in intro
    intro, command = anew(model=ModelFacts(name="gpt", backend="openai"), backend="openai")
    assert command == "openai --base-url URL --model gpt"
    assert "URL stands for" in intro
    intro, command = anew(model=ModelFacts(name="org/model", backend="vllm"), backend="vllm")
    assert command == "vllm --model org/model"
    assert "stands for" not in intro


def kept_scenario():
    return RecordedScenario(name="x", file="scenario/x.py", attribute="SCENARIO")


def test_a_run_of_opinions_alone_has_a_report(tmp_path):
    made = run(opinion_dynamics(Deffuant(0.3, meetings=20), 20, steps=3), out=tmp_path, ray=False)
    assert "Time line" in made.report(figures=False).path.read_text(encoding="utf-8")


def test_the_command_writes_the_report_of_the_latest_run(played, tmp_path):
    out = tmp_path / "page.html"
    words = ["report", "latest", "--runs", str(played.path.parent), "--out", str(out),
             "--no-figures"]  # fmt: skip
    result = CliRunner().invoke(app, [*words, "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"report": str(out), "figures": []}
    assert out.read_bytes()[:15] == b"<!doctype html>"
    assert not (tmp_path / "figures").exists()
    out.write_text("mine", encoding="utf-8")
    again = CliRunner().invoke(app, words)
    assert again.exit_code == 2
    assert f"{out} exists already; choose another name or pass --force" in again.stderr
    assert out.read_text(encoding="utf-8") == "mine"
    assert CliRunner().invoke(app, [*words, "--force"]).exit_code == 0
    own = ["report", str(played.path), "--no-figures"]
    assert [CliRunner().invoke(app, own).exit_code for _ in range(2)] == [0, 0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "there is no run 'nowhere'"),
        (["study.py"], "simnet study report study.py"),
        (["latest", "--out", "page.pdf"], "a report is an HTML file"),
    ],
)
def test_the_command_names_what_is_wrong(words, message, played):
    result = CliRunner().invoke(app, ["report", *words, "--runs", str(played.path.parent)])
    assert result.exit_code == 2
    assert message in result.stderr


def test_missing_packages_are_named_with_the_command_that_installs_them(monkeypatch):
    real = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name: None if name == "altair" else real(name))
    monkeypatch.delitem(sys.modules, "simnet.report.report_packages", raising=False)
    with pytest.raises(UsageError, match=re.escape("reports need altair; install them, in a")):
        __import__("simnet.report.report_packages")


def test_a_notebook_shows_the_page_apart_from_itself(report):
    shown = report._repr_html_()
    assert shown.startswith("<iframe")
    assert "allow-same-origin" not in shown
    assert "<script" not in shown


def test_colours_can_be_told_from_a_light_and_a_dark_ground():
    from simnet.report.pictures.style import COLOURS, GROUNDS

    def light(colour):
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    for colour in COLOURS:
        for ground in GROUNDS:
            high, low = sorted((light(colour), light(ground)), reverse=True)
            assert (high + 0.05) / (low + 0.05) >= 3, (colour, ground)


def test_ties_at_the_end_are_those_that_were_not_taken_back():
    from simnet.report.sections.people_and_ties import last_ties

    table = pa.table(
        {
            "follower": ["a", "b", "a", "c"],
            "followee": ["b", "c", "b", "a"],
            "change": ["initial", "initial", "unfollow", "follow"],
        }
    )
    record = type("Record", (), {"batches": lambda self, *_: [table]})()
    assert last_ties(record) == [("b", "c"), ("c", "a")]


def test_an_opened_run_writes_the_same_page_again(played):
    again = Run.open(played.path)
    first = again.report(figures=False).path.read_bytes()
    assert again.report(figures=False).path.read_bytes() == first


def test_a_cohort_that_is_called_all_has_costs_of_its_own():
    costs = [Cost("all", "like", 1, 2, 30, 0, 4, 1.0), Cost("few", "like", 1, 3, 50, 0, 6, 1.0)]
    costs.append(Cost("all", "write", 1, 1, 10, 0, 1, 1.0))
    assert [row[:3] for row in cost_table(costs).rows] == [
        ("all", "3", "40"), ("few", "3", "50"), ("all", "6", "90"),
    ]  # fmt: skip
