"""Who may import whom, and how long files and functions may be."""

import ast
from pathlib import Path

import pytest

import simnet

ROOT = Path(simnet.__file__).parent
LAYERS = (
    ("clock", "errors", "draws", "text"),
    ("personas",),
    ("world",),
    ("inference",),
    ("agents",),
    ("scenario",),
    ("recording",),
    ("engine", "kernel", "planning", "runs", "runtime", "scheduler"),
    ("analysis", "export", "web"),
    ("__main__", "cli", "log", "simnet"),
)
"""Modules and packages from the ground up; each may import its own layer and those before."""
ELSEWHERE = {"simnet.personas.generate": "agents"}
"""Modules that stand higher than their package: one asks a model, one is a command line."""
ONE_HOME = {
    "ray": ("runtime/ray/",),
    "vllm": ("inference/vllm",),
    "torch": ("inference/embedded", "inference/vllm"),
    "transformers": ("inference/embedded", "inference/vllm"),
    "pyarrow": (
        "recording/",
        "analysis/",
        "export/",
        "runs/",
        "personas/sources/",
        "personas/catalogue",
        "scenario/networks/pairs",
    ),
}
IMPURE = {
    "time",
    "random",
    "asyncio",
    "datetime",
    "os",
    "threading",
    "logging",
    "secrets",
    "socket",
}
FILES = sorted(ROOT.rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in FILES]
files = pytest.mark.parametrize("path", FILES, ids=NAMES)


def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def place(path):
    return path.relative_to(ROOT).with_suffix("").as_posix()


def layer(module):
    """The number of a layer, for a module such as `simnet.world.feeds.feed`."""
    parts = module.split(".")
    name = ELSEWHERE.get(module) or (parts[1] if len(parts) > 1 else "simnet")
    found = [number for number, names in enumerate(LAYERS) if name in names]
    assert found, f"{module} has no place in the list of layers"
    return found[0]


def imports(tree):
    """List imported modules, those in functions too, those for type checkers alone not."""
    found = []
    waiting = list(tree.body)
    while waiting:
        node = waiting.pop()
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                waiting += node.orelse
                continue
            case ast.Import():
                found += [name.name for name in node.names]
            case ast.ImportFrom():
                assert node.level == 0, f"line {node.lineno}: a relative import"
                found += modules_of(node)
        waiting += ast.iter_child_nodes(node)
    return found


def modules_of(node):
    """What `from a import b` imports: `a.b` where that is a module of simnet, else `a`."""
    if (node.module or "").partition(".")[0] != "simnet":
        return [node.module]
    folder = ROOT.joinpath(*node.module.split(".")[1:])
    return [
        f"{node.module}.{name.name}"
        if (folder / f"{name.name}.py").exists() or (folder / name.name).is_dir()
        else node.module
        for name in node.names
    ]


def test_every_module_has_a_layer():
    for path in FILES:
        layer(("simnet." + place(path).replace("/", ".")).removesuffix(".__init__"))


@files
def test_imports_point_only_upward(path):
    name = "simnet." + place(path).replace("/", ".")
    own = layer(name.removesuffix(".__init__"))
    for module in imports(parsed(path)):
        if module.partition(".")[0] == "simnet":
            assert layer(module) <= own, f"{place(path)} imports {module}, which is further down"


@files
def test_heavy_dependencies_live_in_few_files(path):
    for module in imports(parsed(path)):
        homes = ONE_HOME.get(module.partition(".")[0])
        assert homes is None or place(path).startswith(homes), f"{place(path)} imports {module}"


@files
def test_the_world_is_pure(path):
    if not place(path).startswith(
        ("world/", "clock", "draws", "scenario/rhythms", "kernel/kernel")
    ):
        return
    roots = {module.partition(".")[0] for module in imports(parsed(path))}
    assert roots.isdisjoint(IMPURE)


@files
def test_files_and_functions_are_short(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            start = (first.end_lineno if documented else node.lineno) or 0
            length = (node.end_lineno or 0) - start
            assert length < 45, f"{node.name} at line {node.lineno} has {length} lines"


@files
def test_no_module_keeps_state_that_changes(path):
    assert not [n for n in ast.walk(parsed(path)) if isinstance(n, ast.Global)]


def test_the_kernel_knows_nothing_of_ray_models_and_records():
    for name in ("kernel/kernel", "scheduler/scheduler", "scheduler/driver"):
        found = imports(parsed(ROOT / f"{name}.py"))
        assert not {m.partition(".")[0] for m in found} & {"ray", "vllm", "torch"}
