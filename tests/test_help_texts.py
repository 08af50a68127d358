"""Every command, argument and option says what it is for."""

import typer

from simnet.cli.app import app


def parsers(command, path="simnet"):
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from parsers(below, f"{path} {name}")


def test_each_command_argument_and_option_has_a_help_text():
    silent = [
        f"{path} {' '.join(one.opts)}".strip()
        for path, command in parsers(typer.main.get_command(app))
        for one in command.params
        if not (one.help or "").strip()
    ]
    silent += [path for path, one in parsers(typer.main.get_command(app)) if not one.help]
    assert silent == []
