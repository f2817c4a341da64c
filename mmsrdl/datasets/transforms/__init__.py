"""Image transforms of the field."""

from .load_image_turbojpeg import LoadImageWithTurboJPEG
from .multi_scale_crop import MultiScaleCrop

__all__ = ['LoadImageWithTurboJPEG', 'MultiScaleCrop']
