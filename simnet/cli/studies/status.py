"""`simnet study status` shows which runs of a study are there."""

import typer

from simnet.cli.options import AsJson
from simnet.cli.output import print_json, print_table
from simnet.cli.studies.opening import Out, StudyTarget, completeness, folder_of, load_study
from simnet.foundation.text import visible


def status(target: StudyTarget, out: Out = None, as_json: AsJson = False) -> None:
    """Show, by arm and seed, what is complete, begun or still to be run, and failed measures."""
    from simnet.studies.running.study_folder import StudyFolder  # noqa: PLC0415  (imports pyarrow)
    from simnet.studies.running.unit_run import is_complete  # noqa: PLC0415

    study = load_study(target)
    folder = StudyFolder.opened(folder_of(study, out), study)
    rows, failures = [], []
    for unit in study.units:
        run = folder.run_of(unit)
        state = "not begun" if run is None else str(run.state)
        rows.append((unit.cell.label, unit.seed, state, "" if run is None else run.id))
        ended = run is not None and is_complete(run)
        failures.append(folder.unmeasured(run) if run is not None and ended else None)
    registration = folder.registration()
    complete = sum(one is not None for one in failures)
    measured = sum(one == {} for one in failures)
    if as_json:
        names = ("arm", "seed", "state", "run")
        runs = [
            {**dict(zip(names, row, strict=True)), "unmeasured": lacking or {}}
            for row, lacking in zip(rows, failures, strict=True)
        ]
        print_json({"study": study.name, "complete": complete, "measured": measured,
                    "registered": registration.digest,
                    "registration_intact": registration.intact, "runs": runs})  # fmt: skip
        return
    print_table(("arm", "seed", "state", "run"), rows, numbers=("seed",), unbroken=("run",))
    for row, lacking in zip(rows, failures, strict=True):
        for name, why in (lacking or {}).items():
            typer.echo(visible(f"{row[0]} seed {row[1]}: no figures of measure {name}: {why}"))
    typer.echo(completeness(len(rows), complete, measured))
    intact = "as registered" if registration.intact else "CHANGED since it was registered"
    typer.echo(visible(f"preregistration {registration.digest[:16]}, {intact}"))
