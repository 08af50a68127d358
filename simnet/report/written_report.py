"""A report that was written; it imports nothing that draws."""

import html
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Report:
    """A report that was written. A notebook shows it where it is the value of a cell."""

    path: Path
    """The page."""
    figures: tuple[Path, ...]
    """Files of the figures: SVG, PNG, and CSV with the data of each; empty if not wanted."""

    def _repr_html_(self) -> str:
        """Show the page within a notebook, apart from it."""
        page = html.escape(self.path.read_text(encoding="utf-8"))
        return (
            '<iframe title="simnet report" sandbox="allow-scripts allow-downloads" '
            f'style="width:100%;height:720px;border:0" srcdoc="{page}"></iframe>'
        )
