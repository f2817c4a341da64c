"""Layers, necks and heads."""

from . import heads, necks

__all__ = ['heads', 'necks']
