"""Runs the command line as `python -m simnet`."""

from simnet.cli.app import main

if __name__ == "__main__":
    main()
