"""The life of a run: plan, start, resume, fork, replay."""
