"""Names of runs on the command line, and how a shell completes them."""

from pathlib import Path

import typer

from simnet.cli.given_options import is_given
from simnet.errors import InputError

RUNS = Path("runs")
"""Where runs are unless `--runs` or the project's `simnet.toml` names another folder."""
PROJECT_FILE = "simnet.toml"
LATEST = "latest"
"""The name of the run made last."""
MANIFEST = "manifest.json"


def where_runs_are(context: typer.Context, given: Path) -> Path:
    """Return the folder of `--runs`; without it that of the `simnet.toml` here, if it names one.

    `simnet run` is left alone: its `simnet.toml` is the one beside the scenario. Raises InputError.
    """
    elsewhere = is_given(context, "runs") or context.command.name == "run"
    if elsewhere or not Path(PROJECT_FILE).is_file():
        return given
    from simnet.runs.options.project_file import project_runs  # noqa: PLC0415  (slow)

    return project_runs() or given


def complete_run(context: typer.Context, incomplete: str) -> list[str]:
    """List the run ids that begin with what is typed so far, for the shell's completion."""
    try:
        root = where_runs_are(context, Path(context.params.get("runs") or RUNS))
    except InputError:  # of a simnet.toml that is wrong: the command says so
        return []
    ids = sorted((path.parent.name for path in root.glob(f"*/{MANIFEST}")), reverse=True)
    return [name for name in [LATEST, *ids] if name.startswith(incomplete)]
