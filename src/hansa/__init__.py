"""Hansa: a consortium blockchain node, its tools and its clients.

The package is layered; imports point down only. ARCHITECTURE.md is the map.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
