"""Writes a record: the recorder, and sealing its segments into Parquet files."""
