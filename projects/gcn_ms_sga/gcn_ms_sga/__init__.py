"""GCN-MS-SGA: attention to what looks like a label, at a single scale."""

from .sga_head import SGAHead

__all__ = ['SGAHead']
