"""ADD-GCN: a graph of labels that is made anew for each image."""

from .add_gcn_head import ADDGCNHead

__all__ = ['ADDGCNHead']
