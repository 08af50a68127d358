"""Runs the command line: `python -m simnet` is `simnet`."""

from simnet.cli.app import main

main()
