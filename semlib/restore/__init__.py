"""Repair: what JPEG took from a page, put back before it is read."""

from .choose import choose, denied
from .dct import (
    DCTLoss,
    block_dct,
    contradictions,
    from_block_dct,
    hold,
    project,
    quantize,
    table_picture,
)
from .dncnn import DnCNN
from .guided import OCRGuided, accepts, blend, crops, feather_mask, match_boxes
from .picture import restore_image, restore_picture, seen
from .tiles import Restorer, restore
from .unet import ResidualUNet

__all__ = [
    "DCTLoss",
    "DnCNN",
    "OCRGuided",
    "ResidualUNet",
    "Restorer",
    "accepts",
    "blend",
    "block_dct",
    "choose",
    "contradictions",
    "denied",
    "crops",
    "feather_mask",
    "from_block_dct",
    "hold",
    "match_boxes",
    "project",
    "quantize",
    "restore",
    "restore_image",
    "restore_picture",
    "seen",
    "table_picture",
]
