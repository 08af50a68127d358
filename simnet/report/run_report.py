"""Writes the report of a run: `report_run`."""

from pathlib import Path

from simnet.recording.reading.run import Run
from simnet.report.written_report import Report


def report_run(run: Run, out: Path | str | None = None, *, figures: bool = True) -> Report:
    """Write the report of a run: `report.html`, one file that needs no network, and `figures/`.

    `out` is the file of the page, by default `report.html` in the run's folder. The figures of a
    page `NAME.html` come into `NAME-figures` beside it. Raises UsageError if packages are missing,
    RecordError for a record that cannot be read, DiskError.
    """
    from simnet.report.writing_reports import write_run_report  # noqa: PLC0415  (imports altair)

    return write_run_report(run, out, figures=figures)
