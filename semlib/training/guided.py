"""Section 4.5's second network: repaired pages made legible by the reader's loss."""

from collections.abc import Sequence
from functools import cache, partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .. import zoo
from ..data import (PAGES, PATCH_HEIGHT, PATCH_WIDTH, PATCHES_PER_PAGE, PagePatches,
                    degrade)
from ..data.shards import Shards, cache_folder, recipe_hash
from ..images import InputError, to_tensor
from ..ocr import PageReader
from ..restore import DnCNN, OCRGuided, blend, fading, match
from . import muon
from .tfic import READERS, frozen_readers

SIZE = PATCH_HEIGHT * PATCH_WIDTH
QUALITY = 1
PRECISION = "bfloat16"  # of the first pass: exact enough to learn from, twice as fast
LISTENING = {**READERS, "none": ()}


class FirstPass(Sequence):
    """Training pages as D1 leaves them, with the words that the detector finds there.

    Made once and kept in a cache folder. An item is a patch: its pixels, 64×256
    uint8; the found windows; and for each of them the word's text, or None where no
    word is (see `match`).

    ``clean`` are the patches before they were ruined.

    Args:
        first: the name of D1's weights. Empty: the pages are left as JPEG made
            them, and the windows are the true words', as nothing is found there.
        count: of pages.
    """

    def __init__(self, first: str, count: int):
        self.clean = PagePatches("train", count)
        recipe = [first and zoo.card(first)["sha256"], self.clean.recipe, QUALITY,
                  PRECISION]
        self._shards = Shards(cache_folder() / f"first-{recipe_hash(recipe)}",
                              partial(_first_pass, first=first, count=count), count,
                              PAGES["train"], name=f"pages by {first}")
        self.sha256 = self._shards.sha256

    def __len__(self) -> int:
        return len(self.clean)

    def __getitem__(self, index: int) -> tuple[np.ndarray, list, list]:
        page, at = divmod(index, PATCHES_PER_PAGE)
        record = self._shards.record(page)
        pixels = self._shards.pixels(page, record["offset"] + at * SIZE, SIZE)
        return (pixels.reshape(PATCH_HEIGHT, PATCH_WIDTH), record["windows"][at],
                record["texts"][at])

    def counts(self) -> dict[str, int]:
        """Words; those that were found; and boxes found where none is."""
        records = [self._shards.record(page)
                   for page in range(len(self) // PATCHES_PER_PAGE)]
        texts = [text for record in records for patch in record["texts"]
                 for text in patch]
        found = sum(text is not None for text in texts)
        return {"words": sum(record["words"] for record in records), "found": found,
                "nowhere": len(texts) - found}


@torch.no_grad()
def _first_pass(page: int, first: str, count: int) -> tuple[np.ndarray, dict]:
    """A page's patches after D1; the windows found in each, and their texts."""
    torch.set_num_threads(1)  # every core has its own pages
    network, pages, kept = _parts(first, count)
    patches = [kept[page * PATCHES_PER_PAGE + at] for at in range(PATCHES_PER_PAGE)]
    ruined = torch.stack([to_tensor(degrade(patch.image, quality=QUALITY)[0])
                          for patch in patches])
    with torch.autocast("cpu", getattr(torch, PRECISION)):
        pixels = (network(ruined).float().clamp(0, 1) * 255).round().byte()
        boxes = pages.detector.boxes(pixels / 255) if first \
            else [patch.corners for patch in patches]
    windows, texts = [], []
    for patch, corners in zip(patches, boxes):
        found = pages.windows(corners, PATCH_HEIGHT, PATCH_WIDTH)
        words = pages.windows(patch.corners, PATCH_HEIGHT, PATCH_WIDTH)
        pairs = match(found, words)
        windows.append([[int(side) for side in window] for window in found])
        texts.append([patch.words[pairs[i]].text if i in pairs else None
                      for i in range(len(found))])
    return pixels[:, 0].numpy(), {"windows": windows, "texts": texts,
                                  "words": sum(len(patch.words) for patch in patches)}


@cache
def _parts(first: str, count: int) -> tuple[nn.Module, PageReader, PagePatches]:
    network = zoo.load_restorer(first)[0] if first else nn.Identity()
    return network, PageReader(), PagePatches("train", count)


class GuidedRecipe:
    """D2 on patches that D1 has repaired. See `training.loop`.

    D2 begins with the weights called ``start``, those of D1 in the shipped presets,
    but with nothing in the last layer, so that at first it changes nothing.

    What the ablation of chapter 9 changes are settings too: ``first`` may be empty,
    which leaves D2 alone with the JPEG, its last layer kept; without ``start`` it
    begins at random; ``place`` "page" lets it change all pixels, not those of the
    found words only; ``reader`` "none" leaves the image's loss.
    """

    def __init__(self, settings: dict):
        if settings["reader"] not in LISTENING:
            raise InputError(f"reader must be one of {', '.join(LISTENING)}, "
                             f"not {settings['reader']}")
        self.settings = dict(settings)
        for part in ("first", "start"):
            if settings[part]:
                self.settings[f"{part}_sha256"] = zoo.card(settings[part])["sha256"]
        self._pages = FirstPass(settings["first"], settings["pages"])

    def model(self) -> nn.Module:
        network = DnCNN(self.settings["depth"], self.settings["width"],
                        self.settings["factor"])
        if self.settings["start"]:
            known, _ = zoo.load_restorer(self.settings["start"])
            second = isinstance(known, OCRGuided)
            network.load_state_dict((known.second if second else known).state_dict())
            if self.settings["first"] and not second:
                network.empty()
        readers = frozen_readers(LISTENING[self.settings["reader"]],
                                 self.settings["temperature"])
        return Refinement(network, readers, self.settings["image"])

    def groups(self, model: nn.Module) -> list[dict]:
        return muon.groups(model.network, self.settings)

    def batch(self, step: int, rank: int, ranks: int) -> tuple:
        """This process's share: D1's patches, masks and clean ones, N×1×64×256 each;
        and of words found in them the picture's index, the window and the text."""
        rng = np.random.default_rng([self.settings["seed"], step])
        chosen = rng.integers(len(self._pages), size=self.settings["batch"])
        items = [self._pages[int(index)] for index in chosen[rank::ranks]]
        clean = [self._pages.clean[int(index)].image for index in chosen[rank::ranks]]
        places = [(at, _moved(window, rng), text)
                  for at, (_, windows, texts) in enumerate(items)
                  for window, text in zip(windows, texts) if text is not None]
        some = rng.permutation(len(places))[:self.settings["words"]]
        masks = torch.stack([self._mask(windows) for _, windows, _ in items])
        return (torch.stack([to_tensor(pixels) for pixels, _, _ in items]), masks,
                torch.stack([to_tensor(image) for image in clean]),
                [places[at] for at in some])

    def _mask(self, windows: list) -> Tensor:
        """What D2 may change in a patch, 1×64×256."""
        if self.settings["place"] == "page":
            return torch.ones(1, PATCH_HEIGHT, PATCH_WIDTH)
        return fading(windows, PATCH_HEIGHT, PATCH_WIDTH)


def _moved(window: list, rng: np.random.Generator) -> tuple:
    """A window with each side moved by up to a pixel, as a detector that looks at
    the refined picture might put it."""
    left, top, right, bottom = np.add(window, rng.integers(-1, 2, 4))
    return (int(max(0, left)), int(max(0, top)), int(min(right, PATCH_WIDTH)),
            int(min(bottom, PATCH_HEIGHT)))


class Refinement(nn.Module):
    """The loss round D2: L_OCR over the found words, and a little of the image.

    Args:
        readers: frozen; L_OCR is the mean of their losses.
        image: the weight of the MSE against the clean patch; 0 in the paper.
    """

    def __init__(self, network: nn.Module, readers: Sequence[nn.Module], image: float):
        super().__init__()
        self.network, self.image = network, image
        self.readers = nn.ModuleList(readers)

    def forward(self, first: Tensor, masks: Tensor, clean: Tensor,
                places: list) -> tuple[Tensor, dict[str, float]]:
        """What is minimized; and for the log, loss, the readers' loss in nats a
        character, and PSNR in dB."""
        refined = blend(first, self.network(first), masks).float()
        seen = refined.clamp(0, 1)  # the readers see no value beyond
        crops = [seen[at, :, top:bottom, left:right]
                 for at, (left, top, right, bottom), _ in places]
        texts = [text for _, _, text in places]
        ocr = torch.zeros(())
        for reader in self.readers if places else ():
            ocr = ocr + reader.losses(crops, texts).mean() / len(self.readers)
        error = F.mse_loss(refined, clean)
        loss = ocr + self.image * error
        return loss, {"loss": loss.item(), "ocr": ocr.item(),
                      "psnr": -10 * error.log10().item()}
