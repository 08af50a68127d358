"""Reports: one page of HTML about a run, with figures, that needs no network."""

import simnet.report.report_packages  # noqa: F401  (says what is not installed before it is missed)
from simnet.report.writing_reports import Report, report_run

__all__ = ["Report", "report_run"]
