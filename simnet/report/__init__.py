"""Reports: one page of HTML about a run, with figures, that needs no network."""

from simnet.report.run_report import report_run
from simnet.report.written_report import Report

__all__ = ["Report", "report_run"]
