"""Data sets for multi-label image recognition."""
