"""SALGL: a label graph that depends on the scene."""

from .salgl_head import SALGLHead

__all__ = ['SALGLHead']
