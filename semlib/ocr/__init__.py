"""Readers: from a picture of text to the text, and a loss on the way back."""

from .detect import CRAFT, reading_order
from .easyocr import EasyOCRReader
from .rapid import RapidOCRReader
from .reader import PageReader, Reader, ReadWord, Reading, SureReader, Teacher
from .trba import TRBAReader

__all__ = [
    "CRAFT",
    "EasyOCRReader",
    "PageReader",
    "RapidOCRReader",
    "Reader",
    "ReadWord",
    "Reading",
    "SureReader",
    "TRBAReader",
    "Teacher",
    "reading_order",
]
