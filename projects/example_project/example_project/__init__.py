"""The example of a method."""

from .mix_pooling import MixPooling

__all__ = ['MixPooling']
