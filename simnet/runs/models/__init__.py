"""The models of a run: chosen, compared with a record, noted while the run goes on."""
