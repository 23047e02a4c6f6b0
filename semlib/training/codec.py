"""Stage 1 of section 3: the codec alone, L = λ·D + R, at all rates at once."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .. import zoo
from ..codec import RATES, ScaleHyperprior, TinyLIC, VariableRate
from ..data import TextImages, make_text_image
from ..images import to_tensor

FEW = 100  # pictures, at most, are drawn anew each time; more are kept in a cache
QUANTILES_LR = 1e-2  # learning rate of the entropy bottleneck's quantiles
GAINS_LR = 3e-3  # of the gains: few numbers, each with far to go


class CodecRecipe:
    """Random crops of text images, each at a rate of its own. See `training.loop`.

    Args:
        settings: ``size``, the network's; ``images``, how many there are to learn from;
            ``batch`` of them a step; ``crop``, height and width in pixels. With
            ``start``, training goes on from the weights of that name.
    """

    about = "Chapter 3: the transformer codec, stage 1, at all rates at once."
    known_as = "TRDG text images, train"  # its data, on cards
    network: type[VariableRate] = TinyLIC

    def __init__(self, settings: dict):
        self.settings = settings
        if "start" in settings:  # no run goes on from other weights than it began
            known = zoo.card(settings["start"])
            self.settings = {**settings, "start_sha256": known["sha256"]}
        self._images = self.pictures(settings["images"])

    @staticmethod
    def pictures(count: int) -> Any:
        """What is learned from."""
        if count > FEW:
            return TextImages("train", count)
        return [make_text_image(index) for index in range(count)]

    @classmethod
    def data_card(cls, settings: dict) -> dict:
        """Which data, how much of them, and where a cache knows it, their hash."""
        count = settings["images"]
        known = {"set": cls.known_as, "images": count}
        return known if count <= FEW else {**known, "sha256": cls.pictures(count).sha256}

    def model(self) -> nn.Module:
        return RateDistortionLoss(self.codec())

    def codec(self) -> VariableRate:
        """The network: new, or with the weights that the settings start from."""
        network = self.network(self.settings["size"])
        if "start" in self.settings:
            trained, _ = zoo.load(self.settings["start"])
            network.load_state_dict(  # without its tables, which it has no room for
                {**network.state_dict(), **dict(trained.named_parameters())}
            )
        return network

    def groups(self, model) -> list[dict]:
        codec: VariableRate = model.codec
        quantiles = codec.entropy_bottleneck.quantiles
        gains = [codec.log_gain, codec.log_inverse_gain]
        apart = {id(parameter) for parameter in [quantiles, *gains]}
        rest = [p for p in codec.parameters() if id(p) not in apart]
        return [
            {"params": rest, "peak": self.settings["learning_rate"]},
            {"params": gains, "peak": GAINS_LR},
            {"params": [quantiles], "peak": QUANTILES_LR},
        ]

    def batch(self, step: int, rank: int, ranks: int) -> tuple:
        """This process's share of a step's crops, N×3×h×w, and their rates, N."""
        rng = np.random.default_rng([self.settings["seed"], step])
        height, width = self.settings["crop"]
        crops, rates = [], []
        for index in rng.integers(self.settings["images"], size=self.settings["batch"]):
            image = self._images[int(index)].image
            top = rng.integers(image.shape[0] - height + 1)
            left = rng.integers(image.shape[1] - width + 1)
            crops.append(to_tensor(image[top : top + height, left : left + width]))
            rates.append(rng.uniform(0, RATES - 1))
        return (
            torch.stack(crops[rank::ranks]),
            torch.tensor(rates[rank::ranks], dtype=torch.float32),
        )


class HyperpriorRecipe(CodecRecipe):
    """The same for chapter 2's codec."""

    about = "Chapter 2: the scale hyperprior, at all rates at once."
    network = ScaleHyperprior


class RateDistortionLoss(nn.Module):
    """The loss of stage 1 round a codec."""

    def __init__(self, codec: VariableRate):
        super().__init__()
        self.codec = codec

    def forward(self, x: Tensor, rate: Tensor) -> tuple[Tensor, dict[str, float]]:
        """What is minimized; and for the log, loss, bits per pixel, and PSNR in dB.

        D is the mean squared error on the 0 to 255 scale, R is in bits per
        pixel. Each picture's λ·D + R is divided by the root of its λ (the
        middle one as 1): otherwise the highest rates, 10,000 times louder, leave
        the lowest untrained. The bottleneck's own loss only moves its quantiles.
        """
        out = self.codec(x, rate)
        bpp = estimated_bpp(out["likelihoods"], x)
        mse = (out["x_hat"] - x).square().mean((1, 2, 3))
        weight = self.codec.rate_lambda(rate)
        middle = self.codec.rate_lambda(torch.tensor((RATES - 1) / 2))
        loss = (evenly(weight, middle) * (weight * 255**2 * mse + bpp)).mean()
        numbers = {
            "loss": loss.item(),
            "bpp": bpp.mean().item(),
            "psnr": mean_psnr(out["x_hat"], x),
        }
        return loss + self.codec.entropy_bottleneck.loss(), numbers


def estimated_bpp(likelihoods: dict[str, Tensor], x: Tensor) -> Tensor:
    """The estimated bits of each picture, N, for each of its pixels."""
    bits = torch.stack([-likely.log2().sum((1, 2, 3)) for likely in likelihoods.values()])
    return bits.sum(0) / (x.shape[-1] * x.shape[-2])


def evenly(weight: Tensor, middle: Tensor | float) -> Tensor:
    """The factor that lets a loss with a weight of its own count as others do."""
    return (middle / weight).sqrt()


def mean_psnr(x_hat: Tensor, x: Tensor) -> float:
    """Peak signal-to-noise ratio in dB, averaged over the pictures."""
    mse = (x_hat - x).detach().square().mean((1, 2, 3))
    return -10 * mse.clamp(min=1e-9).log10().mean().item()
