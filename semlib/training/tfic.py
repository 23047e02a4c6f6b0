"""Stage 2 of section 3: the codec listens to a frozen reader instead of to pixels."""

import numpy as np
import torch
from torch import Tensor, nn

from ..codec import RATES, TinyLIC
from ..images import to_tensor
from ..ocr import EasyOCRReader
from .codec import CodecRecipe, bits_per_pixel, evenly, psnr


class TFICRecipe(CodecRecipe):
    """Whole text images, each at a rate of its own, from stage 1's weights on."""

    def model(self) -> nn.Module:
        return RateText(self.codec(), self.settings["gammas"])

    def batch(self, step: int, rank: int, ranks: int) -> tuple[Tensor, list, Tensor]:
        """This process's share: pictures N×3×256×512, their texts, their rates."""
        rng = np.random.default_rng([self.settings["seed"], step])
        chosen = rng.integers(self.settings["images"], size=self.settings["batch"])
        rates = rng.uniform(0, RATES - 1, len(chosen))[rank::ranks]
        images = [self._images[int(index)] for index in chosen[rank::ranks]]
        return (torch.stack([to_tensor(image.image) for image in images]),
                [image.text for image in images],
                torch.tensor(rates, dtype=torch.float32))


class RateText(nn.Module):
    """The loss of stage 2 round a codec: R + γ·L_OCR (section 3.2 with λ = 0).

    Args:
        gammas: γ at the lowest and the highest rate, geometric between.
    """

    def __init__(self, codec: TinyLIC, gammas: tuple[float, float]):
        super().__init__()
        self.codec, self.gammas = codec, gammas
        self.reader = EasyOCRReader()

    def forward(self, x: Tensor, texts: list[str],
                rate: Tensor) -> tuple[Tensor, dict[str, float]]:
        """What is minimized; and for the log, loss, bits per pixel, the reader's
        loss in nats a character, and PSNR in dB."""
        out = self.codec(x, rate)
        bpp = bits_per_pixel(out["likelihoods"], x)
        # beyond [0, 1] there is no picture: the reader must not see any
        ocr = self.reader.losses(out["x_hat"].clamp(0, 1), texts)
        low, high = self.gammas
        gamma = low * (high / low) ** (rate / (RATES - 1))
        loss = (evenly(gamma, (low * high) ** 0.5) * (bpp + gamma * ocr)).mean()
        numbers = {"loss": loss.item(), "bpp": bpp.mean().item(),
                   "ocr": ocr.mean().item(), "psnr": psnr(out["x_hat"], x)}
        return loss + self.codec.entropy_bottleneck.loss(), numbers
