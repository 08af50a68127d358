"""Recognises headings, surveys and tables that hold no personas."""
