"""Image transforms of the field."""
