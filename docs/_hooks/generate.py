"""Fills pages from the code while the site is built, so that they cannot differ from it.

In a page, a line `<!-- generated: WHAT -->` is replaced by what the function of that name below
returns; words after the name are its arguments. `tests/test_docs_site.py` builds the site and
compares it with the code.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from itertools import pairwise
from types import ModuleType
from typing import Any

import pyarrow as pa
import typer
import typer.main

import simnet
from simnet import errors
from simnet.annotation import annotation_rows
from simnet.cli.app import app
from simnet.questions import answer_rows
from simnet.recording.schema import TABLES, arrow_schema, column_docs
from simnet.scheduler.figures.run_figures import FIGURES

NAMESPACES = tuple(name for name in simnet.__all__ if isinstance(getattr(simnet, name), ModuleType))
MARKER = re.compile(r"^<!-- generated: ([\w. -]+) -->$", re.MULTILINE)
ROWS = {
    "answers": (answer_rows.AnswerRow, answer_rows.SCHEMA),
    "annotations": (annotation_rows.AnnotationRow, annotation_rows.SCHEMA),
}
"""Tables beside those of a run: the type of the rows, and the schema."""
CODE = re.compile(r"<code>[^<]*</code>")


def on_page_markdown(markdown: str, **_: object) -> str:
    """Replace the markers of a page (an event of mkdocs)."""
    return MARKER.sub(lambda found: generate(found[1]), markdown)


def on_page_content(html: str, **_: object) -> str:
    """Mend what Markdown leaves of two notations (an event of mkdocs).

    Docstrings end a sentence before an example with two colons (reST). A bar in the code of a
    table's cell is escaped, as GitHub wants it, and the backslash would stay.
    """
    html = html.replace("::</p>", ":</p>")
    return CODE.sub(lambda found: found[0].replace("\\|", "|"), html)


def generate(request: str) -> str:
    """Generate one piece of a page."""
    name, *arguments = request.split()
    return GENERATORS[name](*arguments)


# -- the Python API -------------------------------------------------------------------------------


def public_names(module: ModuleType) -> list[str]:
    """List what a module offers: its `__all__`, or else what it defines."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    ]


def home_of(name: str) -> str | None:
    """Name the namespace in which a name of `simnet` is described, if there is one."""
    found = getattr(simnet, name)
    if isinstance(found, ModuleType):
        return None
    for namespace in NAMESPACES:
        module = import_module(f"simnet.{namespace}")
        if name in public_names(module) and getattr(module, name) is found:
            return namespace
    return None


def namespace(path: str) -> str:
    """Describe all public names of a namespace, each once on the whole site."""
    module = import_module(path)
    short = path.removeprefix("simnet.")
    lines = [inspect.getdoc(module) or "", ""]
    for name in public_names(module):
        first = next(
            other
            for other in NAMESPACES
            if name in public_names(named := import_module(f"simnet.{other}"))
            and getattr(named, name) is getattr(module, name)
        )
        if first == short:
            lines += [f"::: {path}.{name}", ""]
        else:
            link = _link(first, name, f"simnet.{first}.")
            lines += [f"## {name} {{#{path}.{name}}}", "", f"The same as {link}.", ""]
    return "\n".join(lines)


def top_level() -> str:
    """Describe the names of `simnet`: those of a namespace by a link to where they are."""
    names = list(simnet.__all__)
    homes = {name: home_of(name) for name in names}
    rows = ["| name | what it is |", "|-|-|"]
    for name in names:
        if isinstance(getattr(simnet, name), ModuleType):
            rows.append(f"| {_anchor(name)}[`{name}`]({name}.md) | {_namespace_line(name)} |")
        elif home := homes[name]:
            rows.append(f"| {_anchor(name)}{_link(home, name)} | {_first_line(name)} |")
        else:
            rows.append(f"| [`{name}`][simnet.{name}] | {_first_line(name)} |")
    own = [
        name
        for name in names
        if homes[name] is None and not isinstance(getattr(simnet, name), ModuleType)
    ]
    return "\n".join([*rows, "", *(f"::: simnet.{name}\n" for name in own)])


def namespaces() -> str:
    """List the namespaces with what they hold."""
    rows = ["| namespace | what it holds |", "|-|-|"]
    rows += [f"| [`simnet.{name}`]({name}.md) | {_namespace_line(name)} |" for name in NAMESPACES]
    return "\n".join(rows)


def _anchor(name: str) -> str:
    return f'<a id="simnet.{name}"></a>'


def _link(namespace: str, name: str, prefix: str = "") -> str:
    return f"[`{prefix}{name}`]({namespace}.md#simnet.{namespace}.{name})"


def _namespace_line(name: str) -> str:
    return _line(inspect.getdoc(import_module(f"simnet.{name}")))


def _first_line(name: str) -> str:
    found = getattr(simnet, name)
    if isinstance(found, tuple):
        return f"{len(found)} classes: {', '.join(f'`{one.__name__}`' for one in found)}"
    if isinstance(found, int | float | str):
        return f"`{found!r}`"
    if inspect.isclass(found) or inspect.isfunction(found):
        return _line(inspect.getdoc(found))
    return ""


def _line(doc: str | None) -> str:
    return (doc or "").partition("\n\n")[0].replace("\n", " ").replace("|", "\\|")


# -- the command line -----------------------------------------------------------------------------


def command_line() -> str:
    """Describe every command with its arguments and options."""
    return "\n".join(_commands(typer.main.get_command(app), "simnet"))


def command_list() -> str:
    """List the commands in one table, with what each does."""
    rows = ["| command | what it does |", "|-|-|"]
    for path, command in commands():
        if not getattr(command, "commands", {}):
            rows.append(f"| [`{path}`](#{path.replace(' ', '-')}) | {_line(command.help)} |")
    return "\n".join(rows)


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command and group with its full name."""
    yield from _walk(typer.main.get_command(app), "simnet")


def _walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, inner in sorted(getattr(command, "commands", {}).items()):
        yield from _walk(inner, f"{path} {name}")


def _commands(root: Any, path: str) -> Iterator[str]:
    for name, command in _walk(root, path):
        context = typer.Context(command, info_name=name)
        usage = " ".join(command.get_usage(context).removeprefix("Usage: ").split())
        yield f"### {name} {{#{name.replace(' ', '-')}}}\n"
        yield f"{inspect.cleandoc(command.help or '')}\n"
        yield f"```text\n{usage}\n```\n"
        records = [option.get_help_record(context) for option in command.get_params(context)]
        shown = [record for record in records if record and "--help" not in record[0]]
        if shown:
            yield "| argument or option | meaning |\n|-|-|"
            yield from (f"| `{_cell(form)}` | {_cell(meaning)} |" for form, meaning in shown)
            yield ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


# -- tables, gauges, errors -----------------------------------------------------------------------


def tables() -> str:
    """Describe every table of a record and its columns, from the types of the rows."""
    pages = []
    for name, table in TABLES.items():
        lines = [f"## {name} {{#{name}}}", "", inspect.getdoc(table.row) or "", ""]
        lines += [f"Key: {', '.join(f'`{column}`' for column in table.key)}.", ""]
        pages.append("\n".join([*lines, _columns(arrow_schema(name), column_docs(name))]))
    return "\n\n".join(pages)


def rows(name: str) -> str:
    """Describe the columns of a table that is made beside a run, from the type of its rows."""
    row, schema = ROWS[name]
    return _columns(schema, _field_docs(row))


def _columns(schema: pa.Schema, docs: Mapping[str, str]) -> str:
    lines = ["| column | Arrow type | null | meaning |", "|-|-|-|-|"]
    for field in schema:
        null = "yes" if field.nullable else ""
        lines.append(f"| `{field.name}` | `{field.type}` | {null} | {_cell(docs[field.name])} |")
    return "\n".join(lines)


def _field_docs(row: type) -> dict[str, str]:
    """Read the strings below the fields of a class."""
    (body,) = (node.body for node in ast.parse(textwrap.dedent(inspect.getsource(row))).body)
    return {
        field.target.id: below.value.value
        for field, below in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr)
    }


def gauges() -> str:
    """List the figures of a run at Ray's exporter."""
    lines = ["| gauge | unit | meaning |", "|-|-|-|"]
    lines += [
        f"| `ray_simnet_run_{one.name}` | {one.unit} | {one.description} |" for one in FIGURES
    ]
    return "\n".join(lines)


def error_classes() -> str:
    """List the errors that simnet raises on purpose, with the exit code of each."""
    rows = ["| error | exit code | what it says |", "|-|-|-|"]
    rows += list(_errors(errors.SimnetError, 0))
    return "\n".join(rows)


def _errors(error: type[errors.SimnetError], depth: int) -> Iterator[str]:
    link = f"[`{error.__name__}`](api/errors.md#simnet.errors.{error.__name__})"
    code = error.exit_code
    yield f"| {'&nbsp;&nbsp;' * depth}{link} | {code} | {_line(inspect.getdoc(error))} |"
    for inner in error.__subclasses__():
        if inner.__module__ == errors.__name__:
            yield from _errors(inner, depth + 1)


GENERATORS: dict[str, Callable[..., str]] = {
    "command-line": command_line,
    "command-list": command_list,
    "errors": error_classes,
    "gauges": gauges,
    "namespace": namespace,
    "namespaces": namespaces,
    "rows": rows,
    "tables": tables,
    "top-level": top_level,
}
