"""Section 3's two stages on words in any ink, on any ground."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..codec import VariableRate
from ..data import Scene, Scenes, make_scene
from ..images import flatten_ground, to_tensor
from ..ocr import Teacher
from .codec import FEW, CodecRecipe
from .guided import cut_out
from .tfic import READERS, RateTextLoss, TFICRecipe, frozen_readers

SHIFT = 0.05  # of a window's height: as far as its sides are moved


class SceneCodecRecipe(CodecRecipe):
    """Stage 1: see `CodecRecipe`; ``images`` counts scenes."""

    about = "Chapter 3: stage 1, on words in any ink on any ground."
    known_as = "scenes, train"

    @staticmethod
    def pictures(count: int) -> Scenes | list[Scene]:
        if count > FEW:
            return Scenes("train", count)
        return [make_scene(index) for index in range(count)]


class SceneTFICRecipe(TFICRecipe):
    """Stage 2: whole scenes, each at a rate of its own, from stage 1's weights on.

    Args:
        settings: as `TFICRecipe`'s; ``distortion``, see `RateWordsLoss`; ``flat``, the
            share of pictures whose ground is flattened, see `flatten_ground`, as by a
            sender who knows where the words are; if it is not there, none.
    """

    about = "Chapter 5: stage 2, on words in any ink on any ground."
    known_as = SceneCodecRecipe.known_as
    pictures = staticmethod(SceneCodecRecipe.pictures)

    def model(self) -> nn.Module:
        codec = self.codec()  # before the readers, which draw random numbers too
        readers = frozen_readers(READERS[self.settings["reader"]])
        return RateWordsLoss(
            codec, readers, self.settings["gammas"], self.settings["distortion"]
        )

    def batch(self, step: int, rank: int, ranks: int) -> tuple:
        """This process's share: pictures N×3×256×512; of their words the picture's
        index, the window and the text; and the pictures' rates."""
        chosen, rates = self._chosen(step, rank, ranks)
        scenes = [self._images[index] for index in chosen]
        moves = [
            np.random.default_rng([self.settings["seed"], step, index])
            for index in chosen
        ]
        places = [
            (at, shifted(word.window, moves[at]), word.text)
            for at, scene in enumerate(scenes)
            for word in scene.words
        ]
        images = [scene.image for scene in scenes]
        for at, rng in enumerate(moves):
            if rng.random() < self.settings.get("flat", 0):
                regions = [window for of, window, _ in places if of == at]
                images[at] = flatten_ground(images[at], regions)
        return torch.stack([to_tensor(image) for image in images]), places, rates


def shifted(window: tuple, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """A window with each side moved by a little, as a detector might put it; what of it
    lies beyond the picture falls away when the word is cut out."""
    most = SHIFT * (window[3] - window[1])
    left, top, right, bottom = np.round(np.add(window, rng.uniform(-most, most, 4)))
    return (
        int(max(0, left)),
        int(max(0, top)),
        int(max(right, left + 1)),
        int(max(bottom, top + 1)),
    )


class RateWordsLoss(RateTextLoss):
    """The same for words: R + γ·(L_OCR + d·D), L_OCR the mean over a picture's words, D
    the mean squared error of its values in [0, 1].

    `forward` takes, instead of texts, of every word the picture's index, the window and
    the text.

    Args:
        distortion: d; 0 in the paper (its λ).
    """

    def __init__(
        self,
        codec: VariableRate,
        readers: Sequence[Teacher],
        gammas: tuple[float, float],
        distortion: float,
    ):
        super().__init__(codec, readers, gammas)
        self.distortion = distortion

    def unread(self, picture: Tensor, texts: list) -> Tensor:
        losses = self.readers.losses(*cut_out(picture, texts))
        return by_picture(losses, texts, len(picture))

    def besides(self, x_hat: Tensor, x: Tensor) -> Tensor:
        error = F.mse_loss(x_hat.float(), x, reduction="none").mean((1, 2, 3))
        return self.distortion * error


def by_picture(losses: Tensor, places: Sequence[tuple], count: int) -> Tensor:
    """The mean loss of each picture's words, of as many pictures, each of which has
    one."""
    at = torch.tensor([at for at, *_ in places], device=losses.device)
    words = torch.bincount(at, minlength=count)
    return losses.new_zeros(count).index_add(0, at, losses) / words
