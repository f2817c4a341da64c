"""Layers, necks, heads and test-time augmentation."""

from . import heads, necks, tta

__all__ = ['heads', 'necks', 'tta']
