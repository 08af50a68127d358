"""The data of each section of a run's report: functions from tables to parts of a page."""
