"""The command that runs what is left of a run."""

import typer

from simnet.cli.human_options import HumanFlags
from simnet.cli.option_groups import expand_groups
from simnet.cli.options import ModelFlags, OutputFlags, RunFlags, RunName
from simnet.cli.output import print_error

app = typer.Typer(rich_markup_mode=None)


@app.command()
@expand_groups
def resume(
    models: ModelFlags,
    flags: RunFlags,
    people: HumanFlags,
    output: OutputFlags,
    run: RunName = "latest",
) -> None:
    """Run what is left of a run that was interrupted, failed or killed.

    This runs the code of the scenario in its record. The address of a mirror in the place of RUN,
    such as s3://bucket/prefix/RUN, brings the run back to --runs first and goes on with both.
    """
    from simnet.cli.runs.launching import launch_and_exit_code  # noqa: PLC0415
    from simnet.runs.mirroring.mirror_return import to_go_on  # noqa: PLC0415
    from simnet.runs.repeats.reload_scenario import timeline_of  # noqa: PLC0415
    from simnet.runs.repeats.resume import changed_source, check_resumable, resume_plan  # noqa: PLC0415

    options = people.added_to(flags.read(models))
    opened, options = to_go_on(run, flags.runs, options)
    check_resumable(opened)
    if (note := changed_source(opened)) is not None:
        print_error(f"note: {note}")
    plan = resume_plan(opened, timeline_of(opened, print_error), options)
    raise typer.Exit(launch_and_exit_code(plan, output))
