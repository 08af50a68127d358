"""Whether the user gave an option, or has its default."""

import typer


def is_given(context: typer.Context, name: str) -> bool:
    """Whether an option was given on the command line or in the environment."""
    source = context.get_parameter_source(name)
    return source is not None and not source.name.startswith("DEFAULT")
