"""The command that runs a scenario."""

from typing import Annotated

import typer

from simnet.cli.human_options import HumanFlags
from simnet.cli.options import (
    ModelFlags,
    OutputFlags,
    RunFlags,
    Seed,
    Sets,
    Target,
    expand_groups,
)

app = typer.Typer(rich_markup_mode=None)


@app.command()
@expand_groups
def run(
    target: Target,
    models: ModelFlags,
    flags: RunFlags,
    people: HumanFlags,
    output: OutputFlags,
    sets: Sets = None,
    seed: Seed = None,
    resume_if_exists: Annotated[
        bool,
        typer.Option(
            "--resume-if-exists",
            help="Go on with the newest run of this scenario, if it is not complete.",
        ),
    ] = False,
) -> None:
    """Run a scenario and leave a run directory behind."""
    from simnet.cli.runs.launching import launch_and_exit_code  # noqa: PLC0415
    from simnet.runs.reload_scenario import ScenarioTimeline  # noqa: PLC0415
    from simnet.runs.resume import find_unfinished, resume_plan  # noqa: PLC0415
    from simnet.runs.start import start_plan  # noqa: PLC0415
    from simnet.scenario.files.loading import load_scenario  # noqa: PLC0415

    options = people.added_to(flags.read(models))
    loaded = load_scenario(target, sets or (), seed)
    plan = start_plan(loaded, options)
    if resume_if_exists and (unfinished := find_unfinished(loaded, options.out)):
        timeline = ScenarioTimeline(loaded.scenario, (), loaded.modules)  # the same code
        plan = resume_plan(unfinished, timeline, options)
    raise typer.Exit(launch_and_exit_code(plan, output))
