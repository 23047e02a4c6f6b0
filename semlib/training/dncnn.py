"""Section 4's DnCNN: pages that JPEG ruined, made whole; once, or once more."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .. import zoo
from ..data import (PATCH_HEIGHT, PATCH_WIDTH, BookPatches, PagePatches, degrade,
                    make_page)
from ..images import to_tensor
from ..restore import DCTLoss, DnCNN
from . import muon
from .residual import moved

BLOCK = 8


class DnCNNRecipe:
    """Crops of the pages' patches, JPEG's grid kept. See `training.loop`.

    With ``layout`` "book" the pages are `data.book`'s, and each patch is first moved by
    up to a block.

    Where ``first`` names a network's weights, a second one is trained on what that
    one leaves. It begins with the first one's weights and an empty last layer, so
    that at first it changes nothing.
    """

    def __init__(self, settings: dict):
        self.settings = dict(settings)
        if settings.get("first"):
            self.settings["first_sha256"] = zoo.card(settings["first"])["sha256"]
        count = settings["pages"]
        if settings.get("layout") == "book":
            self._patches = BookPatches("train", count)
        else:  # a cache for what takes longer than a few seconds to draw
            self._patches = PagePatches("train", count) if count > 10 else \
                [patch for page in range(count) for patch in make_page(page).patches()]

    def model(self) -> nn.Module:
        network = DnCNN(self.settings["depth"], self.settings["width"],
                        self.settings["factor"])
        first: nn.Module = nn.Identity()
        if self.settings.get("first"):
            first, _ = zoo.load_restorer(self.settings["first"])
            network.load_state_dict(first.state_dict())
            network.empty()
        loss = DCTLoss(self.settings["lambda"], self.settings["threshold"])
        return Restoration(network, loss, first)

    def groups(self, model: nn.Module) -> list[dict]:
        return muon.groups(model.network, self.settings)

    def batch(self, step: int, rank: int, ranks: int) -> tuple[Tensor, Tensor]:
        """This process's share: clean crops and ruined ones, N×1×h×w each.

        A crop is compressed by itself. As it lies on the blocks' grid, its pixels
        are those that the whole patch's JPEG would give.
        """
        rng = np.random.default_rng([self.settings["seed"], step])
        height, width = self.settings["crop"]
        clean, ruined = [], []
        for index in rng.integers(len(self._patches), size=self.settings["batch"]):
            top = BLOCK * rng.integers((PATCH_HEIGHT - height) // BLOCK + 1)
            left = BLOCK * rng.integers((PATCH_WIDTH - width) // BLOCK + 1)
            image = self._patches[int(index)].image
            if self.settings.get("layout") == "book":
                image = moved(image, *rng.integers(1 - BLOCK, BLOCK, 2))
            crop = image[top:top + height, left:left + width]
            clean.append(to_tensor(crop))
            ruined.append(to_tensor(degrade(crop, quality=self.settings["quality"])[0]))
        return torch.stack(clean[rank::ranks]), torch.stack(ruined[rank::ranks])


class Restoration(nn.Module):
    """The loss round a restorer, and a frozen first one before it, if there is any."""

    def __init__(self, network: nn.Module, loss: DCTLoss, first: nn.Module):
        super().__init__()
        self.network, self.loss, self.first = network, loss, first

    def forward(self, clean: Tensor, ruined: Tensor) -> tuple[Tensor, dict[str, float]]:
        """What is minimized; and for the log, loss, L_DCT, PSNR in dB, and the gain
        in dB over the ruined picture."""
        with torch.no_grad():
            x = self.first(ruined).clamp(0, 1)
        restored = self.network(x)
        loss = self.loss(restored, clean, ruined)
        with torch.no_grad():
            error, before = (F.mse_loss(x, clean) for x in (restored, ruined))
            numbers = {"loss": loss.item(),
                       "dct": self.loss.dct(restored, ruined).item(),
                       "psnr": -10 * error.log10().item(),
                       "gain": 10 * (before / error).log10().item()}
        return loss, numbers
