"""Section 4's DnCNN: pages that JPEG ruined, made whole; once, or once more."""

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .. import zoo
from ..data import BookPages, degrade
from ..images import InputError, to_tensor
from ..restore import DCTLoss, DnCNN
from . import muon
from .unet import crop


class DnCNNRecipe:
    """Parts of pages, from anywhere on them. See `training.loop`.

    Where ``first`` names a network's weights, a second one is trained on what that
    one leaves. It begins with the first one's weights and an empty last layer, so
    that at first it changes nothing.

    Args:
        settings: ``depth``, ``width`` and ``factor``, see `DnCNN`; ``pages``, how many
            there are to learn from; ``batch`` parts of them a step; ``crop``, their
            height and width in pixels; ``quality``, JPEG's; ``lambda`` and
            ``threshold``, see `DCTLoss`.

    Raises:
        InputError: lambda is not between 0 and 1.
    """

    about = "Chapter 8: DnCNN, which repairs pages after JPEG at its worst."
    options: ClassVar = {"lambda": (0.8, "Of the MSE; the rest is the DCT loss's.")}

    def __init__(self, settings: dict):
        if not 0 <= settings["lambda"] <= 1:
            raise InputError(
                f"--lambda must be between 0 and 1, not {settings['lambda']}"
            )
        self.settings = dict(settings)
        if settings.get("first"):
            self.settings["first_sha256"] = zoo.card(settings["first"])["sha256"]
        self._pages = BookPages("train", settings["pages"])

    @staticmethod
    def data_card(settings: dict) -> dict:
        """Which data, how much of them, and their hash."""
        return {
            "set": "book pages, train",
            "pages": settings["pages"],
            "sha256": BookPages("train", settings["pages"]).sha256,
        }

    def model(self) -> nn.Module:
        network = DnCNN(
            self.settings["depth"], self.settings["width"], self.settings["factor"]
        )
        first: nn.Module = nn.Identity()
        if self.settings.get("first"):
            first, _ = zoo.load_restorer(self.settings["first"])
            network.load_state_dict(first.state_dict())
            network.zero_last_layer()
        loss = DCTLoss(self.settings["lambda"], self.settings["threshold"])
        return RestorationLoss(network, loss, first)

    def groups(self, model) -> list[dict]:
        return muon.groups(model.network, self.settings)

    def batch(self, step: int, rank: int, ranks: int) -> tuple[Tensor, Tensor]:
        """This process's share: clean crops and ruined ones, N×1×h×w each."""
        rng = np.random.default_rng([self.settings["seed"], step])
        crops = [
            crop(self._pages, rng, *self.settings["crop"])
            for _ in range(self.settings["batch"])
        ][rank::ranks]
        ruined = [degrade(image, quality=self.settings["quality"])[0] for image in crops]
        clean, seen = (
            torch.stack([to_tensor(image) for image in images])
            for images in (crops, ruined)
        )
        return clean, seen


class RestorationLoss(nn.Module):
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
            numbers = {
                "loss": loss.item(),
                "dct": self.loss.dct(restored, ruined).item(),
                "psnr": -10 * error.log10().item(),
                "gain": 10 * (before / error).log10().item(),
            }
        return loss, numbers
