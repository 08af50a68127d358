"""Writes the report of a study: `report_study`."""

from pathlib import Path

from simnet.report import Report
from simnet.studies.study import Study


def report_study(
    folder: Path | str, out: Path | str | None = None, *, figures: bool = True,
    study: Study | None = None,
) -> Report:  # fmt: skip
    """Write the report of a study folder: `report.html`, and figures beside it.

    No code of the study is run. `study` adds hypotheses and measures that were declared after the
    pre-registration, shown as such. `out` is the file of the page, by default `report.html` in
    the folder. Raises UsageError for a folder that holds no study or no results and for missing
    packages, RecordError for a folder that cannot be read, DiskError.
    """
    from simnet.studies.reporting.report_of_study import write_study_report  # noqa: PLC0415

    return write_study_report(Path(folder).expanduser(), out, study, figures=figures)
