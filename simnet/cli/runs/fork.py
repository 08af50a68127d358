"""The command that makes a run of the past of another and a changed scenario."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from simnet.cli.human_options import HumanFlags
from simnet.cli.option_groups import expand_groups
from simnet.cli.options import (
    ModelFlags,
    OutputFlags,
    RunFlags,
    RunName,
    Sets,
    read_time,
)
from simnet.cli.output import print_error
from simnet.clock import format_time

if TYPE_CHECKING:
    from simnet.recording.reading.run import Run
    from simnet.scenario.files.loading import Loaded

app = typer.Typer(rich_markup_mode=None)


@app.command()
@expand_groups
def fork(
    run: RunName,
    at: Annotated[str, typer.Option("--at", metavar="TIME", help="Simulated time, such as 6h.")],
    models: ModelFlags,
    flags: RunFlags,
    people: HumanFlags,
    output: OutputFlags,
    scenario: Annotated[
        str | None,
        typer.Option(help="What it becomes: FILE[:ATTRIBUTE]; without it the run's own."),
    ] = None,
    sets: Sets = None,
    seed: Annotated[int | None, typer.Option(help="Another seed from then on.")] = None,
    remember: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HANDLE",
            help="Let them remember their interviews at that time; repeatable.",
        ),
    ] = None,
) -> None:
    """Make a run that shares the past of another and goes on with a changed scenario.

    This runs the code of the scenario in its record, and of the one you name.
    """
    from simnet.cli.runs.launching import launch_and_exit_code  # noqa: PLC0415
    from simnet.runs.mirroring.mirror_return import open_here  # noqa: PLC0415
    from simnet.runs.repeats.fork import fork_plan  # noqa: PLC0415
    from simnet.runs.repeats.reload_scenario import timeline_of  # noqa: PLC0415

    options = people.added_to(flags.read(models))
    opened = open_here(run, flags.runs)
    moment = read_time("--at", at)
    loaded = load_changed(opened, scenario, sets or (), seed)
    before = timeline_of(opened, print_error)
    plan = fork_plan(opened, moment, loaded, before, options, print_error, remember=remember or ())
    if not output.quiet and not output.as_json:
        print_error(f"{opened.id} until {format_time(moment)}, then {loaded.scenario.name}")
    raise typer.Exit(launch_and_exit_code(plan, output))


def load_changed(run: "Run", target: str | None, sets: Sequence[str], seed: int | None) -> "Loaded":
    """Load the scenario of a fork: `target`, or that of the run with other parameters.

    Unless a seed is given, the fork has the seed of the run.
    """
    from simnet.runs.repeats.reload_scenario import recorded_code, target_of  # noqa: PLC0415
    from simnet.scenario.files.loading import load_scenario  # noqa: PLC0415
    from simnet.scenario.files.parameters import split_settings  # noqa: PLC0415

    facts = run.manifest.scenario
    if target is None:
        code = recorded_code(run)
        settings = split_settings(code.facts.sets) | split_settings(sets)
        target = target_of(code)
        sets = tuple(f"{name}={value}" for name, value in settings.items())
    scenario_seed = seed if seed is not None else (facts.seed if facts else None)
    loaded = load_scenario(target, sets, scenario_seed)
    run_seed = run.manifest.seed
    if seed is None and run_seed is not None and loaded.scenario.seed != run_seed:
        scenario = replace(loaded.scenario, seed=run_seed)
        return replace(loaded, scenario=scenario, recipe={**loaded.recipe, "seed": run_seed})
    return loaded
