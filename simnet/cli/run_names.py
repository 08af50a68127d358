"""Names of runs on the command line, and how a shell completes them."""

from pathlib import Path

import typer

RUNS = Path("runs")
"""Where runs are unless `--runs` names another folder."""
LATEST = "latest"
"""The name of the run made last."""
MANIFEST = "manifest.json"


def complete_run(context: typer.Context, incomplete: str) -> list[str]:
    """List the run ids that begin with what is typed so far, for the shell's completion."""
    root = Path(context.params.get("runs") or RUNS)
    ids = sorted((path.parent.name for path in root.glob(f"*/{MANIFEST}")), reverse=True)
    return [name for name in [LATEST, *ids] if name.startswith(incomplete)]
