"""Protocols: on which images, and how, published results were measured."""

from .protocol import Protocol, follow_protocol, list_protocols, load_protocol

__all__ = ['Protocol', 'follow_protocol', 'list_protocols', 'load_protocol']
