"""What the codecs' entropy coding shares: the Gaussians' table, and safe strings.

Means and scales that a decoder computes decide which table each symbol is coded
with, so encoder and decoder must compute the same. They are computed in double
precision and rounded to a coarse grid: the last bits of the arithmetic, which
threads and machines change, then do not count.
"""

import math

from compressai.entropy_models import EntropyModel, GaussianConditional
from torch import Tensor

LEVELS = 64  # of the scale's logarithm, as in CompressAI
SMALLEST, LARGEST = 0.11, 256.0
STEP = math.log(LARGEST / SMALLEST) / (LEVELS - 1)
MEAN_STEPS = 64  # a predicted mean is rounded to 1/64


def gaussian_conditional() -> GaussianConditional:
    """CompressAI's Gaussian model with a scale for each level, 0 to 63."""
    table = [SMALLEST * math.exp(STEP * level) for level in range(LEVELS)]
    return GaussianConditional(table, scale_bound=SMALLEST)


def level_scale(levels: Tensor) -> Tensor:
    """The standard deviation of a level, 0.11 to 256."""
    return SMALLEST * (STEP * levels).exp()


def scale_level(scales: Tensor) -> Tensor:
    """The level of a standard deviation, 0 to 63, not only whole."""
    return (scales.clamp(SMALLEST, LARGEST) / SMALLEST).log() / STEP


def tables(model: EntropyModel) -> tuple[list, list, list]:
    """A model's distributions as the range coder wants them."""
    return (model.quantized_cdf.tolist(), model.cdf_length.tolist(),
            model.offset.tolist())


def padded(string: bytes, symbols: int) -> bytes:
    """Zeros behind a string: CompressAI's decoder does not look where it ends."""
    return string + bytes(16 * symbols + 64)
