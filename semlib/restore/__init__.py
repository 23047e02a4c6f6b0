"""Repair: what JPEG took from a page, put back before it is read."""

from .dct import DCTLoss, block_dct, from_block_dct, project
from .dncnn import DnCNN
from .tiles import restore, restore_image

__all__ = ["DCTLoss", "DnCNN", "block_dct", "from_block_dct", "project", "restore",
           "restore_image"]
