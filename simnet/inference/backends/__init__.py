"""The backends, one class each, and the choice among them.

To add a backend: derive a class from `simnet.inference.backend.Backend` in a file of this folder
(`fake_backend.py` is the shortest example), and name it in `BACKENDS` in `choice.py`. Nothing
else tests which backend a run has.
"""
