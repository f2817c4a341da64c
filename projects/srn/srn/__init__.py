"""SRN: labels regularised by where they attend to."""

from .srn_head import SRNHead

__all__ = ['SRNHead']
