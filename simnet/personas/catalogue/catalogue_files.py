"""Names of the files in the folder of a catalogue, and of those made of it."""

TABLE = "personas"
FOLDER = f"{TABLE}.lance"
"""The folder of the table."""
LEGACY_FILE = "personas.parquet"
"""The file that was the whole catalogue in simnet 0.2."""
CONVERTED_FILE = "personas.converted.parquet"
"""The name that it gets when its personas are in the table."""
ENDINGS = (".jsonl", ".parquet")
"""What the names of files of chosen personas end with."""
