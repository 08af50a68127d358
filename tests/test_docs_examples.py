"""Examples in the README, in the pages of `docs/` and in public docstrings run as they stand."""

import ast
import inspect
import re
import shutil
import sys
import textwrap
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest
from docs_pages import LANGUAGES, PAGES, ROOT, blocks_of, commands_of, generate, name_of
from typer.testing import CliRunner

import simnet
from simnet.cli.app import app
from simnet.inference.backend import Backend
from simnet.runtime.in_process import InProcess
from simnet.scheduler.budget import UNLIMITED

NAMESPACES = [name for name in generate.NAMESPACES if name not in {"draws", "errors"}]
"""Those whose names are lists of `__all__`."""
ASKING = {"run", "estimate", "explain", "from-text", "from-persona"}
"""Commands that would look for vLLM without `--backend fake`."""


def one_process(scenario, models, folder, *, continuation=None, budget=UNLIMITED, **_):
    """Stand where the Ray cluster of a run stands, with the parts in this process."""
    built = {name: one.build() for name, one in models.items() if isinstance(one, Backend)}
    return InProcess(scenario, built, folder, continuation, budget)


@pytest.fixture(scope="module", name="without_ray")
def _without_ray():
    """Let runs on Ray take place in this process: that tables are equal is tested elsewhere."""
    stub = ModuleType("simnet.runtime.ray.cluster")
    stub.Cluster = one_process
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, stub.__name__, stub)
        yield


def command(*words):
    """Run `simnet` in this process; it has to go well."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    codes = {0, 1} if words[0] == "doctor" and find_spec("vllm") is None else {0}
    assert result.exit_code in codes, f"simnet {' '.join(map(str, words))}:\n{result.output}"
    return result


@pytest.fixture(scope="module", name="made_run")
def _made_run(tmp_path_factory, without_ray):
    """Make runs with made-up replies, each once; returns the folder of one."""
    made = {}

    def make(target):
        if target not in made:
            root = tmp_path_factory.mktemp("runs")
            file, *sets = target.split()
            options = [word for one in sets for word in ("--set", one)]
            command("run", ROOT / file, *options, "--backend", "fake", "--runs", root, "--quiet")
            (made[target],) = root.iterdir()
        return made[target]

    return make


@pytest.fixture(name="empty_folder")
def _empty_folder(tmp_path, monkeypatch):
    """Work in a folder that holds nothing but the scenarios that are shipped."""
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


def run_block(block, names, made_run, page):
    """Run one block of a page; `names` are the variables of its Python."""
    match block.language:
        case "run":
            run, target = block.code.split(maxsplit=1)
            shutil.copytree(made_run(target), Path("runs") / run)
        case "python" if block.title:
            Path(block.title).write_text(block.code, encoding="utf-8")
        case "python":
            code = "\n" * block.line + block.code  # so that errors name the line of the page
            exec(compile(code, str(page), "exec"), names)
        case "sh":
            for words in commands_of(block):
                assert words[0] == "simnet", f"{words[0]} cannot run here: say why above the block"
                command(*(word.replace("$PWD", str(Path.cwd())) for word in words[1:]))
        case _ if block.title:
            Path(block.title).write_text(block.code, encoding="utf-8")


def run_page(page, made_run):
    names = {"__name__": "page"}
    for block in blocks_of(page):
        if block.reason is None:
            try:
                run_block(block, names, made_run, page)
            except BaseException as error:
                error.add_note(f"in the block at {name_of(page)}:{block.line}")
                raise


FIRST_PAGES = {"README.md", "docs/get-started.md", "docs/walk.md"}
"""The pages whose examples are among the fast tests."""


def pages():
    """Yield the pages that have examples."""
    for page in filter(blocks_of, PAGES):
        marks = [] if name_of(page) in FIRST_PAGES else [pytest.mark.slow]
        yield pytest.param(page, marks=marks, id=name_of(page))


@pytest.mark.usefixtures("empty_folder", "without_ray")
@pytest.mark.filterwarnings("default")  # other packages' own
@pytest.mark.parametrize("page", list(pages()))
def test_every_example_of_a_page_runs(page, made_run):
    run_page(page, made_run)


def test_every_block_says_what_it_is_and_why_it_does_not_run():
    """The reasons are in the report of `pytest -rP`."""
    for page in PAGES:
        for block in blocks_of(page):
            where = f"{name_of(page)}:{block.line}"
            assert block.language in LANGUAGES | {"run"}, f"{where}: {block.language!r}"
            if block.reason is not None:
                assert block.language in {"python", "sh"}, f"{where} has nothing to run"
                sys.stdout.write(f"{where}: not run: {block.reason}\n")
            elif block.language == "sh":
                asking = [words for words in commands_of(block) if ASKING.intersection(words)]
                assert all("fake" in words for words in asking), f"{where} asks a real model"


# -- docstrings -----------------------------------------------------------------------------------


def documented():
    """Yield (name, docstring) of the public API: namespaces, what is in them, its modules."""
    modules = [simnet, *(import_module(f"simnet.{name}") for name in NAMESPACES)]
    found = {module.__name__: module for module in modules}
    for module in modules:
        for name in module.__all__:
            value = getattr(module, name)
            home = getattr(value, "__module__", None) or ""
            if home.startswith("simnet."):
                found[home] = sys.modules[home]
                found[f"{home}.{name}"] = value
    for name, value in found.items():
        if doc := inspect.getdoc(value):
            yield name, doc


def examples_in(doc):
    """List the code of a docstring: indented after `::`, or fenced."""
    indented = re.findall(r"::\n\n((?:(?: {4}.*)?\n?)+)", doc)
    fenced = re.findall(r"```python\n(.*?)```", doc, flags=re.DOTALL)
    assert ">>>" not in doc, "write examples as blocks; prompts cannot be copied"
    return [textwrap.dedent(code) for code in [*indented, *fenced]]


DOCUMENTED = [(name, code) for name, doc in documented() for code in examples_in(doc)]


@pytest.mark.usefixtures("empty_folder", "without_ray")
@pytest.mark.parametrize(("name", "code"), DOCUMENTED, ids=[name for name, _ in DOCUMENTED])
def test_the_example_of_a_docstring_runs(name, code):
    names = {"people": simnet.sample(3), "dataclass": import_module("dataclasses").dataclass}
    names["ClassVar"] = import_module("typing").ClassVar
    for namespace in NAMESPACES:
        module = import_module(f"simnet.{namespace}")
        names |= {name: getattr(module, name) for name in module.__all__}
    names |= {name: getattr(simnet, name) for name in simnet.__all__}
    ast.parse(code)
    exec(compile(code, name, "exec"), names)
