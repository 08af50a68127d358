"""The record of a run: tables in Arrow, written so that no acknowledged row is lost.

The life of a row:

1. A process encodes rows (`schema.encode`) and hands them to `Recorder.append`, which keeps them
   in memory and replaces the texts that prompts share by their hashes (`writing/prompt_texts.py`).
2. `Recorder.commit` appends them as one batch to the table's *segment* in `wal/`, an Arrow IPC
   stream with a checksum for each batch (`files/segment.py`), and returns after `fsync`. From then
   on the row survives any crash, and other rows may depend on it.
3. `Recorder.seal` merges segments, sorted and without repeats (`files/merge.py`), into Parquet
   files, the *sealed files* (`files/parquet.py`). It then replaces the list of sealed files
   atomically (`files/sealed_files.py`) and removes the segments.
4. `Run` reads a table: sealed files and the segments that are not sealed yet, and for a fork the
   rows of its ancestors before the fork (`reading/`).
5. `verify` checks files, keys and what the rows of every run have in common (`checking/`).

`schema.py` has the tables; `writing/run_directory.py` the layout of a run directory.
"""
