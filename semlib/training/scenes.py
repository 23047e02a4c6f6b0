"""Section 3's two stages on words in any ink, on any ground."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..codec import RATES, VariableRate
from ..data import Scene, Scenes, make_scene
from ..images import to_tensor
from ..ocr import Teacher
from .codec import CodecRecipe, estimated_bpp, evenly, mean_psnr
from .guided import cut_out
from .tfic import READERS, Listeners, TFICRecipe, frozen_readers

SHIFT = 0.05  # of a window's height: as far as its sides are moved


class SceneCodecRecipe(CodecRecipe):
    """Stage 1: see `CodecRecipe`; ``images`` counts scenes."""

    about = "Chapter 3: stage 1, on words in any ink on any ground."
    known_as = "scenes, train"

    @staticmethod
    def pictures(count: int) -> Scenes | list[Scene]:
        if count > 100:
            return Scenes("train", count)
        return [make_scene(index) for index in range(count)]


class SceneTFICRecipe(SceneCodecRecipe):
    """Stage 2: whole scenes, each at a rate of its own, from stage 1's weights on.

    Args:
        settings: as `TFICRecipe`'s, and ``distortion``, see `RateWordsLoss`.
    """

    about = "Chapter 5: stage 2, on words in any ink on any ground."
    options = TFICRecipe.options

    def model(self) -> nn.Module:
        codec = self.codec()  # before the readers, which draw random numbers too
        readers = frozen_readers(READERS[self.settings["reader"]])
        return RateWordsLoss(
            codec, readers, self.settings["gammas"], self.settings["distortion"]
        )

    def batch(self, step: int, rank: int, ranks: int) -> tuple:
        """This process's share: pictures N×3×256×512; of their words the picture's
        index, the window and the text; and the pictures' rates."""
        rng = np.random.default_rng([self.settings["seed"], step])
        chosen = rng.integers(self.settings["images"], size=self.settings["batch"])
        rates = rng.uniform(0, RATES - 1, len(chosen))[rank::ranks]
        own = [int(index) for index in chosen[rank::ranks]]
        scenes = [self._images[index] for index in own]
        moves = [np.random.default_rng([self.settings["seed"], step, at]) for at in own]
        places = [
            (at, shifted(word.window, moves[at]), word.text)
            for at, scene in enumerate(scenes)
            for word in scene.words
        ]
        return (
            torch.stack([to_tensor(scene.image) for scene in scenes]),
            places,
            torch.tensor(rates, dtype=torch.float32),
        )


def shifted(window: tuple, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """A window with each side moved by a little, as a detector might put it, and not
    out of the picture."""
    most = SHIFT * (window[3] - window[1])
    left, top, right, bottom = np.round(np.add(window, rng.uniform(-most, most, 4)))
    return (
        int(max(0, left)),
        int(max(0, top)),
        int(max(right, left + 1)),
        int(max(bottom, top + 1)),
    )


class RateWordsLoss(nn.Module):
    """The loss of stage 2 round a codec, R + γ·(L_OCR + d·D): L_OCR the mean over a
    picture's words, D the mean squared error of its values in [0, 1].

    Args:
        readers: frozen; L_OCR is the mean of their losses.
        gammas: γ at the lowest and the highest rate, geometric between.
        distortion: d; 0 in the paper (its λ).
    """

    def __init__(
        self,
        codec: VariableRate,
        readers: Sequence[Teacher],
        gammas: tuple[float, float],
        distortion: float,
    ):
        super().__init__()
        self.codec, self.gammas, self.distortion = codec, gammas, distortion
        self.readers = Listeners(readers)

    def forward(
        self, x: Tensor, places: list, rate: Tensor
    ) -> tuple[Tensor, dict[str, float]]:
        """What is minimized; and for the log, loss, bits per pixel, the readers' loss
        in nats a character, and PSNR in dB."""
        out = self.codec(x, rate)
        bpp = estimated_bpp(out["likelihoods"], x)
        # the readers see no value beyond, and resize in full precision
        picture = out["x_hat"].float().clamp(0, 1)
        ocr = by_picture(self.readers.losses(*cut_out(picture, places)), places, len(x))
        error = F.mse_loss(out["x_hat"].float(), x, reduction="none").mean((1, 2, 3))
        low, high = self.gammas
        gamma = low * (high / low) ** (rate / (RATES - 1))
        wanted = bpp + gamma * (ocr + self.distortion * error)
        loss = (evenly(gamma, (low * high) ** 0.5) * wanted).mean()
        numbers = {
            "loss": loss.item(),
            "bpp": bpp.mean().item(),
            "ocr": ocr.mean().item(),
            "psnr": mean_psnr(out["x_hat"], x),
        }
        return loss + self.codec.entropy_bottleneck.loss(), numbers


def by_picture(losses: Tensor, places: Sequence[tuple], count: int) -> Tensor:
    """The mean loss of each picture's words, of as many pictures, each of which has
    one."""
    at = torch.tensor([at for at, *_ in places], device=losses.device)
    words = torch.bincount(at, minlength=count)
    return losses.new_zeros(count).index_add(0, at, losses) / words
