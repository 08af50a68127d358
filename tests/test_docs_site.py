"""The documentation site: it has every public name, command, table and mark, and links hold."""

import ast
import inspect
import re
import textwrap
from collections import Counter
from html.parser import HTMLParser
from importlib import import_module
from itertools import pairwise

import pytest
from docs_pages import PAGES, ROOT, generate, name_of, prose_of
from exported_names import exported_names
from pyarrow import ipc

import simnet
from simnet.agents import reply_flags
from simnet.agents.person_turn import MARK
from simnet.inference.calls.statistics import Statistics
from simnet.kernel.ledger import Ledger
from simnet.kernel.text_health import CohortHealth, HealthProgress
from simnet.recording.schema import TABLES, arrow_schema, column_docs
from simnet.scenario.text_alarms import ALARM_MARKS
from simnet.scheduler.driver import Phases
from simnet.scheduler.figures.metric_rows import closing_rows
from simnet.scheduler.progress.messages import EngineState, Finish, Progress, Usage
from simnet.studies.running.study_folder import RESULT_SCHEMA

DOCS = ROOT / "docs"
MODULES = ["simnet", *(f"simnet.{name}" for name in generate.NAMESPACES)]
SUFFIXES = {"toml", "jsonl", "log"}
"""What makes `simnet.x` the name of a file."""


def page(name):
    return (DOCS / name).read_text(encoding="utf-8")


def names_of(module):
    return {f"{module}.{name}" for name in generate.public_names(import_module(module))}


# -- without building it --------------------------------------------------------------------------


def test_each_namespace_has_a_page():
    shown = {path.stem for path in (DOCS / "reference" / "api").glob("*.md")}
    assert shown == {"simnet", *generate.NAMESPACES}
    modules = {name for name in dir(simnet) if f"simnet.{name}" in MODULES}
    assert modules <= set(generate.NAMESPACES)


@pytest.mark.parametrize("module", MODULES)
def test_the_page_of_a_namespace_names_all_that_it_offers(module):
    words = ("top-level",) if module == "simnet" else ("namespace", module)
    text = generate.generate(" ".join(words))
    listed = re.findall(r"^::: (\S+)$|\{#(\S+)\}|<a id=\"(\S+)\">", text, re.MULTILINE)
    assert {"".join(one) for one in listed} == names_of(module)


def public_classes():
    """Yield the classes that are offered, and those of simnet that they are made of."""
    offered = [
        getattr(import_module(module), name.rpartition(".")[2])
        for module in MODULES
        for name in names_of(module)
    ]
    bases = {base for one in offered if inspect.isclass(one) for base in one.__mro__}
    return sorted((one for one in bases if one.__module__.startswith("simnet")), key=str)


def undescribed(given):
    """List the fields of a class that neither a docstring of theirs nor its own tells of."""
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(given))).body
    told = ast.get_docstring(node) or ""
    for one, after in pairwise([*node.body, ast.Pass()]):
        if not isinstance(one, ast.AnnAssign) or "ClassVar" in ast.unparse(one.annotation):
            continue
        name = ast.unparse(one.target)
        described = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        if not (described or name.startswith("_") or f"`{name}`" in told):
            yield f"{given.__module__}.{given.__name__}.{name}"


def test_every_field_of_a_public_class_is_described():
    classes = public_classes()
    assert len(classes) > 200
    assert [field for one in classes for field in undescribed(one)] == []


def test_every_column_of_every_table_is_described():
    text = generate.generate("tables")
    for name in TABLES:
        assert f"## {name} " in text
        for field in arrow_schema(name):
            assert f"| `{field.name}` | `{field.type}` |" in text
            assert column_docs(name)[field.name], f"{name}.{field.name} has no meaning"


@pytest.mark.parametrize("name", generate.ROWS)
def test_every_column_of_the_tables_beside_a_run_is_described(name):
    row, schema = generate.ROWS[name]
    assert f"<!-- generated: rows {name} -->" in page("reference/tables.md")
    assert row._fields == tuple(schema.names)
    described = re.findall(r"^\| `(\w+)` \| `\S+` \|.*\| .+ \|$", generate.rows(name), re.MULTILINE)
    assert described == schema.names


def test_every_column_of_the_results_of_a_study_is_described():
    _, _, section = page("reference/tables.md").partition("## Results of a study")
    described = re.findall(r"^\| `(\w+)` \| `(\w+)` \| .+ \|$", section, re.MULTILINE)
    assert described == [(field.name, str(field.type)) for field in RESULT_SCHEMA]


def test_the_gauges_on_their_page_are_those_that_are_exported():
    text = page("reference/metrics.md") + generate.generate("gauges")
    assert set(re.findall(r"`(ray_simnet_\w+)`", text)) == exported_names()


def test_the_rows_of_the_table_of_metrics_are_on_their_page():
    _, _, section = page("reference/metrics.md").partition("## Rows of the table")
    cells = re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
    names = [re.sub("[A-Z]+", ".+", one) for one in re.findall(r"`([^`]+)`", " ".join(cells))]
    statistics, nothing = Statistics(), Counter()
    engine = EngineState("default.0", "m", statistics, 1)
    health = CohortHealth("people", 1, {"repeats": 0.5}, {"spread": 0.5}, 1, 0, {"spread": 1}, ())
    progress = Progress(
        *(60.0, Ledger(0, 0, nothing, nothing, nothing, 0, 0), Usage(), 1.0, (), None),
        statistics=statistics,
        engines=(engine, engine),
        incidents=("no answer",),
        health=HealthProgress((health,)),
    )
    closing = dict(
        closing_rows(
            Finish(stopped=False, progress=progress, digest=""), Phases({"turns": 1.0}), slots=8
        )
    )
    rows = ipc.open_stream(closing["metrics"]).read_all()["name"].to_pylist()
    unknown = [name for name in rows if not any(re.fullmatch(one, name) for one in names)]
    assert unknown == []
    idle = [one for one in names if not any(re.fullmatch(one, name) for name in rows)]
    assert idle == []


def test_every_command_is_described():
    text = generate.generate("command-line")
    for name, command in generate.commands():
        assert f"### {name} " in text
        assert command.help, f"{name} has no help"


def marks_of_page():
    """List the marks that have a row of their own on their page."""
    return re.findall(r"^\| `(\w+)` \|", page("reference/marks.md"), re.MULTILINE)


def test_every_mark_is_on_its_page():
    words = marks_of_page()
    constants = {
        value
        for name, value in vars(reply_flags).items()
        if name.isupper() and not name.startswith("_") and isinstance(value, str)
    }
    assert set(words) == constants | {MARK}
    assert len(words) == len(set(words))


def test_every_mark_is_in_the_description_of_its_column():
    described = set(re.findall(r"\w+", column_docs("events")["marks"]))
    assert set(marks_of_page()) - described == set()
    assert described & set(ALARM_MARKS), "alarms are not in it"


def test_every_mark_of_an_alarm_is_on_the_page_of_marks():
    assert {mark for mark in ALARM_MARKS if f"`{mark}`" not in page("reference/marks.md")} == set()


def test_every_environment_variable_that_is_read_is_on_its_page():
    read = re.compile(r"environ(?:\.get|\.setdefault)?[(\[]\s*\"(\w+)\"")
    found = {
        name
        for path in (ROOT / "simnet").rglob("*.py")
        for name in read.findall(path.read_text(encoding="utf-8"))
    }
    text = page("reference/configuration.md")
    assert {name for name in found if f"`{name}`" not in text} == set()


def test_every_generated_piece_is_known():
    for path in PAGES:
        for request in generate.MARKER.findall(path.read_text(encoding="utf-8")):
            assert request.split()[0] in generate.GENERATORS, f"{name_of(path)}: {request}"


# -- names and paths ------------------------------------------------------------------------------


def exists(dotted):
    """Whether a dotted name leads to something in simnet."""
    path, *rest = dotted.split(".")
    found = import_module(path)
    for name in rest:
        path = f"{path}.{name}"
        if not hasattr(found, name):
            try:
                import_module(path)
            except ImportError:
                return False
        found = getattr(found, name)
    return True


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_dotted_names_in_a_page_exist(path):
    text = path.read_text(encoding="utf-8")
    found = set(re.findall(r"(?<![\w/.-])simnet(?:\.[A-Za-z_]\w*)+", text))
    names = {name for name in found if name.split(".")[1] not in SUFFIXES}
    assert {name for name in names if not exists(name)} == set()


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_paths_in_a_page_exist(path):
    folders = {one.name for one in (ROOT / "simnet").iterdir() if one.is_dir()}
    tops = "simnet|tests|scenarios|docs|benchmarks"
    text = prose_of(path)
    for found in re.findall(rf"`((?:{tops})/[\w./-]+?)(?:::\w+|:[\w.]+)?`", text):
        assert (ROOT / found).exists(), f"{found} is not there"
    for found in re.findall(r"`([\w/]+/[\w/]*(?:\.py)?)`", text):
        first = found.partition("/")[0]
        if first in folders and first not in {"runs", "personas"}:
            assert (ROOT / "simnet" / found).exists(), f"simnet/{found} is not there"
    for found in re.findall(r"`((?:runs|personas)/\w+\.py)`", text):
        assert (ROOT / "simnet" / found).exists(), f"simnet/{found} is not there"


def test_links_of_pages_outside_the_site_lead_somewhere():
    for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#\s]+)", text):
            if "://" not in target:
                assert (ROOT / target).exists(), f"{name}: {target}"


def test_the_readme_links_every_page_but_those_of_the_python_api():
    pages = {name_of(path) for path in PAGES} - {"README.md", "docs/index.md"}
    links = set(re.findall(r"\]\(([^)#\s]+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert {name for name in pages if "/api/" not in name} - links == set()


# -- the site -------------------------------------------------------------------------------------


class Tags(HTMLParser):
    """Collects ids, and the addresses that a browser would load by itself."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.loaded = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.ids.add(values.get("id"))
        if tag == "link" and values.get("rel") in {"stylesheet", "preconnect", "icon", "preload"}:
            self.loaded.add(values.get("href"))
        if tag in {"script", "img", "iframe", "source"}:
            self.loaded.add(values.get("src"))


@pytest.fixture(name="site")
def _site(tmp_path):
    """Build the site as `make docs` does: strictly, so that a broken link fails."""
    pytest.importorskip("mkdocstrings_handlers.python")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_MKDOCS_2_WARNING", "1")
        patch.chdir(ROOT)
        config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path))
        assert config.strict
        config.plugins.on_startup(command="build", dirty=False)
        build(config)
        config.plugins.on_shutdown()
    return tmp_path


def html_of(site):
    return {path: Tags(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # other packages' own
def test_the_site_builds_shows_every_public_name_and_loads_nothing_from_elsewhere(site):
    tags = html_of(site)
    for module in MODULES:
        name = module.removeprefix("simnet.")
        shown = tags[site / "reference" / "api" / f"{name}.html"].ids
        assert names_of(module) - shown == set()
    for path, found in tags.items():
        remote = {url for url in found.loaded if url and re.match(r"(?:https?:)?//", url)}
        assert remote == set(), f"{path.name} loads {remote}"
        text = path.read_text(encoding="utf-8")
        assert "generated:" not in text, f"{path.name} has a marker that was not replaced"
        assert "<p>:::" not in text, f"{path.name} has a name that was not found"
        assert not re.search(r"<code>[^<]*\\\|", text), f"{path.name} has an escaped bar"
    assert (site / "search" / "search_index.json").is_file()
