"""Writes a record: appends and commits rows, and seals segments into Parquet files."""
