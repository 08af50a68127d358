"""Writes reports: the page, and its figures beside it."""

from pathlib import Path

import simnet.report.report_packages  # noqa: F401  (says what is not installed before it is missed)
from simnet.errors import UsageError
from simnet.foundation.disk import Disk, disk_errors, write_atomically
from simnet.recording.reading.run import Run
from simnet.report.page.writing import html_of
from simnet.report.parts import Page
from simnet.report.pictures.rendering import write_files
from simnet.report.run_sections import page_of_run
from simnet.report.written_report import Report

NAME = "report.html"
FIGURES = "figures"


def write_run_report(run: Run, out: Path | str | None, *, figures: bool) -> Report:
    """Write the report of a run; see `report_run`."""
    return write_report(page_of_run(run), page_path(out, run.path), figures=figures)


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
    content = html_of(page, figures_folder(path).name).encode()
    with disk_errors(f"writing the report {path}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(Disk(), path, content)
    made = write_files(page.pictures, figures_folder(path)) if figures else []
    return Report(path, tuple(made))


def figures_folder(page: Path) -> Path:
    """Return where the figures of a page are: pages of one folder have a folder each."""
    return page.with_name(FIGURES if page.name == NAME else f"{page.stem}-{FIGURES}")
