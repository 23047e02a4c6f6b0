"""RapidOCR's recognizer, PP-OCR: the judge that no training here ever sees.

It only reads: no gradient crosses it, and none is wanted. What pleases the reader
that was trained against, and not this one, is a trick.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..compat import package_folder
from ..images import to_image

MODEL = "PP-OCRv6_rec_small.onnx"  # comes with the package: nothing is downloaded
WIDEST = 320 / 48  # pictures that are no wider share one width in the network


def model_path() -> Path:
    """Where the package keeps the network."""
    return package_folder("rapidocr") / "models" / MODEL


class RapidOCRReader:
    """Reads pictures of one word or one line, of any sizes, as RapidOCR does."""

    def __init__(self):
        from rapidocr import RapidOCR

        self._engine = RapidOCR(
            params={
                "Global.log_level": "critical",
                "Rec.model_path": str(model_path()),
                "EngineConfig.onnxruntime.intra_op_num_threads": torch.get_num_threads(),
            }
        )

    def read(self, images: Sequence[Tensor]) -> list[str]:
        """The text in each picture (C×H×W in [0, 1], any sizes).

        RapidOCR pads a batch to its widest picture, which changes what it reads:
        pictures wider than `WIDEST` are read alone, so that the others do not matter.
        """
        wide = [
            i
            for i, image in enumerate(images)
            if image.shape[-1] > WIDEST * image.shape[-2]
        ]
        narrow = sorted(set(range(len(images))) - set(wide))
        texts = [""] * len(images)
        for group in [narrow, *([i] for i in wide)]:
            for i, text in zip(group, self._recognize([images[i] for i in group])):
                texts[i] = text
        return texts

    def _recognize(self, images: Sequence[Tensor]) -> Sequence[str]:
        pixels = [
            np.asarray(to_image(image).convert("RGB"))[..., ::-1] for image in images
        ]  # OpenCV's order: blue first
        return self._engine.recognize_txt(pixels).txts if pixels else ()
