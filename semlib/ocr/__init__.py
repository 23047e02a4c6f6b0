"""Readers: from a picture of text to the text, and a loss on the way back."""

from .detect import CRAFT, reading_order
from .easyocr import EasyOCRReader
from .reader import PageReader, Reader, ReadWord, Reading
from .trba import TRBAReader

__all__ = ["CRAFT", "EasyOCRReader", "PageReader", "Reader", "ReadWord", "Reading",
           "TRBAReader", "reading_order"]
