"""Chapter 4's own reader: cross-entropy on words, half of them TRDG's."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from ..data.quick_words import degrade_word, draw_word
from ..ocr.trba import CTC, Attention, FourStages, labels, prepare
from .codec import CodecRecipe

HEIGHT, WIDTH = 64, 200  # of TRDG's pictures when they are degraded
RAMP = 3000  # steps in which more and more pictures are degraded
TPS_LR = 0.1  # of the learning rate: a spline that jumps teaches nobody to read


class ReaderRecipe:
    """TRDG's words and quickly drawn ones, all degraded. See `training.loop`.

    Args:
        settings: ``size`` and ``stages``, see `FourStages`; ``images``, how many of
            TRDG's there are; ``batch`` of both kinds a step.
    """

    about = "Chapter 4: a four-stage reader, TPS-ResNet-BiLSTM-Attn."

    def __init__(self, settings: dict):
        self.settings = settings
        count = settings["images"]
        images = CodecRecipe.pictures(count)
        self._words = [
            (_small(item.image), item.text) for item in (images[i] for i in range(count))
        ]

    @staticmethod
    def data_card(settings: dict) -> dict:
        """Which data, how much of them, and where a cache knows it, their hash."""
        return {
            **CodecRecipe.data_card(settings),
            "besides": "words drawn by semlib.data.quick_words, as many",
        }

    def model(self) -> nn.Module:
        return ReadingLoss(FourStages(self.settings["size"], self.settings["stages"]))

    def groups(self, model) -> list[dict]:
        peak = self.settings["learning_rate"]
        spline = [
            parameter
            for name, parameter in model.named_parameters()
            if name.startswith("network.transformation.")
        ]
        apart = {id(parameter) for parameter in spline}
        return [
            {
                "params": [p for p in model.parameters() if id(p) not in apart],
                "peak": peak,
            },
            {"params": spline, "peak": peak * TPS_LR},
        ]

    def batch(self, step: int, rank: int, ranks: int) -> tuple[Tensor, Tensor]:
        """This process's share: pictures, N×1×32×100 in [-1, 1], and labels, N×L."""
        drawn = [
            self._draw(
                np.random.default_rng([self.settings["seed"], step, i]), step / RAMP
            )
            for i in range(rank, self.settings["batch"], ranks)
        ]
        return (
            torch.stack([image for image, _ in drawn]),
            labels([text for _, text in drawn]),
        )

    def _draw(self, rng: np.random.Generator, chance: float) -> tuple[Tensor, str]:
        """A picture, 1×32×100 in [-1, 1], by chance degraded, and its text."""
        if rng.random() < 0.5:
            image, text = self._words[rng.integers(len(self._words))]
        else:
            image, text = draw_word(rng)
        if rng.random() < chance:
            image = degrade_word(image, rng)
        return prepare(torch.from_numpy(image)[None].float() / 255), text


class ReadingLoss(nn.Module):
    """The loss round a reader's network.

    An attention decoder learns to spell long before it learns to look. So in
    training a CTC head beside it reads the same columns, and makes them worth
    looking at (Kim et al., arXiv 1609.06773).
    """

    def __init__(self, network: FourStages):
        super().__init__()
        self.network = network
        last = network.prediction
        self.aid = CTC(last.columns, 0) if isinstance(last, Attention) else None

    def forward(self, x: Tensor, target: Tensor) -> tuple[Tensor, dict[str, float]]:
        """What is minimized; and for the log the reader's own part of it, in nats
        a character."""
        columns = self.network.columns(x)
        loss = self.network.prediction.loss(columns, target)
        numbers = {"loss": loss.item()}
        if self.aid is not None:
            loss = loss + self.aid.loss(columns, target)
        return loss, numbers


def _small(image: np.ndarray) -> np.ndarray:
    """A picture H×W×3 as 64×200 grey, so that thousands fit in memory."""
    grey = Image.fromarray(image).convert("L")
    return np.array(grey.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR))
