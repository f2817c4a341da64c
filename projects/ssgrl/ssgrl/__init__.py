"""SSGRL: features of labels that exchange messages."""

from .semantic_graph import SemanticGraph

__all__ = ['SemanticGraph']
