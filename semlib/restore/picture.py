"""Whole pictures repaired: luminance by a restorer, held to the file it came from."""

from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from ..data.jpeg import Luminance, read_luminance
from ..images import open_image, to_image, to_tensor
from .dct import hold
from .tiles import TILE, restore


def restore_picture(network: nn.Module, path: Path,
                    progress: bool = False) -> tuple[Image.Image, bool]:
    """A file's picture restored; of a coloured one the luminance, which holds text.

    Of a JPEG file, what is made of it contradicts none of its coefficients: it could
    have been the picture that was compressed.

    Args:
        network: a restorer; one that does more than see what is near, as
            `OCRGuided`, brings a `restore` of its own.

    Returns:
        The picture, upright, and whether it is held to the file.

    Raises:
        InputError: see `open_image`.
    """
    image = open_image(path)
    known = read_luminance(path)
    if known is None:
        return restore_image(network, image, progress), False
    return _with_chroma(_held(network, known, progress), image), True


def restore_image(network: nn.Module, image: Image.Image,
                  progress: bool = False) -> Image.Image:
    """A picture restored whose file is not known; JPEG's grid begins at its corner."""
    luminance = image.convert("YCbCr").split()[0] if image.mode == "RGB" else image
    repair = getattr(network, "restore", partial(restore, network))
    return _with_chroma(repair(to_tensor(luminance), progress=progress), image)


@torch.no_grad()
def _held(network: nn.Module, known: Luminance, progress: bool) -> Tensor:
    """The luminance restored, 1×H×W, and held to the file, some rows at a time."""
    damaged = torch.from_numpy(known.pixels)[None]
    repair = getattr(network, "restore", None)
    better = repair(damaged.clamp(0, 1), progress=progress) if repair \
        else restore(network, damaged, progress=progress)
    table = torch.from_numpy(np.ascontiguousarray(known.table))
    for top in range(0, better.shape[-2], TILE):
        rows = slice(top, top + TILE)
        better[:, rows] = hold(better[None, :, rows], damaged[None, :, rows], table)[0]
    return better[:, *known.inside]


def _with_chroma(luminance: Tensor, image: Image.Image) -> Image.Image:
    """A grey picture, or a coloured one with the chroma of `image`."""
    grey = to_image(luminance)
    if image.mode != "RGB":
        return grey
    chroma = image.convert("YCbCr").split()[1:]
    return Image.merge("YCbCr", [grey, *chroma]).convert("RGB")
