"""The files of a run directory: segments, sealed Parquet files, the manifest, the lock."""
