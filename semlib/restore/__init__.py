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
from .guided import CAUTIOUS, OCRGuided, blend, crops, fading, match, surer
from .picture import restore_image, restore_picture, seen
from .tiles import Restorer, restore
from .unet import ResidualUNet

__all__ = [
    "CAUTIOUS",
    "DCTLoss",
    "DnCNN",
    "OCRGuided",
    "ResidualUNet",
    "Restorer",
    "blend",
    "block_dct",
    "choose",
    "contradictions",
    "denied",
    "crops",
    "fading",
    "from_block_dct",
    "hold",
    "match",
    "project",
    "quantize",
    "restore",
    "restore_image",
    "restore_picture",
    "seen",
    "surer",
    "table_picture",
]
