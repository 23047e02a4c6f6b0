"""The network that sees further, on pages laid out as books are."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .. import zoo
from ..data import BookPatches, quantization_table
from ..images import to_tensor
from ..restore import ResidualNet, quantize
from . import muon

BLOCK = 8


class ResidualRecipe:
    """Whole patches, moved by up to a block before they are ruined. See
    `training.loop`.

    With ``start``, training goes on from the weights of that name.
    """

    def __init__(self, settings: dict):
        self.settings = dict(settings)
        if settings.get("start"):
            self.settings["start_sha256"] = zoo.card(settings["start"])["sha256"]
        self._patches = BookPatches("train", settings["pages"])
        self._table = torch.tensor(quantization_table(settings["quality"]))

    def model(self) -> nn.Module:
        network = ResidualNet(self.settings["blocks"], self.settings["width"],
                              self.settings["factor"])
        if self.settings.get("start"):
            known, _ = zoo.load_restorer(self.settings["start"])
            network.load_state_dict(known.state_dict())
        return Repair(network)

    def groups(self, model: nn.Module) -> list[dict]:
        return muon.groups(model.network, self.settings)

    def batch(self, step: int, rank: int, ranks: int) -> tuple[Tensor, Tensor]:
        """This process's share: clean patches, and what JPEG leaves of them, unclipped;
        N×1×64×256 each."""
        rng = np.random.default_rng([self.settings["seed"], step])
        chosen = rng.integers(len(self._patches), size=self.settings["batch"])
        moves = rng.integers(1 - BLOCK, BLOCK, (len(chosen), 2))
        clean = torch.stack([to_tensor(moved(self._patches[int(index)].image, *move))
                             for index, move in list(zip(chosen, moves))[rank::ranks]])
        return clean, quantize(clean, self._table)


class Repair(nn.Module):
    """The squared error round a restorer."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, clean: Tensor, ruined: Tensor) -> tuple[Tensor, dict[str, float]]:
        """What is minimized; and for the log, loss, and of clipped pictures PSNR in dB
        and the gain in dB over the ruined one."""
        restored = self.network(ruined).float()
        loss = F.mse_loss(restored, clean)
        with torch.no_grad():
            error, before = (F.mse_loss(x.clamp(0, 1), clean)
                             for x in (restored, ruined))
            numbers = {"loss": loss.item(), "psnr": -10 * error.log10().item(),
                       "gain": 10 * (before / error).log10().item()}
        return loss, numbers


def moved(image: np.ndarray, down: int, right: int) -> np.ndarray:
    """A picture moved by some pixels; white comes in, what leaves is lost."""
    height, width = image.shape
    out = np.full_like(image, 255)
    out[max(0, down):height + min(0, down), max(0, right):width + min(0, right)] = \
        image[max(0, -down):height - max(0, down), max(0, -right):width - max(0, right)]
    return out
