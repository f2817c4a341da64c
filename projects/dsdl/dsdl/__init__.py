"""DSDL: images as combinations of the labels in a semantic dictionary."""

from .dsdl_head import DSDLHead

__all__ = ['DSDLHead']
