"""The files of SynDisco, of all its releases: settings of experiments, and logs of discussions."""
