"""Writes the page of a study and its figures."""

from pathlib import Path

from simnet.report import Report
from simnet.report.writing_reports import page_path, write_report
from simnet.studies.reporting.recorded_study import read_study
from simnet.studies.reporting.study_page import page_of_study
from simnet.studies.study import Study


def write_study_report(
    path: Path, out: Path | str | None, study: Study | None, *, figures: bool
) -> Report:
    """Write the report of a study folder; see `report_study`."""
    found = read_study(path, study)
    return write_report(page_of_study(found), page_path(out, path), figures=figures)
