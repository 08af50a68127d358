"""The command that runs a scenario."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from simnet.cli.human_options import HumanFlags
from simnet.cli.option_groups import expand_groups
from simnet.cli.options import (
    ModelFlags,
    OutputFlags,
    RunFlags,
    Seed,
    Sets,
    Target,
)

if TYPE_CHECKING:
    from simnet.runs.options.options import RunOptions
    from simnet.runs.plans.plan import RunPlan
    from simnet.scenario.files.loading import Loaded

app = typer.Typer(rich_markup_mode=None)


@app.command()
@expand_groups
def run(
    context: typer.Context,
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
    run_id: Annotated[
        str | None,
        typer.Option(help="Id of the run, in place of one of time and name.", metavar="ID"),
    ] = None,
    show_config: Annotated[
        bool,
        typer.Option("--show-config", help="Print each option and where it is from; run nothing."),
    ] = False,
) -> None:
    """Run a scenario and leave a run directory behind.

    Options that belong to a project are in `simnet.toml` beside the scenario.
    """
    from simnet.cli.runs.launching import launch_and_exit_code  # noqa: PLC0415
    from simnet.cli.runs.project_options import print_sources, with_file  # noqa: PLC0415
    from simnet.scenario.files.loading import load_scenario  # noqa: PLC0415

    options, project = with_file(people.added_to(flags.read(models)), target, context)
    if show_config:
        print_sources(options, project, context)
        return
    options = replace(options, run_id=run_id)
    loaded = load_scenario(target, sets or (), seed)
    plan = _plan(loaded, options, resume_if_exists=resume_if_exists)
    if plan is None:
        typer.echo(f"{run_id} is complete")
        return
    raise typer.Exit(launch_and_exit_code(plan, output))


def _plan(loaded: "Loaded", options: "RunOptions", *, resume_if_exists: bool) -> "RunPlan | None":
    """Plan a new run, or the rest of one that is there; None if the one of this id is complete."""
    from simnet.runs.mirroring.mirror_return import find_mirrored  # noqa: PLC0415
    from simnet.runs.options.mirror_settings import read_mirror  # noqa: PLC0415
    from simnet.runs.repeats.reload_scenario import ScenarioTimeline  # noqa: PLC0415
    from simnet.runs.repeats.resume import find_named, find_unfinished, resume_plan  # noqa: PLC0415
    from simnet.runs.start import start_plan  # noqa: PLC0415

    found = None
    if resume_if_exists and options.run_id is not None:
        found = find_named(loaded, options.out, options.run_id)
        settings = read_mirror(options.mirror, options.mirror_every)
        if found is None and settings and find_mirrored(settings, options.out, options.run_id):
            found = find_named(loaded, options.out, options.run_id)
        if found is not None and found.manifest.state == "completed":
            return None
    elif resume_if_exists:
        found = find_unfinished(loaded, options.out)
    if found is None:
        return start_plan(loaded, options)
    timeline = ScenarioTimeline(loaded.scenario, (), loaded.modules)  # the same code
    return resume_plan(found, timeline, options)
