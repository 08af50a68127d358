"""Pictures of a report: charts in Vega-Lite, made by Altair, and their files."""
