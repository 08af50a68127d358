"""The record of a run: tables in Arrow, written so that no acknowledged row is lost."""
