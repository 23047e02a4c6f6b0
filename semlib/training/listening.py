"""A restorer that listens to readers as well as to pixels, on the words of pages."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from ..data import MixedBookPatches, quantization_table
from ..images import to_tensor
from ..ocr import PageReader, Teacher
from ..restore import quantize
from .guided import cut_out, share_of, some_words
from .unet import UNetRecipe, squared_error
from .tfic import READERS, Listeners, frozen_readers


class ListeningRecipe(UNetRecipe):
    """Whole patches and the words in them. See `training.loop`.

    Args:
        settings: as `UNetRecipe`'s, but for ``crop``; ``words``, at most so many of a
            batch are read; ``reader``, who reads them; ``temperature``, see
            `EasyOCRReader`; ``ocr``, the weight of the readers' loss beside the squared
            error.
    """

    kind = "listening"
    known_as = "book pages' patches, train, with random letters, digits, capitals"
    about = "Chapter 9: the default network, with the readers' loss beside the pixels'."
    options: ClassVar = {"reader": ("easyocr", "easyocr, trba or both.")}

    def __init__(self, settings: dict):
        super().__init__(settings)
        self._reader = PageReader()

    @staticmethod
    def pages(settings: dict) -> MixedBookPatches:
        return MixedBookPatches("train", settings["pages"])

    def model(self) -> nn.Module:
        readers = frozen_readers(
            READERS[self.settings["reader"]], self.settings["temperature"]
        )
        return SquaredErrorAndTextLoss(self.begun(), readers, self.settings["ocr"])

    def batch(self, step: int, rank: int, ranks: int) -> tuple:
        """This process's share: clean patches, and what JPEG leaves of them, unclipped,
        N×1×64×256 each; and of words in them the picture's index, the window and the
        text."""
        rng = np.random.default_rng([self.settings["seed"], step])
        patches = [
            self._pages[int(index)]
            for index in rng.integers(len(self._pages), size=(self.settings["batch"],))
        ]
        windows = [
            self._reader.windows(patch.corners, *patch.image.shape) for patch in patches
        ]
        places = some_words(patches, windows, rng, self.settings["words"])
        clean = torch.stack([to_tensor(patch.image) for patch in patches[rank::ranks]])
        table = torch.tensor(quantization_table(self.settings["quality"]))
        return (
            clean,
            quantize(clean, table),
            share_of(places, rank, ranks),
        )


class SquaredErrorAndTextLoss(nn.Module):
    """The squared error round a restorer, and the mean of frozen readers' losses."""

    def __init__(self, network: nn.Module, readers: Sequence[Teacher], ocr: float):
        super().__init__()
        self.network, self.ocr = network, ocr
        self.readers = Listeners(readers)

    def forward(
        self, clean: Tensor, ruined: Tensor, places: list
    ) -> tuple[Tensor, dict[str, float]]:
        """What `SquaredErrorLoss` gives, with the readers' loss in nats a character."""
        restored = self.network(ruined).float()
        loss, numbers = squared_error(restored, clean, ruined)
        seen = restored.clamp(0, 1)  # the readers see no value beyond
        ocr = self.readers.losses(*cut_out(seen, places)).mean()
        return loss + self.ocr * ocr, {**numbers, "ocr": ocr.item()}
