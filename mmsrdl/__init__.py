"""Multi-label image recognition for MMPretrain."""

from . import datasets, engine, evaluation, models
from .version import __version__

__all__ = ['__version__', 'datasets', 'engine', 'evaluation', 'models']
