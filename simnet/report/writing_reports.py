"""Writes the report of a run: the page, and its figures beside it."""

import html
from dataclasses import dataclass
from pathlib import Path

from simnet.disk import Disk, disk_errors, write_atomically
from simnet.errors import UsageError
from simnet.recording.reading.run import Run
from simnet.report.page.writing import html_of
from simnet.report.parts import Page
from simnet.report.pictures.rendering import FOLDER, write_files
from simnet.report.run_sections import page_of_run

NAME = "report.html"


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


def report_run(run: Run, out: Path | str | None = None, *, figures: bool = True) -> Report:
    """Write the report of a run: `report.html`, one file that needs no network, and `figures/`.

    `out` is the file of the page, by default `report.html` in the run's folder; figures come
    into `figures` beside it. Raises RecordError for a record that cannot be read, DiskError.
    """
    path = page_path(out, run.path)
    return write_report(page_of_run(run), path, figures=figures)


def page_path(out: Path | str | None, folder: Path) -> Path:
    """Return where a page is to be written. Raises UsageError if that is not an HTML file."""
    if out is None:
        return folder / NAME
    path = Path(out).expanduser()
    if path.is_dir():
        return path / NAME
    if path.suffix.lower() not in {".html", ".htm"}:
        raise UsageError(f"{path}: a report is an HTML file; name one that ends in .html")
    return path


def write_report(page: Page, path: Path, *, figures: bool = True) -> Report:
    """Write a page, and its figures beside it. Raises DiskError."""
    content = html_of(page).encode()
    with disk_errors(f"writing the report {path}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(Disk(), path, content)
    made = write_files(page.pictures, path.parent / FOLDER) if figures else []
    return Report(path, tuple(made))
