"""Measures of multi-label recognition."""
