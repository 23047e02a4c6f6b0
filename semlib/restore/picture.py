"""Whole pictures repaired: luminance by a restorer, held to the file it came from."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from ..data.jpeg import Luminance, read_luminance
from ..images import InputError, open_image, to_image, to_tensor
from .dct import contradictions, hold, table_picture
from .guided import OCRGuided
from .tiles import TILE, Restorer, restore


def restore_picture(
    network: Restorer, path: Path, progress: bool = False
) -> tuple[Image.Image, float | None]:
    """A file's picture restored; of a coloured one the luminance, which holds text.

    Of a JPEG file, what is made of it contradicts none of its coefficients: it could
    have been the picture that was compressed. Two things may stand against that: colours
    that no screen has, and files that no picture between black and white can have left.

    Args:
        network: `OCRGuided`, which does more than see what is near, restores pictures
            of any size in its own way.

    Returns:
        The picture, upright, and the share of its blocks whose luminance contradicts the
        file for all that, in [0, 1]; None where the file says nothing of luminance.

    Raises:
        InputError: see `open_image`.
    """
    image = open_image(path)
    known = read_luminance(path)
    if known is None:
        return restore_image(network, image, progress), None
    better = _held(network, known, progress)
    result = _with_chroma(better[:, *known.inside], image)
    better[:, *known.inside] = to_tensor(
        result.convert("YCbCr").split()[0] if result.mode == "RGB" else result
    )
    return result, _contradicting(better, known)


def seen(network: Restorer, file: Tensor, table: Tensor) -> Tensor:
    """What a restorer is shown of pictures that a file says, …×1×H×W: those that
    learned from what a viewer shows, that, in [0, 1] and on whole levels; those that
    are told the table, that in a second channel."""
    if not network.unclipped:
        return (file.clamp(0, 1) * 255).round() / 255
    if not network.told:
        return file
    return torch.cat([file, table_picture(table, file)], -3)


def restore_image(
    network: Restorer, image: Image.Image, progress: bool = False
) -> Image.Image:
    """A picture restored whose file is not known; JPEG's grid begins at its corner.

    Raises:
        InputError: the network goes by the file's table.
    """
    if network.told:
        raise InputError("this network goes by a JPEG file's table, and here is none")
    luminance = image.convert("YCbCr").split()[0] if image.mode == "RGB" else image
    repair = _whole(network)
    return _with_chroma(repair(to_tensor(luminance), progress=progress), image)


def _whole(network: Restorer) -> Callable[..., Tensor]:
    """What restores pictures of any size by a network."""
    return (
        network.restore if isinstance(network, OCRGuided) else partial(restore, network)
    )


@torch.no_grad()
def _held(network: Restorer, known: Luminance, progress: bool) -> Tensor:
    """The luminance restored, 1×H×W, whole blocks, and held to the file."""
    file = torch.from_numpy(known.pixels)[None]
    table = torch.tensor(known.table)
    repair = _whole(network)
    better = repair(seen(network, file, table), progress=progress)
    for rows in _strips(known):
        better[:, rows] = hold(better[None, :, rows], file[None, :, rows], table)[0]
    return better


def _contradicting(better: Tensor, known: Luminance) -> float:
    """The share of blocks that the file was not made from."""
    file = torch.from_numpy(known.pixels)[None]
    wrong = [
        contradictions(
            (better[None, :, rows] * 255).round() / 255,
            file[None, :, rows],
            torch.tensor(known.table),
        )
        for rows in _strips(known)
    ]
    return torch.cat(wrong, 2).float().mean().item()


def _strips(known: Luminance) -> list[slice]:
    """Some rows at a time, so that memory does not grow with the picture."""
    return [slice(top, top + TILE) for top in range(0, len(known.pixels), TILE)]


def _with_chroma(luminance: Tensor, image: Image.Image) -> Image.Image:
    """A grey picture, or a coloured one with the chroma of `image`."""
    grey = to_image(luminance)
    if image.mode != "RGB":
        return grey
    chroma = image.convert("YCbCr").split()[1:]
    return Image.merge("YCbCr", [grey, *chroma]).convert("RGB")
