"""Sends a sample of turns to an OpenTelemetry collector, as spans."""
