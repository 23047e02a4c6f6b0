"""Repair: what JPEG took from a page, put back before it is read."""

from .dct import DCTLoss, block_dct, from_block_dct, project
from .dncnn import DnCNN
from .guided import CAUTIOUS, OCRGuided, blend, crops, fading, match, surer
from .tiles import restore, restore_image

__all__ = ["CAUTIOUS", "DCTLoss", "DnCNN", "OCRGuided", "blend", "block_dct", "crops",
           "fading", "from_block_dct", "match", "project", "restore", "restore_image",
           "surer"]
