"""Section 4.5's second network: repaired pages made legible by the reader's loss."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .. import zoo
from ..data import PATCH_HEIGHT, PATCH_WIDTH, BookPatches, Patch, degrade
from ..images import InputError, to_tensor
from ..ocr import PageReader, Teacher
from ..restore import DnCNN, OCRGuided, Restorer, blend, feather_mask
from . import muon
from .tfic import READERS, Listeners, frozen_readers

QUALITY = 1
LISTENING = {**READERS, "none": ()}


class GuidedRecipe:
    """D2 on patches that D1 has repaired. See `training.loop`.

    D2 begins with the weights called ``start``, but where they are D1's, with nothing
    in the last layer, so that at first it changes nothing. The words' true places
    stand for what the detector will find.

    What the ablation of chapter 9 changes are settings too: ``first`` may be empty,
    which leaves D2 alone with the JPEG, its last layer kept; without ``start`` it
    begins at random; ``place`` "page" lets it change all pixels, not those of the
    words only; ``reader`` "none" leaves the image's loss.

    Args:
        settings: besides these ``depth``, ``width`` and ``factor``, see `DnCNN`;
            ``pages``, how many there are to learn from; ``batch`` patches a step and at
            most ``words`` of theirs; ``temperature``, see `EasyOCRReader`; ``image``,
            the weight of the squared error.
    """

    about = "Chapter 9: the second network, which repairs words for a reader."
    options: ClassVar = {"reader": ("easyocr", "easyocr, trba, both or none.")}

    def __init__(self, settings: dict):
        if settings["reader"] not in LISTENING:
            raise InputError(
                f"reader must be one of {', '.join(LISTENING)}, not {settings['reader']}"
            )
        self.settings = dict(settings)
        for part in ("first", "start"):
            if settings[part]:
                self.settings[f"{part}_sha256"] = zoo.card(settings[part])["sha256"]
        self._patches = BookPatches("train", settings["pages"])
        self._pages = PageReader()

    @staticmethod
    def data_card(settings: dict) -> dict:
        """Which data, how much of them, and their hash."""
        return {
            "set": "book pages' patches, train",
            "pages": settings["pages"],
            "sha256": BookPatches("train", settings["pages"]).sha256,
        }

    def model(self) -> nn.Module:
        network = DnCNN(
            self.settings["depth"], self.settings["width"], self.settings["factor"]
        )
        first: nn.Module = nn.Identity()
        if self.settings["first"]:
            first, _ = zoo.load_restorer(self.settings["first"])
        if self.settings["start"]:
            known, _ = zoo.load_restorer(self.settings["start"])
            if isinstance(known, OCRGuided):
                network.load_state_dict(known.second.state_dict())
            else:
                network.load_state_dict(known.state_dict())
                if self.settings["first"]:
                    network.zero_last_layer()
        readers = frozen_readers(
            LISTENING[self.settings["reader"]], self.settings["temperature"]
        )
        return RefinementLoss(network, first, readers, self.settings["image"])

    def groups(self, model) -> list[dict]:
        return muon.groups(model.network, self.settings)

    def batch(self, step: int, rank: int, ranks: int) -> tuple:
        """This process's share: ruined patches, masks of what D2 may change, and clean
        patches, N×1×64×256 each; and of words in them the picture's index, the window
        and the text."""
        rng = np.random.default_rng([self.settings["seed"], step])
        patches = [
            self._patches[int(index)]
            for index in rng.integers(len(self._patches), size=(self.settings["batch"],))
        ]
        windows = [self._windows(patch) for patch in patches]
        places = some_words(patches, windows, rng, self.settings["words"])
        share = slice(rank, None, ranks)
        ruined = [degrade(patch.image, quality=QUALITY)[0] for patch in patches[share]]
        return (
            torch.stack([to_tensor(image) for image in ruined]),
            torch.stack([self._mask(found) for found in windows[share]]),
            torch.stack([to_tensor(patch.image) for patch in patches[share]]),
            share_of(places, rank, ranks),
        )

    def _windows(self, patch: Patch) -> list[tuple]:
        return self._pages.windows(patch.corners, PATCH_HEIGHT, PATCH_WIDTH)

    def _mask(self, windows: list) -> Tensor:
        """What D2 may change in a patch, 1×64×256."""
        if self.settings["place"] == "page":
            return torch.ones(1, PATCH_HEIGHT, PATCH_WIDTH)
        return feather_mask(windows, PATCH_HEIGHT, PATCH_WIDTH)


def some_words(
    patches: Sequence[Patch],
    windows: Sequence[Sequence[tuple]],
    rng: np.random.Generator,
    words: int,
) -> list[tuple]:
    """At most so many of the patches' words: which patch, the window, see `_moved`, and
    the text."""
    places = [
        (at, _moved(window, rng), word.text)
        for at, patch in enumerate(patches)
        for word, window in zip(patch.words, windows[at], strict=True)
    ]
    return [places[index] for index in rng.permutation(len(places))[:words]]


def share_of(places: Sequence[tuple], rank: int, ranks: int) -> list[tuple]:
    """Those in a process's share of the patches, by their index in it."""
    return [
        (at // ranks, window, text) for at, window, text in places if at % ranks == rank
    ]


def cut_out(pictures: Tensor, places: Sequence[tuple]) -> tuple[list[Tensor], list[str]]:
    """What is seen of words in pictures N×C×H×W, and their texts."""
    seen = [
        pictures[at, :, top:bottom, left:right]
        for at, (left, top, right, bottom), _ in places
    ]
    return seen, [text for *_, text in places]


def _moved(window: tuple, rng: np.random.Generator) -> tuple:
    """A window with each side moved by up to a pixel, as a detector that looks at
    the refined picture might put it."""
    left, top, right, bottom = np.add(window, rng.integers(-1, 2, 4))
    return (
        int(max(0, left)),
        int(max(0, top)),
        int(min(right, PATCH_WIDTH)),
        int(min(bottom, PATCH_HEIGHT)),
    )


class RefinementLoss(nn.Module):
    """The loss round D2: L_OCR over the words, and a little of the image.

    Args:
        first: D1, frozen.
        readers: frozen; L_OCR is the mean of their losses.
        image: the weight of the MSE against the clean patch; 0 in the paper.
    """

    def __init__(
        self,
        network: nn.Module,
        first: nn.Module,
        readers: Sequence[Teacher],
        image: float,
    ):
        super().__init__()
        self.network, self.image = network, image
        self.first = first.requires_grad_(False)
        self.readers = Listeners(readers)

    def train(self, mode: bool = True) -> "RefinementLoss":
        """D1's statistics stay as they are."""
        super().train(mode)
        self.first.eval()
        return self

    def forward(
        self, ruined: Tensor, masks: Tensor, clean: Tensor, places: list
    ) -> tuple[Tensor, dict[str, float]]:
        """What is minimized; and for the log, loss, the readers' loss in nats a
        character, and PSNR in dB."""
        with torch.no_grad():
            first = self.first(ruined).float().clamp(0, 1)
        refined = blend(first, self.network(first), masks).float()
        seen = refined.clamp(0, 1)  # the readers see no value beyond
        ocr = torch.zeros(())
        if places and len(self.readers):
            ocr = self.readers.losses(*cut_out(seen, places)).mean()
        error = F.mse_loss(refined, clean)
        loss = ocr + self.image * error
        return loss, {
            "loss": loss.item(),
            "ocr": ocr.item(),
            "psnr": -10 * error.log10().item(),
        }


def assembled(settings: dict, second: Restorer) -> Restorer:
    """What a `GuidedRecipe`'s settings make of D2: with D1 and the detector, or less."""
    if not settings["first"]:
        return second
    first, _ = zoo.load_restorer(settings["first"])
    if settings.get("place", "words") == "words":  # the recipe dncnn does not say
        return OCRGuided(first, second, PageReader())
    return Twice(first, second)


class Twice(Restorer):
    """One restorer after another, on the whole page."""

    def __init__(self, first: Restorer, second: Restorer):
        super().__init__()
        self.first, self.second = first, second

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(x).clamp(0, 1))
