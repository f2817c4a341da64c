"""Image transforms of the field."""

from .multi_scale_crop import MultiScaleCrop

__all__ = ['MultiScaleCrop']
