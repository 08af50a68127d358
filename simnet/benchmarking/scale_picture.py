"""Draws what the workload `scale` measured: turns a second by the number of people."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from simnet.benchmarking.measurement import Measurement
from simnet.benchmarking.scale_workload import NAME, size_of
from simnet.errors import UsageError
from simnet.foundation.disk import Disk, disk_errors, write_atomically
from simnet.foundation.distribution import install_command

WIDTH, HEIGHT = 520, 300


def check_can_draw(path: Path, workloads: Sequence[str]) -> None:
    """Raise UsageError unless these workloads can be drawn, by default all, and as an SVG."""
    if workloads and NAME not in workloads:
        raise UsageError(
            f"--picture draws the workload {NAME}: name it too, or leave out --picture"
        )
    if path.suffix != ".svg":
        raise UsageError(f"--picture {path}: pictures are SVG; give a name that ends in .svg")
    if any(find_spec(package) is None for package in ("altair", "vl_convert")):
        raise UsageError(f"--picture needs the extra report: {install_command('report')}")


def draw(found: Measurement, path: Path) -> None:
    """Draw medians of the workload `scale`, with quartiles, as an SVG. Raises DiskError."""
    import altair as alt  # noqa: PLC0415  (an extra, and slow)
    import vl_convert  # noqa: PLC0415

    rows = [
        {"people": size_of(one.figure), "turns per second": one.median,
         "low": one.quartiles[0], "high": one.quartiles[1]}
        for one in found.samples
        if one.workload == NAME
    ]  # fmt: skip
    base = alt.Chart(alt.Data(values=rows)).encode(
        alt.X(
            "people:Q",
            scale=alt.Scale(type="log"),
            axis=alt.Axis(values=[r["people"] for r in rows]),
        )
    )
    rates = alt.Y("turns per second:Q", scale=alt.Scale(zero=True))
    chart = base.mark_line(point=True).encode(rates) + base.mark_rule().encode(
        alt.Y("low:Q", title="turns per second"), alt.Y2("high:Q")
    )
    spec = chart.properties(width=WIDTH, height=HEIGHT, background="white").to_dict()
    drawn: str = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    with disk_errors(f"writing {path}"):
        write_atomically(Disk(), path, drawn.encode())
