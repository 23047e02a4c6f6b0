"""Text-aware image compression: the package behind the book."""

__version__ = "0.1.0"
