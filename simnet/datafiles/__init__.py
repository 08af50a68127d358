"""Reads the rows of data files: CSV, JSON, JSON Lines and Parquet, also compressed.

Personas and edges are read through this one reader, so the same data gives the same rows in
every container. The content of a file decides what it is; its name decides nothing.
"""

from simnet.datafiles.contents import Content, opened
from simnet.datafiles.records import rows
from simnet.datafiles.shapes import Broken, Reading, Row, Rows

__all__ = ["Broken", "Content", "Reading", "Row", "Rows", "opened", "rows"]
