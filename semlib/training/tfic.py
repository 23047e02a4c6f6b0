"""Stage 2 of section 3: the codec listens to a frozen reader instead of to pixels."""

from collections.abc import Sequence
from typing import ClassVar, cast

import numpy as np
import torch
from compressai.ops import LowerBound
from torch import Tensor, nn

from .. import zoo
from ..codec import RATES, VariableRate
from ..images import InputError, to_tensor
from ..ocr import Teacher
from .codec import CodecRecipe, estimated_bpp, evenly, mean_psnr


READERS = {**{name: (name,) for name in zoo.TEACHERS}, "both": tuple(zoo.TEACHERS)}


class TFICRecipe(CodecRecipe):
    """Whole text images, each at a rate of its own, from stage 1's weights on.

    Args:
        settings: as `CodecRecipe`'s without ``crop``; ``reader``, the one in the loss;
            ``gammas``, see `RateTextLoss`.
    """

    about = "Chapter 5: stage 2, the codec that keeps text, at all rates at once."
    options: ClassVar = {"reader": ("easyocr", "easyocr, trba or both.")}

    def __init__(self, settings: dict):
        if settings["reader"] not in READERS:
            raise InputError(
                f"reader must be one of {', '.join(READERS)}, not {settings['reader']}"
            )
        super().__init__(settings)

    def model(self) -> nn.Module:
        codec = self.codec()  # before the readers, which draw random numbers too
        readers = frozen_readers(READERS[self.settings["reader"]])
        return RateTextLoss(codec, readers, self.settings["gammas"])

    def batch(self, step: int, rank: int, ranks: int) -> tuple:
        """This process's share: pictures N×3×256×512, their texts, their rates."""
        chosen, rates = self._chosen(step, rank, ranks)
        images = [self._images[index] for index in chosen]
        return (
            torch.stack([to_tensor(image.image) for image in images]),
            [image.text for image in images],
            rates,
        )

    def _chosen(self, step: int, rank: int, ranks: int) -> tuple[list[int], Tensor]:
        """Which pictures are this process's share of a step, and their rates."""
        rng = np.random.default_rng([self.settings["seed"], step])
        chosen = rng.integers(self.settings["images"], size=self.settings["batch"])
        rates = rng.uniform(0, RATES - 1, len(chosen))
        return (
            chosen[rank::ranks].tolist(),
            torch.tensor(rates[rank::ranks], dtype=torch.float32),
        )


def frozen_readers(names: Sequence[str], temperature: float = 1.0) -> list[Teacher]:
    """Readers to be listened to; the temperature is for EasyOCR's (see there)."""
    return [zoo.TEACHERS[name](temperature) for name in names]


class Listeners(nn.ModuleList):
    """Frozen readers as one: part of a model, so that they move with it."""

    def __init__(self, readers: Sequence[Teacher]):
        super().__init__(cast(Sequence[nn.Module], readers))

    def losses(self, images: Sequence[Tensor], texts: Sequence[str]) -> Tensor:
        """The mean of the readers' losses of each picture, N, see `Teacher`."""
        readers = cast(Sequence[Teacher], self)
        return torch.stack([one.losses(images, texts) for one in readers]).mean(0)


class RateTextLoss(nn.Module):
    """The loss of stage 2 round a codec: R + γ·L_OCR (section 3.2 with λ = 0).

    Args:
        readers: frozen; L_OCR is the mean of their losses.
        gammas: γ at the lowest and the highest rate, geometric between.
    """

    def __init__(
        self, codec: VariableRate, readers: Sequence[Teacher], gammas: tuple[float, float]
    ):
        super().__init__()
        self.codec, self.gammas = codec, gammas
        self.readers = Listeners(readers)

    def forward(
        self, x: Tensor, texts: list, rate: Tensor
    ) -> tuple[Tensor, dict[str, float]]:
        """What is minimized; and for the log, loss, bits per pixel, the readers'
        loss in nats a character, and PSNR in dB."""
        out = self.codec(x, rate)
        bpp = estimated_bpp(out["likelihoods"], x)
        # the readers see no value beyond, and resize in full precision
        picture = bounded(out["x_hat"].float())
        ocr = self.unread(picture, texts)
        low, high = self.gammas
        gamma = low * (high / low) ** (rate / (RATES - 1))
        wanted = bpp + gamma * (ocr + self.besides(out["x_hat"], x))
        loss = (evenly(gamma, (low * high) ** 0.5) * wanted).mean()
        numbers = {
            "loss": loss.item(),
            "bpp": bpp.mean().item(),
            "ocr": ocr.mean().item(),
            "psnr": mean_psnr(out["x_hat"], x),
        }
        return loss + self.codec.entropy_bottleneck.loss(), numbers

    def unread(self, picture: Tensor, texts: list) -> Tensor:
        """L_OCR of each picture, N."""
        return self.readers.losses(cast(Sequence[Tensor], picture), texts)

    def besides(self, x_hat: Tensor, x: Tensor) -> Tensor | float:
        """What γ weighs beside L_OCR, of each picture, N: nothing."""
        return 0.0


def bounded(x: Tensor) -> Tensor:
    """The values cut off at 0 and 1; a gradient that leads back there passes, which
    clamp's does not (CompressAI's ``LowerBound``, twice)."""
    zero = LowerBound(0.0).to(x.device)
    return 1 - zero(1 - zero(x))
