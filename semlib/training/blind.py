"""A network for what people have: print of any size, files of any quality."""

import numpy as np
import torch
from torch import Tensor

from ..data import BookPages, quantization_table
from ..images import to_tensor
from ..restore import Restorer, quantize, table_picture
from .unet import UNetRecipe, crop

FADED = 0.3  # of the crops: their ink is not quite black, their paper not quite white
INK, PAPER = (0, 90), (180, 255)  # levels of these
OTHERS = 0.3  # of the tables: as other encoders may have them


class BlindRecipe(UNetRecipe):
    """Parts of pages in print of many sizes, each with a table of its own, which the
    network is told. See `training.loop`.

    With ``start``, it may begin with the weights of one that is told nothing.

    Args:
        settings: as `UNetRecipe`'s, but for ``x_heights`` in pixels and
            ``qualities``, from and to.
    """

    kind = "blind"
    about = "Chapter 8: the same for what people have, print of any size, any quality."

    @staticmethod
    def pages(settings: dict) -> BookPages:
        return BookPages(
            "train",
            settings["pages"],
            x_heights=tuple(settings["x_heights"]),
            mixed=True,
        )

    def taken_over(self, known: Restorer) -> dict:
        state = known.state_dict()
        return state if getattr(known, "told", False) else _told(state, known.factor)

    def batch(self, step: int, rank: int, ranks: int) -> tuple[Tensor, Tensor]:
        """This process's share: clean crops, N×1×H×W; and what JPEG leaves of them,
        unclipped, with their tables beside, N×2×H×W."""
        rng = np.random.default_rng([self.settings["seed"], step])
        drawn = [
            (
                faded(crop(self._pages, rng, *self.settings["crop"]), rng),
                some_table(rng, *self.settings["qualities"]),
            )
            for _ in range(self.settings["batch"])
        ][rank::ranks]
        clean = torch.stack([to_tensor(image) for image, _ in drawn])
        tables = torch.tensor(np.stack([table for _, table in drawn]))
        tables = tables[:, None, None, None]  # one for all of a picture's blocks
        ruined = quantize(clean, tables)
        return clean, torch.cat([ruined, table_picture(tables, ruined)], 1)


def _told(state: dict, factor: int) -> dict:
    """The weights of a network that is told nothing, with zeros for the table."""
    weight = state["head.weight"]
    table = weight.new_zeros(len(weight), factor**2, *weight.shape[2:])
    head = torch.cat([weight[:, : factor**2], table, weight[:, factor**2 :]], 1)
    return {**state, "head.weight": head}


def faded(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A picture, H×W uint8, some of the time with less contrast."""
    if rng.random() > FADED:
        return image
    ink, paper = rng.uniform(*INK), rng.uniform(*PAPER)
    return np.round(ink + image / 255 * (paper - ink)).astype(np.uint8)


def some_table(rng: np.random.Generator, low: int, high: int) -> np.ndarray:
    """The standard's table at a quality between two, or, as other encoders have it,
    flatter than that: 8×8 float32."""
    quality = round(float(np.exp(rng.uniform(np.log(low), np.log(high)))))
    table = np.float32(quantization_table(quality))
    if rng.random() < OTHERS:
        table = np.exp(
            np.log(table) + rng.uniform(0, 1) * (np.log(table).mean() - np.log(table))
        )
    return table.round().clip(1, 255)
