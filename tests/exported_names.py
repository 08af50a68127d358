"""The names of figures at Ray's exporter."""

from simnet.inference.calls.statistics import Statistics
from simnet.scheduler.figures.run_figures import FIGURES


def exported_names() -> set[str]:
    """Return the names under which Ray's exporter has all figures of runs and models."""
    runs = {f"ray_simnet_run_{one.name}" for one in FIGURES}
    models = (name.replace(".", "_") for name, _, _ in Statistics().figures())
    return runs | {f"ray_simnet_model_{name}" for name in models}
