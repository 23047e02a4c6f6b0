"""JPEG's blockwise DCT as a matrix product, and what a decoder knows from it."""

import math
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

BLOCK = 8


@cache
def dct_matrix() -> Tensor:
    """The orthonormal 8×8 DCT-II matrix D of ITU-T T.81, A.3.3: X = D x Dᵀ."""
    k, n = torch.meshgrid(*2 * [torch.arange(BLOCK, dtype=torch.float64)],
                          indexing="ij")
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
    blocks = x.unflatten(-1, (-1, BLOCK)).unflatten(-3, (-1, BLOCK)).transpose(-3, -2)
    matrix = dct_matrix().to(x)
    with torch.autocast(x.device.type, enabled=False):  # steps are not to be blurred
        return matrix @ blocks @ matrix.T


def from_block_dct(coefficients: Tensor) -> Tensor:
    """The pictures, N×C×H×W, that `block_dct` gives these coefficients for."""
    matrix = dct_matrix().to(coefficients)
    blocks = matrix.T @ coefficients @ matrix
    return blocks.transpose(-3, -2).flatten(-4, -3).flatten(-2, -1)


class DCTLoss(nn.Module):
    """λ·MSE + (1 - λ)·L_DCT (section 4.4).

    MSE compares the restored picture with the clean one, L_DCT with the damaged
    one: the mean of max(|Δ| - τ, 0) over all coefficients' differences Δ. What
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
        return (self.weight * F.mse_loss(restored, clean)
                + (1 - self.weight) * self.dct(restored, damaged))

    def dct(self, restored: Tensor, damaged: Tensor) -> Tensor:
        """L_DCT alone."""
        difference = block_dct(restored - damaged).abs()
        return (difference - self.threshold).clamp(min=0).mean()


def project(restored: Tensor, damaged: Tensor, table: Tensor) -> Tensor:
    """The nearest pictures that JPEG could have made the damaged ones from.

    The decoder knows for every coefficient the interval that was rounded to its
    value; what lies outside is moved to the interval's end.

    Args:
        restored, damaged: N×1×H×W in [0, 1], sides multiples of 8.
        table: 8×8 quantization steps in levels of 255.

    Returns:
        N×1×H×W, not clipped.
    """
    step = table.to(damaged) / 255
    level = 128 / 255  # which JPEG takes off before it transforms
    middle = (block_dct(damaged - level) / step).round() * step
    inside = block_dct(restored - level).clamp(middle - step / 2, middle + step / 2)
    return from_block_dct(inside) + level
