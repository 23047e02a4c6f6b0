"""What the codecs' entropy coding shares: the Gaussians' table, and safe strings.

Means and scales that a decoder computes decide which table each symbol is coded
with, so encoder and decoder must compute the same. They are computed in double
precision and rounded to a coarse grid: the last bits of the arithmetic, which
threads and machines change, then do not count.
"""

import math

import torch
from compressai.entropy_models import EntropyModel, GaussianConditional
from torch import Tensor

from ..images import InputError

LEVELS = 64  # of the scale's logarithm, as in CompressAI
SMALLEST, LARGEST = 0.11, 256.0
STEP = math.log(LARGEST / SMALLEST) / (LEVELS - 1)
MEAN_STEPS = 64  # a predicted mean is rounded to 1/64
STEPS = 2**16  # of the coder's tables: probabilities are multiples of one in it
LONGEST_SYMBOL = 7  # bytes; 16 + 4 + 8 · 4 bits
END = 64  # bytes; more than the coder's state takes
BEYOND = 6  # values on either side that are worth less and still have a step
STRAYS, STRAY_SCALE = 2**-9, 8  # one latent in 512 comes from a wider Gaussian


class StrayGaussian(GaussianConditional):
    """CompressAI's Gaussian model, where one latent in 512 may go astray.

    A Gaussian of a small standard deviation thinks a latent a few steps away
    impossible: it charges for it without bound, and has no gradient left to learn
    from. So each is mixed with one eight times as wide, Tukey's contaminated
    normal distribution.
    """

    def __init__(self):
        table = [SMALLEST * math.exp(STEP * level) for level in range(LEVELS)]
        super().__init__(table, scale_bound=SMALLEST)

    def _standardized_cumulative(self, inputs: Tensor) -> Tensor:
        near, far = (
            super(StrayGaussian, self)._standardized_cumulative(part)
            for part in (inputs, inputs / STRAY_SCALE)
        )
        return (1 - STRAYS) * near + STRAYS * far

    def _standardized_quantile(self, quantile: float) -> Tensor:
        # CompressAI asks where its tables shall begin, in standard deviations: a
        # little beyond where a value is no longer worth a step of the table. Each
        # more takes a step from the others; what is beyond, the coder escapes.
        values = torch.arange(4 * LARGEST)[None]
        worth = self._likelihood(values, self.scale_table[:, None]) >= 1 / STEPS
        return -(worth.sum(1) - 1 + BEYOND) / self.scale_table

    def _pmf_to_cdf(
        self, pmf: Tensor, tail_mass: Tensor, pmf_length: Tensor, max_length: int
    ) -> Tensor:
        # CompressAI rounds, and gives a step to each value that has none by taking
        # one from the rarest that can spare it, which then costs a bit more. Here
        # each gets its step first, and the rest is divided in proportion.
        cdf = torch.zeros(len(pmf), max_length + 2, dtype=torch.int32)
        for row, one, tail, length in zip(cdf, pmf, tail_mass, pmf_length):
            chance = torch.cat([one[:length], tail]).double()
            steps = 1 + (chance / chance.sum() * (STEPS - len(chance))).long()
            steps[chance.argmax()] += STEPS - steps.sum()
            row[1 : len(chance) + 1] = steps.cumsum(0)
        return cdf


def level_scale(levels: Tensor) -> Tensor:
    """The standard deviation of a level, 0.11 to 256."""
    return SMALLEST * (STEP * levels).exp()


def scale_level(scales: Tensor) -> Tensor:
    """The level of a standard deviation, 0 to 63, not only whole."""
    return (scales.clamp(SMALLEST, LARGEST) / SMALLEST).log() / STEP


def tables(model: EntropyModel) -> tuple[list, list, list]:
    """A model's distributions as the range coder wants them."""
    lengths = model.cdf_length.tolist()
    rows = [row[:length] for row, length in zip(model.quantized_cdf.tolist(), lengths)]
    return rows, lengths, model.offset.tolist()


def padded(string: bytes, symbols: int) -> bytes:
    """A string with as many zeros behind it as a decoder may ask for: CompressAI's does
    not look where it ends.

    A symbol takes at most 16 bits; one that is escaped, 4 more that say how many
    nibbles follow, 8 at most of a 32-bit number. A hostile string may say more: of its
    own nibbles each can ask for fifteen others.

    Raises:
        InputError: it is longer than an encoder can write for so many symbols.
    """
    if len(string) > LONGEST_SYMBOL * symbols + END:
        raise InputError("the .sem file holds more than its picture can need")
    return string + bytes(16 * len(string) + LONGEST_SYMBOL * symbols + END)
