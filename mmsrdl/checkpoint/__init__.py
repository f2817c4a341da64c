"""Loading checkpoints without running what a file says."""

from .loading import UnsafeCheckpointError, load, load_url

__all__ = ['UnsafeCheckpointError', 'load', 'load_url']
