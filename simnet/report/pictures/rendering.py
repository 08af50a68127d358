"""Draws pictures as SVG and PNG, and writes them and their rows into a folder."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import vl_convert

from simnet.export.interchange.table_files import guarded
from simnet.foundation.disk import Disk, disk_errors, write_atomically
from simnet.report.parts import Picture, Row
from simnet.report.pictures.style import WIDTH, cleaned

SUFFIXES = ("svg", "png", "csv")
_PNG_SCALE = 2.0


def svg_of(picture: Picture, *, ground: str | None = None) -> str:
    """Draw a picture as SVG; without a ground it takes that of the page. Loads nothing."""
    spec = {**picture.chart, "width": WIDTH, "background": ground}
    drawn: str = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    return drawn


def csv_of(rows: Sequence[Row]) -> str:
    """Write the rows of a picture as CSV, in UTF-8.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    out = io.StringIO()
    shown = cleaned(rows)
    names = list(dict.fromkeys(name for row in shown for name in row))
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for row in shown:
        cells = [row.get(name) for name in names]
        writer.writerow([guarded(one) if isinstance(one, str) else one for one in cells])
    return out.getvalue()


def write_files(pictures: Sequence[Picture], folder: Path) -> list[Path]:
    """Write SVG, PNG and CSV of each picture. Raises DiskError."""
    disk, made = Disk(), []
    with disk_errors(f"writing the figures in {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        for picture in pictures:
            drawn = svg_of(picture, ground="#ffffff")
            contents = {
                "svg": drawn.encode(),
                "png": vl_convert.svg_to_png(drawn, scale=_PNG_SCALE),
                "csv": csv_of(picture.rows).encode(),
            }
            for suffix in SUFFIXES:
                path = folder / f"{picture.name}.{suffix}"
                write_atomically(disk, path, contents[suffix])
                made.append(path)
    return made
