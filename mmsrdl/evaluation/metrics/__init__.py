"""Metrics that MMEngine evaluators build from a config."""
