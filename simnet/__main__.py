"""Runs the command line, as `simnet` and as `python -m simnet`."""

import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the command line; Ctrl-C while it is imported ends it without a traceback."""
    try:
        from simnet.cli.app import main as run_command_line  # noqa: PLC0415
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    run_command_line()


if __name__ == "__main__":
    main()
