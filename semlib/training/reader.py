"""Chapter 4's own reader: cross-entropy on words, half of them TRDG's."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from ..data import TextImages, make_text_image
from ..data.quick_words import degrade_word, draw_word
from ..ocr.trba import FourStages, labels, prepare

HEIGHT, WIDTH = 64, 200  # of TRDG's pictures when they are degraded


class ReaderRecipe:
    """TRDG's words and quickly drawn ones, all degraded. See `training.loop`."""

    def __init__(self, settings: dict):
        self.settings = settings
        count = settings["images"]
        images = TextImages("train", count) if count > 100 else \
            [make_text_image(index) for index in range(count)]
        self._words = [(_small(item.image), item.text)
                       for item in (images[i] for i in range(count))]

    def model(self) -> nn.Module:
        return CrossEntropy(FourStages(self.settings["size"], self.settings["stages"]))

    def groups(self, model: nn.Module) -> list[dict]:
        return [{"params": list(model.parameters()),
                 "peak": self.settings["learning_rate"]}]

    def batch(self, step: int, rank: int, ranks: int) -> tuple[Tensor, Tensor]:
        """This process's share: pictures, N×1×32×100 in [-1, 1], and labels, N×L."""
        drawn = [self._draw(np.random.default_rng([self.settings["seed"], step, i]))
                 for i in range(rank, self.settings["batch"], ranks)]
        return (torch.stack([image for image, _ in drawn]),
                labels([text for _, text in drawn]))

    def _draw(self, rng: np.random.Generator) -> tuple[Tensor, str]:
        """A picture, 1×32×100 in [-1, 1], and its text."""
        if rng.random() < 0.5:
            image, text = self._words[rng.integers(len(self._words))]
        else:
            image, text = draw_word(rng)
        image = torch.from_numpy(degrade_word(image, rng))
        return prepare(image[None].float() / 255), text


class CrossEntropy(nn.Module):
    """The loss round a reader's network."""

    def __init__(self, network: FourStages):
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, target: Tensor) -> tuple[Tensor, dict[str, float]]:
        """What is minimized, and the same in nats a character for the log."""
        loss = self.network(x, target)
        return loss, {"loss": loss.item()}


def _small(image: np.ndarray) -> np.ndarray:
    """A picture H×W×3 as 64×200 grey, so that thousands fit in memory."""
    grey = Image.fromarray(image).convert("L")
    return np.array(grey.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR))
