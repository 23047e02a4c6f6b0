"""Repair: what JPEG took from a page, put back before it is read."""

from .dct import DCTLoss, block_dct, from_block_dct, project
from .dncnn import DnCNN
from .guided import OCRGuided, fading, match, refine
from .tiles import restore, restore_image

__all__ = ["DCTLoss", "DnCNN", "OCRGuided", "block_dct", "fading", "from_block_dct",
           "match", "project", "refine", "restore", "restore_image"]
