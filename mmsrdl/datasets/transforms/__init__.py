"""Image transforms of the field."""

from .load_image_turbojpeg import LoadImageWithTurboJPEG
from .multi_aspect_crop import MultiAspectCrop
from .multi_scale_crop import MultiScaleCrop

__all__ = ['LoadImageWithTurboJPEG', 'MultiAspectCrop', 'MultiScaleCrop']
