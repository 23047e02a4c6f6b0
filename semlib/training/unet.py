"""The network that sees further, on pages laid out as books are."""

from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .. import zoo
from ..data import BookPages, quantization_table
from ..images import to_tensor
from ..restore import Restorer, quantize
from . import muon


class UNetRecipe:
    """Parts of pages, from anywhere on them. See `training.loop`.

    Args:
        settings: ``blocks`` and ``width``, see `ResidualUNet`; ``pages``, how many there
            are to learn from; ``batch`` parts of them a step; ``crop``, their
            height and width in pixels; ``quality``, JPEG's. With ``start``, training
            goes on from the weights of that name.
    """

    kind = "unet"  # what the zoo calls the recipe
    known_as = "book pages, train, with random letters, digits and capitals"  # on cards
    about = "Chapter 8: a network that sees further, on pages laid out as books are."

    def __init__(self, settings: dict):
        self.settings = dict(settings)
        if settings.get("start"):
            self.settings["start_sha256"] = zoo.card(settings["start"])["sha256"]
        self._pages = self.pages(settings)

    @staticmethod
    def pages(settings: dict) -> Any:
        """What is learned from: `BookPages`, or what another recipe names."""
        return BookPages("train", settings["pages"], mixed=True)

    @classmethod
    def data_card(cls, settings: dict) -> dict:
        """Which data, how much of them, and their hash."""
        return {
            "set": cls.known_as,
            "pages": settings["pages"],
            "sha256": cls.pages(settings).sha256,
        }

    def model(self) -> nn.Module:
        return SquaredErrorLoss(self.begun())

    def begun(self) -> Restorer:
        """The network as training begins with it."""
        network = cast(Restorer, zoo.build(self.kind, self.settings))
        if self.settings.get("start"):
            known, _ = zoo.load_restorer(self.settings["start"])
            network.load_state_dict(self.taken_over(known))
        return network

    def taken_over(self, known: Restorer) -> dict:
        """The weights to begin with, from those of the network to go on from."""
        return known.state_dict()

    def groups(self, model) -> list[dict]:
        return muon.groups(model.network, self.settings)

    def batch(self, step: int, rank: int, ranks: int) -> tuple[Tensor, Tensor]:
        """This process's share: clean crops, and what JPEG leaves of them, unclipped;
        N×1×H×W each."""
        rng = np.random.default_rng([self.settings["seed"], step])
        crops = [
            crop(self._pages, rng, *self.settings["crop"])
            for _ in range(self.settings["batch"])
        ]
        clean = torch.stack([to_tensor(image) for image in crops[rank::ranks]])
        table = torch.tensor(quantization_table(self.settings["quality"]))
        return clean, quantize(clean, table)


class SquaredErrorLoss(nn.Module):
    """The squared error round a restorer."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, clean: Tensor, ruined: Tensor) -> tuple[Tensor, dict[str, float]]:
        """What is minimized; and for the log, loss, and of clipped pictures PSNR in dB
        and the gain in dB over the ruined one."""
        return squared_error(self.network(ruined).float(), clean, ruined)


def squared_error(
    restored: Tensor, clean: Tensor, ruined: Tensor
) -> tuple[Tensor, dict[str, float]]:
    """What `SquaredErrorLoss` gives of pictures that are restored already."""
    loss = F.mse_loss(restored, clean)
    with torch.no_grad():
        error, before = (
            F.mse_loss(x.clamp(0, 1), clean) for x in (restored, ruined[:, :1])
        )
        numbers = {
            "loss": loss.item(),
            "psnr": -10 * error.log10().item(),
            "gain": 10 * (before / error).log10().item(),
        }
    return loss, numbers


def crop(
    pages: BookPages, rng: np.random.Generator, height: int, width: int
) -> np.ndarray:
    """A part of one of some pages, from anywhere: JPEG's grid will begin at its corner,
    so the lines lie anywhere on it."""
    page = pages[int(rng.integers(len(pages)))]
    top, left = (
        int(rng.integers(whole - side + 1))
        for whole, side in zip(page.shape, (height, width))
    )
    return page[top : top + height, left : left + width]
