"""Reviews in the files of Argilla and Label Studio."""
