"""JPEG's blockwise DCT as a matrix product, and what a decoder knows from it."""

import math
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

BLOCK = 8
LEVEL = 128 / 255  # which JPEG takes off before it transforms
# How far rounding 64 pixels to whole levels moves a coefficient: its deviation is
# 0.29 of a level, so seven times that does not happen.
ROUNDING = 2 / 255
TURNS = 200  # of a projection and a cut, at most
SAFE = 0.47  # of a step, where 0.5 is the interval's end: with large steps, rounding
# to whole levels does not lead out again


@cache
def dct_matrix() -> Tensor:
    """The orthonormal 8×8 DCT-II matrix D of ITU-T T.81, A.3.3: X = D x Dᵀ."""
    k, n = torch.meshgrid(*2 * [torch.arange(BLOCK, dtype=torch.float64)], indexing="ij")
    matrix = 0.5 * torch.cos((2 * n + 1) * k * math.pi / 16)
    matrix[0] /= math.sqrt(2)
    return matrix


def block_dct(x: Tensor) -> Tensor:
    """The coefficients of every 8×8 block, N×C×H/8×W/8×8×8, of N×C×H×W.

    Raises:
        ValueError: height or width is no multiple of 8.
    """
    if x.shape[-2] % BLOCK or x.shape[-1] % BLOCK:
        raise ValueError(f"sides must be multiples of 8, not {tuple(x.shape[-2:])}")
    matrix = dct_matrix().to(x)
    with torch.autocast(x.device.type, enabled=False):  # steps are not to be blurred
        return matrix @ _blocks(x) @ matrix.T


def from_block_dct(coefficients: Tensor) -> Tensor:
    """The pictures, N×C×H×W, that `block_dct` gives these coefficients for."""
    matrix = dct_matrix().to(coefficients)
    return _pictures(matrix.T @ coefficients @ matrix)


def _blocks(x: Tensor) -> Tensor:
    """Pictures cut into blocks, N×C×H/8×W/8×8×8."""
    return x.unflatten(-1, (-1, BLOCK)).unflatten(-3, (-1, BLOCK)).transpose(-3, -2)


def _pictures(blocks: Tensor) -> Tensor:
    """Blocks put together, N×C×H×W."""
    return blocks.transpose(-3, -2).flatten(-4, -3).flatten(-2, -1)


class DCTLoss(nn.Module):
    """λ·MSE + (1 - λ)·L_DCT (section 4.4).

    MSE compares the restored picture with the clean one, L_DCT with the damaged
    one: the mean of max(abs(Δ) - τ, 0) over all coefficients' differences Δ. What
    differs by no more than τ is forgiven. JPEG at quality 1 rounds every
    coefficient to a multiple of 255 levels. So for values in [0, 1] τ = 0.5
    forgives exactly what rounding may have done, and nothing else.

    Args:
        weight: λ in [0, 1], 0.8 in the paper.
        threshold: τ, 0.5 in the paper, in the unit of the pictures' values.
    """

    def __init__(self, weight: float = 0.8, threshold: float = 0.5):
        super().__init__()
        self.weight, self.threshold = weight, threshold

    def forward(self, restored: Tensor, clean: Tensor, damaged: Tensor) -> Tensor:
        """The loss, a scalar, of pictures N×C×H×W in [0, 1], sides multiples of 8."""
        return self.weight * F.mse_loss(restored, clean) + (1 - self.weight) * self.dct(
            restored, damaged
        )

    def dct(self, restored: Tensor, damaged: Tensor) -> Tensor:
        """L_DCT alone."""
        difference = block_dct(restored - damaged).abs()
        return (difference - self.threshold).clamp(min=0).mean()


def table_picture(table: Tensor, like: Tensor) -> Tensor:
    """The steps where they apply, a picture of the size of `like`, …×H×W with sides
    multiples of 8: their binary logarithms over 8, in [0, 1].

    Args:
        table: 8×8 quantization steps in levels of 255, or one for each picture,
            N×1×1×1×8×8.
    """
    return _pictures((table.to(like).log2() / BLOCK).expand(_blocks(like).shape))


def quantize(clean: Tensor, table: Tensor) -> Tensor:
    """What JPEG leaves of pictures, as its file says it, not clipped.

    The transform is exact here; libjpeg's is one of integers, which may round a tie
    the other way.

    Args:
        clean: N×1×H×W in [0, 1], sides multiples of 8.
        table: 8×8 quantization steps in levels of 255, or one for each picture,
            N×1×1×1×8×8.
    """
    step = table.to(clean) / 255
    return from_block_dct((block_dct(clean - LEVEL) / step).round() * step) + LEVEL


def project(restored: Tensor, damaged: Tensor, table: Tensor) -> Tensor:
    """The nearest pictures that JPEG could have made the damaged ones from.

    The decoder knows for every coefficient the interval that was rounded to its
    value; what lies outside is moved to the interval's end.

    Args:
        restored, damaged: N×1×H×W, 0 black and 1 white, sides multiples of 8.
        table: 8×8 quantization steps in levels of 255.

    Returns:
        N×1×H×W, not clipped.
    """
    return _inside(restored, damaged, table, 1 / 2)


def hold(restored: Tensor, damaged: Tensor, table: Tensor) -> Tensor:
    """The restored pictures held to their file.

    A block that contradicts it is projected and cut at black and white, in turn, until
    both hold, as they do of a picture that was compressed.

    Args: as those of `project`.

    Returns:
        N×1×H×W in [0, 1].
    """
    shape = restored.shape
    restored, damaged = (_blocks(x).flatten(0, 3)[:, None] for x in (restored, damaged))
    restored = restored.clamp(0, 1)
    wrong = torch.arange(len(restored), device=restored.device)
    for _ in range(TURNS):
        wrong = wrong[
            contradictions(
                restored[wrong], damaged[wrong], table, rounded=False
            ).flatten()
        ]
        if not len(wrong):
            break
        restored[wrong] = _inside(restored[wrong], damaged[wrong], table, SAFE).clamp(
            0, 1
        )
    return _pictures(restored.view(*shape[:2], shape[2] // BLOCK, -1, BLOCK, BLOCK))


def contradictions(
    restored: Tensor, damaged: Tensor, table: Tensor, rounded: bool = True
) -> Tensor:
    """Which blocks the file was not made from: N×1×H/8×W/8, true where a coefficient
    lies outside the interval that was rounded to its value.

    Args:
        restored, damaged, table: as those of `project`.
        rounded: the pixels have been rounded to 256 levels; what that may have done is
            forgiven.
    """
    step, middle = _known(damaged, table)
    away = (block_dct(restored - LEVEL) - middle).abs() - step / 2
    return (away > (ROUNDING if rounded else 1e-6)).flatten(-2).any(-1)


def _inside(restored: Tensor, damaged: Tensor, table: Tensor, reach: float) -> Tensor:
    """Coefficients moved to within so many steps of what the file says."""
    step, middle = _known(damaged, table)
    away = block_dct(restored - LEVEL) - middle
    return from_block_dct(middle + away.clamp(-reach * step, reach * step)) + LEVEL


def _known(damaged: Tensor, table: Tensor) -> tuple[Tensor, Tensor]:
    """The steps, and the coefficients that the file holds, in the pictures' unit."""
    step = table.to(damaged) / 255
    return step, (block_dct(damaged - LEVEL) / step).round() * step
