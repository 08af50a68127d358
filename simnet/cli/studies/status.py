"""`simnet study status` shows which runs of a study are there."""

import typer

from simnet.cli.options import AsJson
from simnet.cli.output import print_json, print_table
from simnet.cli.studies.opening import Out, StudyTarget, folder_of, load_study
from simnet.foundation.text import counted, visible


def status(target: StudyTarget, out: Out = None, as_json: AsJson = False) -> None:
    """Show, by arm and seed, what is complete, begun or still to be run."""
    from simnet.studies.study_folder import StudyFolder  # noqa: PLC0415  (imports pyarrow)

    study = load_study(target)
    folder = StudyFolder.opened(folder_of(study, out), study)
    rows = []
    for unit in study.units:
        run = folder.run_of(unit)
        state = "not begun" if run is None else str(run.state)
        rows.append((unit.cell.label, unit.seed, state, "" if run is None else run.id))
    registration = folder.registration()
    complete = sum(row[2] == "completed" for row in rows)
    if as_json:
        names = ("arm", "seed", "state", "run")
        print_json({"study": study.name, "complete": complete, "registered": registration.digest,
                    "registration_intact": registration.intact,
                    "runs": [dict(zip(names, row, strict=True)) for row in rows]})  # fmt: skip
        return
    print_table(("arm", "seed", "state", "run"), rows, numbers=("seed",), unbroken=("run",))
    typer.echo(f"{complete} of {counted(len(rows), 'run')} complete")
    intact = "as registered" if registration.intact else "CHANGED since it was registered"
    typer.echo(visible(f"preregistration {registration.digest[:16]}, {intact}"))
